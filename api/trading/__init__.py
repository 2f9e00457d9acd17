"""Trading: accounts, orders, and what is held."""

from api.trading import accounts, kill_switch, orders, positions, results, risk

ROUTES = (
    *accounts.ROUTES,
    *orders.ROUTES,
    *positions.ROUTES,
    *results.ROUTES,
    *risk.ROUTES,
    *kill_switch.ROUTES,
)

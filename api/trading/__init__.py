"""Trading: accounts, orders, and what is held."""

from api.trading import accounts, orders, positions, results

ROUTES = (*accounts.ROUTES, *orders.ROUTES, *positions.ROUTES, *results.ROUTES)

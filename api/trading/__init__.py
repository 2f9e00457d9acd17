"""Trading: accounts, orders, and what is held."""

from api.trading import (
    accounts,
    corporate,
    groups,
    kill_switch,
    orders,
    positions,
    results,
    risk,
    seeds,
)

ROUTES = (
    *accounts.ROUTES,
    *groups.ROUTES,
    *orders.ROUTES,
    *positions.ROUTES,
    *results.ROUTES,
    *risk.ROUTES,
    *kill_switch.ROUTES,
    *corporate.ROUTES,
)

#: The paths of earlier systems, which are under another prefix.
SEED_ROUTES = seeds.ROUTES
SEED_PREFIX = seeds.PREFIX

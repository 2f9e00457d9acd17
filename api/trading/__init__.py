"""Trading: accounts, orders, and what is held."""

from api.trading import (
    accounts,
    boards,
    corporate,
    groups,
    kill_switch,
    lives,
    orders,
    positions,
    results,
    risk,
    seed_trades,
    seeds,
    trades,
)

ROUTES = (
    *accounts.ROUTES,
    *boards.ROUTES,
    *groups.ROUTES,
    *orders.ROUTES,
    *positions.ROUTES,
    *results.ROUTES,
    *trades.ROUTES,
    *lives.ROUTES,
    *risk.ROUTES,
    *kill_switch.ROUTES,
    *corporate.ROUTES,
)

#: The paths of earlier systems, which are under another prefix.
SEED_ROUTES = (*seeds.ROUTES, *seed_trades.ROUTES)
SEED_PREFIX = seeds.PREFIX

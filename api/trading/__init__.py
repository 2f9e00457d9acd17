"""Trading: accounts, orders, and what is held."""

from api.trading import accounts, orders, positions

ROUTES = (*accounts.ROUTES, *orders.ROUTES, *positions.ROUTES)

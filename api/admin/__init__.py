"""Doors for those with power over what belongs to others; each asks for its permission."""

from api.admin import approvals, audit, keys, profiles, roles, system, trades, users

#: By the contexts that they belong to.
IDENTITY = (*users.ROUTES, *profiles.ROUTES, *roles.ROUTES, *keys.ROUTES)
TRADING = trades.ROUTES
COMPLIANCE = (*approvals.ROUTES, *audit.ROUTES, *system.ROUTES)

"""Doors for those with power over what belongs to others; each asks for its permission."""

from api.admin import approvals

#: Of the contexts that they belong to.
COMPLIANCE = (*approvals.ROUTES,)

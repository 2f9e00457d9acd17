"""Scopes: what a program may do with an API key, which is never to manage people or keys."""

from __future__ import annotations

from litestar.types import Scope

from api.auth.origin import SAFE
from domain.errors import Forbidden

#: Where only a person may go, who can be asked again to prove it.
_PEOPLE_ONLY = frozenset({"admin", "approvals", "auth", "profile"})
_TRADING = frozenset({"alerts", "baskets", "dashboard", "gtt", "orders", "positions", "what-if"})


def demand_scope(scope: Scope, scopes: frozenset[str]) -> None:
    """Raise Forbidden unless the key is good for this route."""
    needed = _needed(str(scope.get("path_template", "")), str(scope.get("method", "GET")))
    if needed not in scopes:
        raise Forbidden("ACCESS_DENIED", "not with this API key", scope=needed or "none")


def _needed(template: str, method: str) -> str | None:
    """The scope that a route asks for; None where no key is enough."""
    context = template.removeprefix("/api/v1/").partition("/")[0]
    if template == "/api/v1/auth/me" and method in SAFE:
        return "read"
    if context in _PEOPLE_ONLY:
        return None
    if method in SAFE:
        return "read"
    return "trade" if context in _TRADING else "manage"

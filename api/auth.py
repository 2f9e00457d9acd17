"""Who is asking: every route wants a valid access token, except those that say ``PUBLIC``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from litestar.types import ASGIApp, Receive, Scope, Send

from adapters.tokens import Untrusted
from api.asgi import header
from domain.errors import DomainError, Forbidden

if TYPE_CHECKING:
    from api.house import House

#: For ``opt`` of a route that anybody may use.
PUBLIC: dict[str, Any] = {"public": True}


def only(permission: str) -> dict[str, Any]:
    """For ``opt`` of a route for those who have this permission."""
    return {"permission": permission}


class Unauthenticated(DomainError):
    """401: nobody is known to be asking."""

    status = 401


class SignedIn:
    """
    Lets in whom a Bearer token speaks for; for others it raises Unauthenticated.

    Nothing is asked of the database: the token was signed by us and names the user, and what
    each user may do is known by heart.  A route that names a ``permission`` in its ``opt`` is
    for those who have it; whoever is shut out finds every door closed.
    (Not a guard: for each guard Litestar copies the whole route.)
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if "public" not in scope["route_handler"].opt and scope.get("method") != "OPTIONS":
            house: House = scope["litestar_app"].state["house"]
            scheme, _, token = (header(scope, b"authorization") or "").partition(" ")
            if scheme.lower() != "bearer" or not token:
                what = "send the header Authorization: Bearer TOKEN"
                raise Unauthenticated("AUTH_REQUIRED", what)
            try:
                user = house.tokens.check(token.strip())
            except Untrusted:
                what = "the access token is not valid (any more)"
                raise Unauthenticated("AUTH_INVALID", what) from None
            scope["user"] = user
            standing = house.access.of(user.user_id)
            if standing.suspended:
                raise Forbidden("USER_SUSPENDED")
            needed = scope["route_handler"].opt.get("permission")
            if needed is not None and needed not in standing.permissions:
                raise Forbidden("ACCESS_DENIED", permission=needed)
            scope["state"]["standing"] = standing
        await self._app(scope, receive, send)

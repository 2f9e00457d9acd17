"""Who is asking: every route wants a valid access token, except those that say ``PUBLIC``."""

from __future__ import annotations

from typing import Any

from litestar.types import ASGIApp, Receive, Scope, Send

from adapters.tokens import Tokens, Untrusted
from api.asgi import header
from domain.errors import DomainError

#: For ``opt`` of a route that anybody may use.
PUBLIC: dict[str, Any] = {"public": True}


class Unauthenticated(DomainError):
    """401: nobody is known to be asking."""

    status = 401


class SignedIn:
    """
    Lets in whom a Bearer token speaks for; for others it raises Unauthenticated.

    Nothing is asked of the database: the token was signed by us and names the user.
    (Not a guard: for each guard Litestar copies the whole route.)
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if "public" not in scope["route_handler"].opt and scope.get("method") != "OPTIONS":
            tokens: Tokens = scope["litestar_app"].state["house"].tokens
            scheme, _, token = (header(scope, b"authorization") or "").partition(" ")
            if scheme.lower() != "bearer" or not token:
                what = "send the header Authorization: Bearer TOKEN"
                raise Unauthenticated("AUTH_REQUIRED", what)
            try:
                scope["user"] = tokens.check(token.strip())
            except Untrusted:
                what = "the access token is not valid (any more)"
                raise Unauthenticated("AUTH_INVALID", what) from None
        await self._app(scope, receive, send)

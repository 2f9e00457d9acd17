"""Who is asking: every route wants a valid access token, except those that say ``PUBLIC``."""

from __future__ import annotations

from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from adapters.tokens import Untrusted
from api.asgi import header
from domain.errors import DomainError

#: For ``opt`` of a route that anybody may use.
PUBLIC = {"public": True}


class Unauthenticated(DomainError):
    """401: nobody is known to be asking."""

    status = 401


def signed_in(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """
    Find out whom the Bearer token speaks for; raise Unauthenticated if nobody.

    Nothing is asked of the database: the token was signed by us and names the user.
    """
    if "public" in handler.opt or connection.scope.get("method") == "OPTIONS":
        return
    scheme, _, token = (header(connection.scope, b"authorization") or "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("AUTH_REQUIRED", "send the header Authorization: Bearer TOKEN")
    try:
        connection.scope["user"] = connection.app.state["house"].tokens.check(token.strip())
    except Untrusted:
        raise Unauthenticated("AUTH_INVALID", "the access token is not valid (any more)") from None

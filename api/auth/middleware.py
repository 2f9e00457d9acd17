"""
The one way in, for HTTP and for WebSockets, for browsers and for programs.

A browser brings a cookie, a program a Bearer token or an API key.  Nothing is asked of the
database: the token was signed by us and names the user, and who has signed out, is shut out or
may do what is known by heart.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from adapters.api_keys import PREFIX
from adapters.tokens import Identity, Untrusted
from api.asgi import header
from api.auth.cookies import ACCESS, cookie
from api.auth.line import Line
from api.auth.origin import SAFE, demand_own_origin, demand_token
from api.auth.scopes import demand_scope
from api.auth.words import Unauthenticated, unauthenticated
from domain.errors import DomainError, Forbidden
from domain.identity import Standing

if TYPE_CHECKING:
    from api.house import House

#: How long whoever listens on a WebSocket may go on after they are no longer welcome.
RECHECK_S = 1.0
#: How long a proof of who one is counts for what is dangerous.
PROOF_LIFE_S = 300
_CLOSED_FOR = {401: 4401, 403: 4403, 429: 4429}


class SignedIn:
    """
    Lets in who is known; for others it raises Unauthenticated.

    A route that names a ``permission`` in its ``opt`` is for those who have it, one that is
    ``fresh`` for those who proved a moment ago who they are, which a program with a key never
    did; whoever is shut out finds every door closed.  (Not a guard: for each guard Litestar
    copies the whole route.)
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        house: House = scope["litestar_app"].state["house"]
        if scope["type"] == ScopeType.WEBSOCKET:
            await self._listen(house, scope, receive, send)
            return
        if scope.get("method") != "OPTIONS":
            await _let_in(house, scope)
        await self._app(scope, receive, send)

    async def _listen(self, house: House, scope: Scope, receive: Receive, send: Send) -> None:
        """
        As long as the listener is welcome, and listens; closed with 4401, 4403 or 4429 and the
        reason, or, who does not listen, without a word.
        """
        line = Line(receive, send)
        try:
            await _let_in(house, scope)
        except DomainError as refusal:
            await _close(line.send, refusal)
            return
        listening = asyncio.ensure_future(self._app(scope, line.receive, line.send))
        with suppress(TimeoutError):
            await _until_unwelcome(house, scope, line, listening)


async def _until_unwelcome(
    house: House, scope: Scope, line: Line, listening: asyncio.Future[None]
) -> None:
    try:
        while not listening.done():
            await asyncio.wait({listening}, timeout=RECHECK_S)
            if not listening.done() and (user := scope.get("user")) is not None:
                try:
                    _demand_welcome(house, scope, user)
                except DomainError as refusal:
                    await _close(line.send, refusal)
                    return
        await listening
    finally:
        listening.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await listening


async def _let_in(house: House, scope: Scope) -> None:
    gate = house.gate
    if "public" in scope["route_handler"].opt:
        if scope.get("method", "GET") not in SAFE and header(scope, b"authorization") is None:
            demand_own_origin(scope, gate.origins)
        if gate.limits.on:
            await gate.limits.count(scope, gate.address_of(scope), None)
        return
    try:
        user = await _who(house, scope)
    except (Unauthenticated, Untrusted) as error:
        if gate.limits.on:
            await gate.limits.count_unknown(scope, gate.address_of(scope))
        raise error if isinstance(error, Unauthenticated) else unauthenticated() from None
    scope["user"] = user
    if gate.limits.on:
        await gate.limits.count(scope, gate.address_of(scope), user.user_id)
    _demand_welcome(house, scope, user)


async def _who(house: House, scope: Scope) -> Identity:
    given = header(scope, b"authorization")
    if given is not None:
        scheme, _, token = given.partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated("AUTH_REQUIRED", "send the header Authorization: Bearer TOKEN")
        if token.startswith(PREFIX):
            return await _program(house, scope, token)
        return house.tokens.check(token)
    token = cookie(scope, ACCESS) or ""
    if not token:
        raise Unauthenticated("AUTH_REQUIRED", "send the header Authorization: Bearer TOKEN")
    user = house.tokens.check(token)
    _demand_meant(house, scope, user)
    return user


async def _program(house: House, scope: Scope, key: str) -> Identity:
    gate = house.gate
    try:
        return await gate.api_keys.check(key, gate.address_of(scope))
    except (Untrusted, Forbidden):
        raise unauthenticated("the API key is not valid (any more), or not from here") from None


def _demand_meant(house: House, scope: Scope, user: Identity) -> None:
    """A cookie alone proves nothing of who had the browser send it."""
    if scope["type"] == ScopeType.WEBSOCKET:
        if header(scope, b"origin") is None:
            raise Forbidden("CSRF_REJECTED", "a browser says its Origin")
        demand_own_origin(scope, house.gate.origins)
    elif scope.get("method") not in SAFE:
        demand_own_origin(scope, house.gate.origins)
        demand_token(scope, house.gate.csrf_key, user.session_id)


def _demand_welcome(house: House, scope: Scope, user: Identity) -> None:
    """Raise unless this user may (still) be where they are."""
    if house.gate.ended.has(user):
        raise unauthenticated("the session has ended")
    if scope["type"] == ScopeType.WEBSOCKET and user.expires <= house.clock().timestamp():
        raise unauthenticated()
    standing = house.access.of(user.user_id)
    if standing.suspended:
        raise Forbidden("USER_SUSPENDED")
    if user.scopes is not None:
        demand_scope(scope, user.scopes)
        standing = Standing(user.user_id)  # power over others is not lent to programs
    opt = scope["route_handler"].opt
    needed = opt.get("permission")
    if needed is not None and needed not in standing.permissions:
        raise Forbidden("ACCESS_DENIED", permission=needed)
    if "fresh" in opt and house.clock().timestamp() - user.auth_time > PROOF_LIFE_S:
        raise Forbidden("REAUTH_REQUIRED", "POST /auth/step-up")
    scope["state"]["standing"] = standing


async def _close(send: Send, refusal: DomainError) -> None:
    closed: Any = {
        "type": "websocket.close",
        "code": _CLOSED_FOR.get(refusal.status, 1013),
        "reason": refusal.code,
    }
    await send(closed)

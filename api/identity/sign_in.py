"""Signing in, and staying so."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from litestar import Response, get, post
from litestar.params import JSONBody
from msgspec import Meta, Struct
from msgspec.structs import replace

from adapters.sessions import Caught, Renewed, session_of
from adapters.tokens import Untrusted
from api import wire
from api.auth import PUBLIC
from api.auth.cookies import (
    ACCESS,
    DEVICE,
    DEVICE_LIFE_S,
    REFRESH,
    cookie,
    new_device,
    set_cookie,
    wants_cookies,
)
from api.auth.origin import csrf_token, demand_token
from api.auth.words import unauthenticated
from api.problems import documented
from api.wiring import Request
from commands.base import Caller
from commands.identity import AttendSession, LogIn, RevokeTokenFamily
from commands.identity.sessions import SessionsCommand
from domain.base import Events, Role
from domain.errors import Forbidden
from domain.identity import SessionsRevoked


class RefreshToken(Struct, frozen=True, forbid_unknown_fields=True):
    refresh_token: Annotated[str, Meta(min_length=1, max_length=128)]

    def __repr__(self) -> str:
        return "RefreshToken()"


class SignedIn(Struct, frozen=True, omit_defaults=True):
    """
    ``expires_in`` seconds the access token is good; the refresh token is good for one use.

    Whoever asked for cookies (``X-Session-Mode: cookie``) has both in these, and sends
    ``csrf_token`` as ``X-CSRF-Token`` with whatever may change something.
    """

    expires_in: int
    session_id: UUID
    access_token: str | None = None
    refresh_token: str | None = None
    csrf_token: str | None = None
    token_type: str | None = None

    def __repr__(self) -> str:
        return "SignedIn()"


@post(
    "/auth/refresh",
    opt=PUBLIC,
    status_code=200,
    responses=documented(401, 403, 413, 415, 422, 503),
)
async def refresh(request: Request, data: JSONBody[RefreshToken | None] = None) -> SignedIn:
    """Exchange a refresh token for new tokens; used twice, it ends the session."""
    gate, by_cookie = request.house.gate, data is None
    token = cookie(request.scope, REFRESH) if data is None else data.refresh_token
    if not token:
        raise wire.invalid("/refresh_token", "required, here or as a cookie", "body")
    if by_cookie:
        demand_token(request.scope, gate.csrf_key, session_of(token))
    whence = gate.whence(request.scope)
    try:
        renewed = await request.house.sessions.renew(token, whence)
        attend = AttendSession(
            at=request.now, user_id=renewed.user_id, session_id=renewed.session_id
        )
        await _by_the_doors(request, attend)
    except Caught as caught:
        revoke = RevokeTokenFamily(
            at=request.now,
            user_id=caught.user_id,
            session_id=caught.session_id,
            reason=caught.reason,
            ip_hash=whence.ip_hash,
            device_hash=whence.device,
        )
        await _by_the_doors(request, revoke)
        raise unauthenticated("the refresh token is not valid (any more)") from None
    except (Untrusted, Forbidden):
        raise unauthenticated("the refresh token is not valid (any more)") from None
    _demand_admitted(request, renewed.user_id)
    return _with_tokens(request, renewed, by_cookie=by_cookie)


@get("/.well-known/jwks.json", opt=PUBLIC, include_in_schema=False)
async def show_keys(request: Request) -> Response[bytes]:
    """The public keys (RFC 7517) with which anybody may check our access tokens."""
    keep = {"Cache-Control": "public, max-age=300"}
    jwks = request.house.tokens.jwks()
    return Response(jwks, media_type="application/jwk-set+json", headers=keep)


async def signed_in(
    request: Request, user_id: UUID, *methods: str, replaces: UUID | None = None
) -> SignedIn:
    """
    Begin a session for a person who has proved, by these methods, who they are.

    It takes the place of the session ``replaces``: another id, another CSRF token, and a new
    ``auth_time``.
    """
    _demand_admitted(request, user_id)
    house, by_cookie = request.house, wants_cookies(request.scope)
    whence = house.gate.whence(request.scope)
    if by_cookie and whence.device is None:
        device = new_device()
        request.give_cookie(set_cookie(DEVICE, device, DEVICE_LIFE_S))
        whence = replace(whence, device=house.gate.digest("device", device))
    session_id, methods = request.new_id, methods or ("PASSWORD",)
    command = LogIn(
        at=request.now,
        user_id=user_id,
        session_id=session_id,
        methods=methods,
        ip_hash=whence.ip_hash,
        device_hash=whence.device,
        replaces=replaces,
    )
    for fact in await _by_the_doors(request, command):
        if isinstance(fact, SessionsRevoked):
            await house.sessions.end(user_id, fact.sessions)
    token = await house.sessions.begin(user_id, session_id, methods, whence, replaces)
    begun = Renewed(session_id, user_id, request.now, token)
    return _with_tokens(request, begun, by_cookie=by_cookie)


def _demand_admitted(request: Request, user_id: UUID) -> None:
    if request.house.access.of(user_id).suspended:
        raise Forbidden("USER_SUSPENDED")


async def _by_the_doors(request: Request, command: SessionsCommand) -> Events:
    caller = Caller(
        actor="system:doors",
        roles=Role.SYSTEM,
        correlation_id=request.scope["state"]["request_id"],
        on_behalf_of=f"user:{command.user_id}",
    )
    return (await request.house.dispatch(command, caller)).facts


def _with_tokens(request: Request, session: Renewed, *, by_cookie: bool) -> SignedIn:
    tokens = request.house.tokens
    access = tokens.issue(
        session.user_id, session_id=session.session_id, auth_time=session.auth_time
    )
    if not by_cookie:
        return SignedIn(
            tokens.expires_in,
            session.session_id,
            access_token=access,
            refresh_token=session.successor,
            token_type="bearer",  # noqa: S106 - the name of a kind
        )
    idle_s = request.house.settings.refresh_token_expire_days * 24 * 3600
    request.give_cookie(set_cookie(ACCESS, access, tokens.expires_in))
    request.give_cookie(set_cookie(REFRESH, session.successor, idle_s))
    csrf = csrf_token(request.house.gate.csrf_key, session.session_id)
    return SignedIn(tokens.expires_in, session.session_id, csrf_token=csrf)


ROUTES = (refresh,)

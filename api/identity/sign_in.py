"""Signing in, and staying so."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from litestar import Response, get, post
from litestar.params import JSONBody
from msgspec import Meta, Struct

from adapters.tokens import Untrusted
from api.auth import PUBLIC, Unauthenticated
from api.identity.sign_up import SignUp, register
from api.problems import documented
from api.wiring import Request
from domain.errors import Forbidden


class SignIn(SignUp, frozen=True, forbid_unknown_fields=True):
    """The same, from somebody who has signed up."""


class RefreshToken(Struct, frozen=True, forbid_unknown_fields=True):
    refresh_token: Annotated[str, Meta(min_length=1, max_length=128)]

    def __repr__(self) -> str:
        return "RefreshToken()"


class SignedIn(Struct, frozen=True):
    """``expires_in`` seconds the access token is good; the refresh token is good for one use."""

    access_token: str
    refresh_token: str
    expires_in: int
    token_type: str = "bearer"  # noqa: S105 - the name of a kind


class Me(Struct, frozen=True):
    user_id: UUID
    email: str | None
    roles: list[str]


@post(
    "/auth/login", opt=PUBLIC, status_code=200, responses=documented(401, 403, 413, 415, 422, 503)
)
async def log_in(request: Request, data: JSONBody[SignIn]) -> SignedIn:
    """Prove who you are, and get a token to say so with every request."""
    house = request.house
    try:
        person = await house.credentials.recognise(data.email, data.password.encode())
    except Untrusted:
        raise Unauthenticated("AUTH_INVALID", "unknown e-mail address or wrong password") from None
    if not person.on_tape:  # the service stopped between the two steps of signing up
        await register(request, person.user_id)
    return await signed_in(request, person.user_id)


@post("/auth/refresh", opt=PUBLIC, status_code=200, responses=documented(401, 413, 415, 422, 503))
async def refresh(request: Request, data: JSONBody[RefreshToken]) -> SignedIn:
    """Exchange a refresh token for new tokens; used twice, it ends the session."""
    try:
        user_id, successor = await request.house.sessions.renew(data.refresh_token)
    except Untrusted:
        raise Unauthenticated("AUTH_INVALID", "the refresh token is not valid (any more)") from None
    return _with_tokens(request, user_id, successor)


@get("/auth/me", responses=documented(503))
async def show_me(request: Request) -> Me:
    """Who I am to this service."""
    user = request.user
    email = await request.house.credentials.email_of(user.user_id)
    return Me(user.user_id, email, [str(role.name) for role in user.roles])


@get("/.well-known/jwks.json", opt=PUBLIC, include_in_schema=False)
async def show_keys(request: Request) -> Response[bytes]:
    """The public keys (RFC 7517) with which anybody may check our access tokens."""
    keep = {"Cache-Control": "public, max-age=300"}
    jwks = request.house.tokens.jwks()
    return Response(jwks, media_type="application/jwk-set+json", headers=keep)


async def signed_in(request: Request, user_id: UUID) -> SignedIn:
    """Begin a session for a person who has proved, in whatever way, who they are."""
    if request.house.access.of(user_id).suspended:
        raise Forbidden("USER_SUSPENDED")
    return _with_tokens(request, user_id, await request.house.sessions.begin(user_id))


def _with_tokens(request: Request, user_id: UUID, refresh_token: str) -> SignedIn:
    tokens = request.house.tokens
    return SignedIn(tokens.issue(user_id), refresh_token, tokens.expires_in)


ROUTES = (log_in, refresh, show_me)

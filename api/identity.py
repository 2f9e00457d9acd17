"""Identity: signing up, signing in, and staying so."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from litestar import Response, get, post
from litestar.params import JSONBody
from msgspec import Meta, Struct

from adapters.tokens import Untrusted
from api import wire
from api.auth import PUBLIC, Unauthenticated
from api.problems import documented
from api.wiring import Request
from commands.base import Caller
from commands.identity import RegisterUser
from domain.base import Role

PASSWORD_BYTES = range(8, 1025)

Email = Annotated[
    str,
    Meta(
        min_length=3,
        max_length=254,
        pattern=r"^[^@\s\x00-\x1f\x7f]{1,64}@[^@\s\x00-\x1f\x7f]{1,253}$(?!\n)",
        description="an e-mail address; capital and small letters are the same",
    ),
]
Password = Annotated[
    str, Meta(min_length=1, max_length=1024, description="8 to 1024 bytes, taken exactly as sent")
]


class SignUp(Struct, frozen=True, forbid_unknown_fields=True):
    email: Email
    password: Password

    def __repr__(self) -> str:
        return "SignUp()"  # it ends up in no log


class SignIn(SignUp, frozen=True, forbid_unknown_fields=True):
    """The same, from somebody who has signed up."""


class SignedUp(Struct, frozen=True):
    user_id: UUID


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


@post("/auth/signup", opt=PUBLIC, responses=documented(409, 413, 415, 422, 503))
async def sign_up(request: Request, data: JSONBody[SignUp]) -> SignedUp:
    """Become a user of this service."""
    password = data.password.encode()
    if len(password) not in PASSWORD_BYTES:
        raise wire.invalid("/password", "8 to 1024 bytes", "body")
    user_id = request.new_id
    await request.house.credentials.add(user_id, data.email, password)
    await _register(request, user_id)
    return SignedUp(user_id)


@post("/auth/login", opt=PUBLIC, status_code=200, responses=documented(401, 413, 415, 422, 503))
async def log_in(request: Request, data: JSONBody[SignIn]) -> SignedIn:
    """Prove who you are, and get a token to say so with every request."""
    house = request.house
    try:
        person = await house.credentials.recognise(data.email, data.password.encode())
    except Untrusted:
        raise Unauthenticated("AUTH_INVALID", "unknown e-mail address or wrong password") from None
    if not person.on_tape:  # the service stopped between the two steps of signing up
        await _register(request, person.user_id)
    return _signed_in(request, person.user_id, await house.sessions.begin(person.user_id))


@post("/auth/refresh", opt=PUBLIC, status_code=200, responses=documented(401, 413, 415, 422, 503))
async def refresh(request: Request, data: JSONBody[RefreshToken]) -> SignedIn:
    """Exchange a refresh token for new tokens; used twice, it ends the session."""
    try:
        user_id, successor = await request.house.sessions.renew(data.refresh_token)
    except Untrusted:
        raise Unauthenticated("AUTH_INVALID", "the refresh token is not valid (any more)") from None
    return _signed_in(request, user_id, successor)


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


async def _register(request: Request, user_id: UUID) -> None:
    caller = Caller(
        actor="system:identity",
        roles=Role.SYSTEM,
        correlation_id=request.scope["state"]["request_id"],
        on_behalf_of=f"user:{user_id}",
    )
    receipt = await request.house.dispatch(RegisterUser(at=request.now, user_id=user_id), caller)
    await request.house.credentials.note_on_tape(user_id)
    request.say("x-position", str(receipt.position))


def _signed_in(request: Request, user_id: UUID, refresh_token: str) -> SignedIn:
    tokens = request.house.tokens
    return SignedIn(tokens.issue(user_id), refresh_token, tokens.expires_in)


ROUTES = (sign_up, log_in, refresh, show_me)

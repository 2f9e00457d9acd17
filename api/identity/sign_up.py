"""Signing up: becoming a user of this service."""

from __future__ import annotations

from uuid import UUID

from litestar import post
from litestar.params import JSONBody
from msgspec import Struct

from api import wire
from api.auth import PUBLIC
from api.identity.words import PASSWORD_BYTES, Email, Password
from api.problems import documented
from api.wiring import Request
from commands.base import Caller
from commands.identity import RegisterUser
from domain.base import Role


class SignUp(Struct, frozen=True, forbid_unknown_fields=True):
    email: Email
    password: Password

    def __repr__(self) -> str:
        return "SignUp()"  # it ends up in no log


class SignedUp(Struct, frozen=True):
    user_id: UUID


@post("/auth/signup", opt=PUBLIC, responses=documented(409, 413, 415, 422, 503))
async def sign_up(request: Request, data: JSONBody[SignUp]) -> SignedUp:
    """Become a user of this service."""
    password = data.password.encode()
    if len(password) not in PASSWORD_BYTES:
        raise wire.invalid("/password", "8 to 1024 bytes", "body")
    user_id = request.new_id
    await request.house.credentials.add(user_id, data.email, password)
    await register(request, user_id)
    return SignedUp(user_id)


async def register(request: Request, user_id: UUID) -> None:
    """Make the person known to the tape."""
    caller = Caller(
        actor="system:identity",
        roles=Role.SYSTEM,
        correlation_id=request.scope["state"]["request_id"],
        on_behalf_of=f"user:{user_id}",
    )
    receipt = await request.house.dispatch(RegisterUser(at=request.now, user_id=user_id), caller)
    await request.house.credentials.note_on_tape(user_id)
    request.say("x-position", str(receipt.position))


ROUTES = (sign_up,)

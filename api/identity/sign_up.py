"""Signing up: becoming a user of this service."""

from __future__ import annotations

from uuid import UUID

from litestar import post
from litestar.params import JSONBody
from msgspec import Struct

from adapters.people.codes import Purpose
from api.auth import PUBLIC
from api.identity.afterwards import afterwards
from api.identity.words import Email, Password, Username, new_password
from api.problems import documented
from api.wiring import Request
from commands.base import Caller, Command, Receipt
from commands.identity import RegisterUser
from domain.base import Role
from domain.errors import Conflict


class SignUp(Struct, frozen=True, forbid_unknown_fields=True):
    email: Email
    password: Password
    username: Username | None = None

    def __repr__(self) -> str:
        return "SignUp()"  # it ends up in no log


class SignedUp(Struct, frozen=True):
    user_id: UUID


@post("/auth/signup", opt=PUBLIC, responses=documented(409, 413, 415, 422, 503))
async def sign_up(request: Request, data: JSONBody[SignUp]) -> SignedUp:
    """Become a user of this service."""
    password = new_password(data.password, "password", data.email, data.username or "")
    user_id, house = request.new_id, request.house
    if house.settings.require_verified_email:
        await _sign_up_quietly(request, user_id, data, password)
    else:
        await house.credentials.add(user_id, data.email, password, data.username)
        await register(request, user_id)
    return SignedUp(user_id)


async def _sign_up_quietly(request: Request, user_id: UUID, data: SignUp, password: bytes) -> None:
    """
    Where an address has to be proved anyway, nobody learns whether it is in use.

    Neither by the answer nor by its time, nor by what becomes of a user name that is in use.
    """
    house = request.house
    if data.username is not None and await house.credentials.find(data.username) is not None:
        raise Conflict("USER_USERNAME_TAKEN")
    try:
        await house.credentials.add(user_id, data.email, password, data.username)
    except Conflict as taken:
        if taken.code != "USER_EMAIL_TAKEN":
            raise
        await house.people.codes.begin(Purpose.VERIFY, request.new_id, None)
    else:
        afterwards(register(request, user_id))


async def register(request: Request, user_id: UUID) -> None:
    """Make the person known to the tape, and ask them whether the address is theirs."""
    challenge_id = request.new_id
    await request.house.people.codes.begin(Purpose.VERIFY, challenge_id, user_id)
    command = RegisterUser(at=request.now, user_id=user_id, challenge_id=challenge_id)
    await by_identity(request, command, user_id)
    await request.house.credentials.note_on_tape(user_id)


async def by_identity(request: Request, command: Command, user_id: UUID) -> Receipt:
    """Have the service itself ask this on behalf of a person."""
    caller = Caller(
        actor="system:identity",
        roles=Role.SYSTEM,
        correlation_id=request.scope["state"]["request_id"],
        on_behalf_of=f"user:{user_id}",
    )
    receipt = await request.house.dispatch(command, caller)
    request.say("x-position", str(receipt.position))
    return receipt


ROUTES = (sign_up,)

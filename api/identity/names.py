"""Names: signing in under another user name, or another address, once it is proved."""

from __future__ import annotations

from uuid import UUID

from litestar import post, put
from litestar.params import JSONBody
from msgspec import Struct

from adapters.people.codes import LETTERS_AN_HOUR_MAX, Purpose
from adapters.tokens import Untrusted
from api.auth import FRESH, SIGN_IN, Unauthenticated
from api.identity.asking import Asked
from api.identity.erasing import Ask
from api.identity.letters import Address, Proof
from api.identity.sign_up import by_identity
from api.identity.words import Username
from api.problems import documented
from api.wiring import Request
from commands.base import Command, Receipt
from commands.identity import NoteEmailChange, NoteUsernameChange, RequestEmailChange
from domain.errors import NotFound


class NewUsername(Struct, frozen=True, forbid_unknown_fields=True):
    username: Username

    def __repr__(self) -> str:
        return "NewUsername()"


class NameChanged(Struct, frozen=True):
    position: int


_ANSWERS = documented(404, 409, 413, 415, 422, 503)


@put("/profile/username", opt=FRESH, responses=_ANSWERS)
async def change_username(request: Request, data: JSONBody[NewUsername]) -> NameChanged:
    """Sign in under this name from now on, and under no other."""
    user_id = request.user.user_id
    await request.house.credentials.rename(user_id, data.username)
    note = NoteUsernameChange(at=request.now, user_id=user_id)
    return NameChanged((await by_identity(request, note, user_id)).position)


@post("/profile/email", opt=FRESH, status_code=202, responses=_ANSWERS)
async def ask_for_email_change(request: Request, data: JSONBody[Address]) -> Asked:
    """Have a letter sent to another address of mine, which counts once it is read there."""
    user_id = request.user.user_id

    async def ask(command: Command) -> Receipt:
        return await by_identity(request, command, user_id)

    return await ask_to_move(request, user_id, data.email, ask)


@post(
    "/auth/confirm-email",
    opt=SIGN_IN,
    status_code=200,
    responses=documented(401, 404, 409, 413, 415, 422, 503),
)
async def confirm_email(request: Request, data: JSONBody[Proof]) -> NameChanged:
    """Sign in, and be written to, at the address where this letter was read."""
    people = request.house.people
    try:
        met = await people.codes.meet_token(Purpose.EMAIL, data.token)
        key = await people.credentials.persons.key_of(met.person)
    except Untrusted:
        raise Unauthenticated("TOKEN_INVALID") from None
    if key is None or met.about is None:
        raise Unauthenticated("TOKEN_INVALID")
    user_id = met.person
    await people.credentials.move(user_id, key.open("new email", met.about).decode())
    note = NoteEmailChange(at=request.now, user_id=user_id)
    return NameChanged((await by_identity(request, note, user_id)).position)


async def ask_to_move(
    request: Request, user_id: UUID, email: str, ask: Ask, reason: str = ""
) -> Asked:
    """Have a letter sent to this address, asked for by whoever may."""
    people, gate, per_s = request.house.people, request.house.gate, LETTERS_AN_HOUR_MAX / 3600
    to = gate.digest("name", email.casefold())
    await gate.take(f"letter-{Purpose.EMAIL}", to, per_s=per_s, burst=LETTERS_AN_HOUR_MAX)
    key = await people.credentials.persons.key_of(user_id)
    if key is None:
        raise NotFound("USER_UNKNOWN")
    challenge_id = request.new_id
    about = key.seal("new email", email.encode())
    if await people.codes.begin(Purpose.EMAIL, challenge_id, user_id, about):
        await ask(
            RequestEmailChange(
                at=request.now, user_id=user_id, challenge_id=challenge_id, reason=reason
            )
        )
    life = people.codes.life(Purpose.EMAIL)
    return Asked(challenge_id, int(life.total_seconds()))


ROUTES = (change_username, ask_for_email_change, confirm_email)

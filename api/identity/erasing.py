"""
Erasing: forgetting who a person was, by their own wish or by that of the house.

First nobody is let in any more (what follows from that follows by itself), then the tape says
so, then the key goes, and with it whatever was sealed under it.  What was traded stays, under
an id that names nobody.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import UUID

from litestar import delete
from litestar.params import JSONBody
from msgspec import Struct

from adapters.credentials import same_name
from api import wire
from api.auth import FRESH
from api.auth.cookies import without_cookies
from api.identity.sign_up import by_identity
from api.identity.words import Email
from api.problems import documented
from api.wiring import Request
from commands.base import Command, Receipt
from commands.identity import EraseUser, SuspendUser
from domain.errors import NotFound

OWN_WISH = "erased by their own wish"

Ask = Callable[[Command], Awaitable[Receipt]]


class Farewell(Struct, frozen=True, forbid_unknown_fields=True):
    """``email`` is one's own address, so that nobody is erased by a slip of the finger."""

    email: Email

    def __repr__(self) -> str:
        return "Farewell()"


class Forgotten(Struct, frozen=True):
    user_id: UUID
    position: int


@delete("/profile", opt=FRESH, status_code=200, responses=documented(404, 409, 413, 415, 422, 503))
async def erase_me(request: Request, data: JSONBody[Farewell]) -> Forgotten:
    """Be forgotten, for good: nobody signs in as me any more, and nothing tells who I was."""
    user_id = request.user.user_id
    email = await request.house.credentials.email_of(user_id)
    if email is None:
        raise NotFound("USER_UNKNOWN")
    if not same_name(email, data.email):
        raise wire.invalid("/email", "your own address", "body")

    async def ask(command: Command) -> Receipt:
        return await by_identity(request, command, user_id)

    receipt = await forget(request, user_id, OWN_WISH, ask)
    for header in without_cookies():
        request.give_cookie(header)
    return Forgotten(user_id, receipt.position)


async def forget(request: Request, user_id: UUID, reason: str, ask: Ask) -> Receipt:
    """
    Have it asked by whoever may; asked again, it finishes what was begun.

    The key goes at once, and if we stop before that, with the outbox.
    """
    await ask(SuspendUser(at=request.now, user_id=user_id, reason=reason))
    receipt = await ask(EraseUser(at=request.now, user_id=user_id))
    await request.house.credentials.persons.erase(user_id)
    return receipt


ROUTES = (erase_me,)

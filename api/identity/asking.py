"""
Asking for a letter: the answer is the same, and as fast, whether we know the address or not.

What is done for a known address is done after the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from msgspec import Struct

from adapters.people.codes import LETTERS_AN_HOUR_MAX, Purpose
from api.identity.afterwards import afterwards
from api.identity.sign_up import by_identity, register
from api.wiring import Request
from commands.identity.people import PersonCommand


class Asked(Struct, frozen=True):
    """If we know the address, a letter is on its way; it is good for ``expires_in`` seconds."""

    transaction_id: UUID
    expires_in: int


async def ask_for(
    request: Request, purpose: Purpose, email: str, command: Callable[..., PersonCommand]
) -> Asked:
    """Five an hour for one address, known or not (429); ``command`` takes a challenge."""
    gate, per_s = request.house.gate, LETTERS_AN_HOUR_MAX / 3600
    key = gate.digest("name", email.casefold())
    await gate.take(f"letter-{purpose}", key, per_s=per_s, burst=LETTERS_AN_HOUR_MAX)
    transaction_id = request.new_id
    afterwards(ask(request, purpose, email, transaction_id, command))
    life = request.house.people.codes.life(purpose)
    return Asked(transaction_id, int(life.total_seconds()))


async def ask(
    request: Request,
    purpose: Purpose,
    email: str,
    challenge_id: UUID,
    command: Callable[..., PersonCommand],
) -> None:
    """Have the letter sent, if we know the address; nothing tells whether we do."""
    person = await request.house.credentials.look_up(email)
    user_id = person.user_id if person else None
    if person is not None and not person.on_tape:
        await register(request, person.user_id)
    begun = await request.house.people.codes.begin(purpose, challenge_id, user_id)
    if begun and user_id is not None:
        asked = command(at=request.now, user_id=user_id, challenge_id=challenge_id)
        await by_identity(request, asked, user_id)

"""
Asking for a letter: the answer is the same, and as fast, whether we know the address or not.

What is done for a known address is done after the answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any
from uuid import UUID

import structlog
from msgspec import Struct

from adapters.people.codes import LETTERS_AN_HOUR_MAX, Purpose
from api.identity.sign_up import by_identity
from api.wiring import Request
from commands.identity.people import PersonCommand
from domain.errors import DomainError, Unavailable

AT_ONCE_MAX = 256

_log = structlog.get_logger("api")
_under_way: set[asyncio.Task[None]] = set()


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
    _later(_ask(request, purpose, email, transaction_id, command))
    life = request.house.people.codes.life(purpose)
    return Asked(transaction_id, int(life.total_seconds()))


async def _ask(
    request: Request,
    purpose: Purpose,
    email: str,
    challenge_id: UUID,
    command: Callable[..., PersonCommand],
) -> None:
    user_id = await request.house.credentials.find(email)
    begun = await request.house.people.codes.begin(purpose, challenge_id, user_id)
    if begun and user_id is not None:
        asked = command(at=request.now, user_id=user_id, challenge_id=challenge_id)
        await by_identity(request, asked, user_id)


def _later(work: Coroutine[Any, Any, None]) -> None:
    if len(_under_way) >= AT_ONCE_MAX:
        work.close()
        raise Unavailable("SIGN_IN_BUSY", "too many people ask for letters", retry_after=2)
    task = asyncio.create_task(_quietly(work))
    _under_way.add(task)
    task.add_done_callback(_under_way.discard)


async def _quietly(work: Coroutine[Any, Any, None]) -> None:
    """Nobody waits for it, so that nobody would hear what went wrong."""
    try:
        await work
    except DomainError as error:
        _log.info("no letter", code=error.code)
    except Exception:
        _log.exception("no letter")

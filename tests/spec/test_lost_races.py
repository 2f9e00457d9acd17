"""A command that loses every race is not decided for ever."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest

from adapters.ids import Ids
from adapters.tape.memory import MemoryTape
from commands.base import Caller, Entry, Stale
from commands.dispatch import ATTEMPTS_MAX, Dispatch
from commands.trading import DepositVirtual
from domain.base import Meta, Role
from domain.errors import Unavailable
from tests.spec.trading import FIRST, ME, MINE, NOW, opened


async def test_whoever_loses_every_race_is_told_to_come_again() -> None:
    tries: list[int] = []

    async def lose(entries: Sequence[Entry]) -> None:
        tries.append(len(entries))
        raise Stale(frozenset({0}))

    tape = MemoryTape(lambda: NOW)
    meta = Meta(actor="test", command_id=FIRST, correlation_id=FIRST, occurred_at=NOW)
    tape.write([Entry(f"account-{MINE}", 0, opened(), meta)])
    tape.before_append = lose
    dispatch = Dispatch(tape, Ids())
    trader = Caller(actor=f"user:{ME}", roles=Role.TRADER, correlation_id=FIRST)
    with pytest.raises(Unavailable, match="CONFLICT_RETRY_EXHAUSTED"):
        await dispatch(DepositVirtual(at=NOW, account_id=MINE, amount=Decimal(1)), trader)
    assert len(tries) == ATTEMPTS_MAX + 1
    await dispatch.close()

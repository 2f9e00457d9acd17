"""What happens when somebody else wrote first, in a process of their own."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest

from adapters.ids import Ids
from adapters.tape.memory import MemoryTape
from commands.base import Caller, Claim, Entry, Stale
from commands.dispatch import ATTEMPTS_MAX, Dispatch
from commands.trading import DepositVirtual, WithdrawVirtual
from domain.base import Meta, Role
from domain.errors import Illegal, Unavailable
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


@pytest.mark.parametrize("keyed", [False, True])
async def test_nobody_is_refused_because_of_what_another_process_has_changed(keyed: bool) -> None:
    tape = MemoryTape(lambda: NOW)
    meta = Meta(actor="test", command_id=FIRST, correlation_id=FIRST, occurred_at=NOW)
    history = opened("10")
    tape.write([Entry(f"account-{MINE}", 0, history, meta)])
    here, elsewhere = Dispatch(tape, Ids()), Dispatch(tape, Ids())
    trader = Caller(actor=f"user:{ME}", roles=Role.TRADER, correlation_id=FIRST)
    claim = Claim(b"key", b"fingerprint") if keyed else None
    more = WithdrawVirtual(at=NOW, account_id=MINE, amount=Decimal(11))
    with pytest.raises(Illegal, match="FUNDS_INSUFFICIENT"):
        await here(more, trader)
    await elsewhere(DepositVirtual(at=NOW, account_id=MINE, amount=Decimal(1)), trader)
    receipt = await here(more, trader, claim)
    assert len(receipt.facts) == 1
    for dispatch in (here, elsewhere):
        await dispatch.close()

"""
Whatever fails, and whenever: what dispatch acknowledged is true, once, and nothing else is.

The tape of this test does what the real one may do at its worst: it takes its time, finds that
another process was faster, is away, or keeps a batch for longer than callers wait.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from commands.base import Claim, Receipt
from commands.trading import DepositVirtual, WithdrawVirtual
from domain.base import fold
from domain.errors import DomainError, Unavailable
from domain.trading import Account, FundsDeposited, FundsWithdrawn
from tests.property.slow_tape import ACCOUNTS, PATIENCE_S, TRADER, SlowTape, new_dispatch, settle
from tests.spec.trading import NOW

asks = st.tuples(
    st.just("ask"),
    st.sampled_from(ACCOUNTS),
    st.sampled_from([DepositVirtual, WithdrawVirtual]),
    st.integers(1, 9),
    st.none() | st.integers(1, 3),
)
fates = st.tuples(st.just("fate"), st.sampled_from(["ok", "ok", "rival", "away", "late"]))


@given(script=st.lists(asks | fates, max_size=25), batch_max=st.integers(1, 4))
def test_what_was_acknowledged_is_true_once_and_nothing_else_is(
    script: list[tuple[Any, ...]], batch_max: int
) -> None:
    asyncio.run(play(script, batch_max))


async def play(script: list[tuple[Any, ...]], batch_max: int) -> None:
    tape = SlowTape()
    dispatch = new_dispatch(
        tape, states_max=1, queue_max=16, batch_max=batch_max, patience_s=PATIENCE_S
    )
    asked: list[tuple[Any, asyncio.Task[Receipt]]] = []
    for number, step in enumerate(script):
        match step:
            case ("ask", account_id, kind, amount, key):
                claim = Claim(bytes([key or 0]) * 32, b"%s-%d" % (kind.__name__.encode(), amount))
                reason = f"ask {number}"
                command = kind(at=NOW, account_id=account_id, amount=Decimal(amount), reason=reason)
                ask = dispatch(command, TRADER, claim if key else None)
                asked.append((command, asyncio.create_task(ask)))
            case ("fate", "late"):
                await asyncio.sleep(2 * PATIENCE_S)
            case ("fate", fate):
                tape.let(fate)
        await settle()
    while not all(task.done() for _, task in asked) or tape.held is not None:
        tape.let("ok")
        await settle()
    await dispatch.close()
    check(tape, asked)


def check(tape: SlowTape, asked: list[tuple[Any, asyncio.Task[Receipt]]]) -> None:
    facts = tape.facts(0, 10_000)
    stored = Counter(
        event.reason
        for event in (fact.event for fact in facts)
        if isinstance(event, FundsDeposited | FundsWithdrawn)
    )
    assert max(stored[command.reason] for command, _ in asked) <= 1 if asked else True
    for command, task in asked:
        error = task.exception()
        if error is None:
            receipt = task.result()
            (event,) = receipt.facts
            assert facts[receipt.position - 1].event == event
            assert receipt.replayed or event.reason == command.reason  # type: ignore[attr-defined]
        elif isinstance(error, Unavailable) and error.code == "OUTCOME_UNKNOWN":
            pass  # it may be true or not, and the same key tells which
        else:
            assert isinstance(error, DomainError)
            assert stored[command.reason] == 0
    for account_id in ACCOUNTS:
        stream = f"account-{account_id}"
        account = fold(Account(), tape.of(stream))
        cash = sum(
            line.amount
            for event in tape.of(stream)
            for line in event.postings  # type: ignore[attr-defined]
            if line.ledger == "cash"
        )
        assert account.balance.cash == cash >= 0
        versions = [fact.version for fact in facts if fact.stream == stream]
        assert versions == list(range(1, len(versions) + 1))

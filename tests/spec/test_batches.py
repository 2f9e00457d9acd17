"""How commands are put together into batches, who waits for whom, and who is answered when."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Sequence

import pytest

from commands.ask import Ask
from commands.base import Claim, Entry, Receipt
from commands.trading import CancelOrder
from domain.base import fold
from domain.errors import Illegal, Invalid, Unavailable
from domain.trading import Account
from tests.property.slow_tape import (
    ACCOUNTS,
    META,
    TRADER,
    SlowTape,
    deposit,
    finish,
    finish_one,
    new_dispatch,
    place_one,
    settle,
    withdraw,
)
from tests.spec.trading import FIRST, NOW, opened


async def test_a_refusal_that_rests_on_uncommitted_facts_waits_for_them() -> None:
    tape = SlowTape()
    dispatch = new_dispatch(tape)
    first = asyncio.create_task(dispatch(withdraw(10), TRADER))
    await settle()
    second = asyncio.create_task(dispatch(withdraw(1), TRADER))
    await settle()
    assert not second.done(), "telling it now would reveal that the first will succeed"
    tape.let("ok")
    await settle()
    assert isinstance(first.result(), Receipt)
    assert isinstance(second.exception(), Illegal)
    await dispatch.close()


async def test_a_refusal_is_decided_again_when_what_it_rested_on_was_not_stored() -> None:
    tape = SlowTape()
    dispatch = new_dispatch(tape, patience_s=60)
    first = asyncio.create_task(dispatch(withdraw(10), TRADER))
    await settle()
    cancel = CancelOrder(at=NOW, account_id=ACCOUNTS[0], order_id=FIRST)
    second = asyncio.create_task(dispatch(cancel, TRADER))
    await settle()
    rival = place_one().decide(fold(Account(), opened("10")))
    tape.write([Entry(f"account-{ACCOUNTS[0]}", 1, rival, META)])
    await finish(tape, first, second)
    assert isinstance(first.exception(), Illegal), "the rival reserved what it asked for"
    assert isinstance(second.result(), Receipt), "the order is there by now, so it is cancelled"
    await dispatch.close()


async def test_batches_form_while_one_is_committed() -> None:
    tape = SlowTape()
    dispatch = new_dispatch(tape)
    tasks = [asyncio.create_task(dispatch(withdraw(1), TRADER))]
    await settle()
    assert len(tape.batch) == 1
    tasks += [asyncio.create_task(dispatch(withdraw(1), TRADER)) for _ in range(5)]
    await settle()
    tape.let("ok")
    await settle()
    assert len(tape.batch) == 5
    tape.let("ok")
    await asyncio.gather(*tasks)
    await dispatch.close()


async def test_a_full_batch_takes_off_before_the_callers_of_the_last_are_answered() -> None:
    tape = SlowTape()
    dispatch = new_dispatch(tape)
    tasks = [asyncio.create_task(dispatch(deposit(1), TRADER)) for _ in range(100)]
    took_off: list[tuple[int, int]] = []

    async def noted(entries: Sequence[Entry]) -> None:
        took_off.append((len(entries), sum(task.done() for task in tasks)))
        await hold(entries)

    hold, tape.before_append = tape.before_append, noted
    await finish(tape, *tasks)
    (first, _), (second, answered) = took_off[:2]
    assert answered == 0 < first
    assert second == 50, "half of those who wait: the other half is for the batch after"
    await dispatch.close()


async def test_a_full_queue_says_so_but_lets_a_cancel_in() -> None:
    tape = SlowTape()
    dispatch = new_dispatch(tape, queue_max=2)
    tasks = [asyncio.create_task(dispatch(withdraw(1), TRADER)) for _ in range(3)]
    await settle()
    refusal = tasks[2].exception()
    assert isinstance(refusal, Unavailable)
    assert (refusal.code, refusal.retry_after) == ("QUEUE_FULL", 1)
    cancel = CancelOrder(at=NOW, account_id=ACCOUNTS[1], order_id=FIRST)
    urgent = asyncio.create_task(dispatch(cancel, TRADER))
    await settle()
    assert urgent.exception() is not None
    assert urgent.exception() is not refusal
    await finish(tape, *tasks)
    await dispatch.close()


async def test_urgent_commands_are_decided_before_those_that_stood_in_line() -> None:
    tape = SlowTape()
    dispatch = new_dispatch(tape, batch_max=1)
    await finish(tape, asyncio.create_task(dispatch(place_one(), TRADER)))
    flying, joined = (asyncio.create_task(dispatch(withdraw(1), TRADER)) for _ in range(2))
    await settle()
    in_line = asyncio.create_task(dispatch(withdraw(1), TRADER))
    cancel = CancelOrder(at=NOW, account_id=ACCOUNTS[0], order_id=FIRST)
    urgent = asyncio.create_task(dispatch(cancel, TRADER))
    await finish(tape, flying, joined, in_line, urgent)
    assert urgent.result().position < in_line.result().position
    await dispatch.close()


async def test_the_same_key_gives_the_first_answer_for_ever() -> None:
    tape = SlowTape()
    dispatch = new_dispatch(tape)
    claim = Claim(b"k" * 32, b"f" * 32)
    twins = [asyncio.create_task(dispatch(withdraw(4), TRADER, claim)) for _ in range(3)]
    await settle()
    tape.let("ok")
    receipts = await asyncio.gather(*twins)
    assert [receipt.replayed for receipt in receipts] == [False, True, True]
    later = asyncio.create_task(dispatch(withdraw(4), TRADER, claim))
    await finish(tape, later)
    assert later.result().replayed
    assert later.result().position == receipts[0].position
    other = dispatch(withdraw(5), TRADER, Claim(b"k" * 32, b"g" * 32))
    with pytest.raises(Invalid, match="IDEMPOTENCY_KEY_REUSED"):
        await finish_one(tape, asyncio.create_task(other))
    await dispatch.close()


async def test_a_caller_who_leaves_does_not_undo_what_was_decided() -> None:
    tape = SlowTape()
    dispatch = new_dispatch(tape)
    task = asyncio.create_task(dispatch(withdraw(4), TRADER))
    await settle()
    task.cancel()
    await settle()
    tape.let("ok")
    await settle()
    assert fold(Account(), tape.of(f"account-{ACCOUNTS[0]}")).balance.cash == 6
    await dispatch.close()


async def test_while_the_tape_is_away_nobody_waits() -> None:
    tape = SlowTape()
    tape.available = False
    with pytest.raises(Unavailable, match="TAPE_UNAVAILABLE"):
        await new_dispatch(tape)(withdraw(1), TRADER)


async def test_what_was_answered_is_not_kept_alive_by_a_circle() -> None:
    tape = SlowTape()
    dispatch = new_dispatch(tape)
    first, second = (deposit(1, account_id) for account_id in ACCOUNTS)
    gc.collect()
    gc.disable()
    try:
        for command in (first, second):
            await finish(tape, asyncio.create_task(dispatch(command, TRADER)))
        asks = [one for one in gc.get_objects() if isinstance(one, Ask)]
        assert not [ask for ask in asks if ask.command is first]
    finally:
        gc.enable()
    await dispatch.close()

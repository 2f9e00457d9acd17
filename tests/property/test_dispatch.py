"""
Whatever fails, and whenever: what dispatch acknowledged is true, once, and nothing else is.

The tape of this test does what the real one may do at its worst: it takes its time, finds that
another process was faster, is away, or keeps a batch for longer than callers wait.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.tape.memory import MemoryTape
from commands.base import Caller, Claim, Entry, Receipt
from commands.dispatch import Dispatch
from commands.trading import CancelOrder, DepositVirtual, PlaceOrder, WithdrawVirtual
from domain.base import Event, Meta, Role, fold
from domain.errors import DomainError, Illegal, Invalid, Unavailable
from domain.trading import Account, FundsDeposited, FundsWithdrawn
from tests.spec.trading import FIRST, ME, NOW, opened, place, ticket

ACCOUNTS = (UUID(int=2), UUID(int=3))
TRADER = Caller(actor=f"user:{ME}", roles=Role.TRADER, correlation_id=UUID(int=9))
PATIENCE_S = 0.002
META = Meta(actor="user", command_id=UUID(int=1), correlation_id=UUID(int=1), occurred_at=NOW)


class SlowTape(MemoryTape):
    """Holds every batch until it is told what becomes of it."""

    def __init__(self) -> None:
        super().__init__(lambda: NOW)
        self.held: asyncio.Future[str] | None = None
        self.batch: Sequence[Entry] = ()
        self.before_append = self._hold
        for account_id in ACCOUNTS:
            self.write([Entry(f"account-{account_id}", 0, opened("10"), META)])

    async def _hold(self, entries: Sequence[Entry]) -> None:
        self.held, self.batch = asyncio.get_running_loop().create_future(), entries
        fate = await self.held
        self.held = None
        if fate == "away":
            raise Unavailable("TAPE_UNAVAILABLE")
        if fate == "rival":
            self._rival(entries[0].stream)

    def _rival(self, stream: str) -> None:
        """Another process takes all the money of the account it found first."""
        events = self.of(stream)
        account = fold(Account(), events)
        if account.available > 0:
            account_id = UUID(stream.removeprefix("account-"))
            taken = WithdrawVirtual(at=NOW, account_id=account_id, amount=account.available)
            self.write([Entry(stream, len(events), taken.decide(account), META)])

    def of(self, stream: str) -> list[Event]:
        return [fact.event for fact in self.stream(stream)]

    def let(self, fate: str) -> None:
        """Decide about the batch that is held, if one is."""
        if self.held is not None and not self.held.done():
            self.held.set_result(fate)


def new_dispatch(tape: SlowTape, **limits: Any) -> Dispatch:
    numbers = count(1000)
    return Dispatch(tape, lambda: UUID(int=next(numbers)), **limits)


def place_one() -> PlaceOrder:
    return place(ticket(quantity="1", price="1"))


async def finish(tape: SlowTape, *tasks: asyncio.Task[Receipt]) -> None:
    while not all(task.done() for task in tasks):
        tape.let("ok")
        await settle()


async def finish_one(tape: SlowTape, task: asyncio.Task[Receipt]) -> Receipt:
    await finish(tape, task)
    return task.result()


async def settle(turns: int = 20) -> None:
    for _ in range(turns):
        await asyncio.sleep(0)


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


def withdraw(amount: int, account_id: UUID = ACCOUNTS[0]) -> WithdrawVirtual:
    return WithdrawVirtual(at=NOW, account_id=account_id, amount=Decimal(amount))


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

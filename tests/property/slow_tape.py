"""A tape that takes its time, and does to a batch what it is told: what the real one may do."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import UUID

from adapters.tape.memory import MemoryTape
from commands.base import Caller, Entry, Receipt
from commands.dispatch import Dispatch
from commands.trading import DepositVirtual, PlaceOrder, WithdrawVirtual
from domain.base import Event, Meta, Role, fold
from domain.errors import Unavailable
from domain.trading import Account
from tests.spec.trading import ME, NOW, opened, place, ticket

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


def withdraw(amount: int, account_id: UUID = ACCOUNTS[0]) -> WithdrawVirtual:
    return WithdrawVirtual(at=NOW, account_id=account_id, amount=Decimal(amount))


def deposit(amount: int, account_id: UUID = ACCOUNTS[0]) -> DepositVirtual:
    return DepositVirtual(at=NOW, account_id=account_id, amount=Decimal(amount))

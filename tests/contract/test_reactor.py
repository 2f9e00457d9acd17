"""Whatever dies when: what follows from a fact becomes true once, and nothing is left out."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from adapters.ids import Ids
from adapters.postgres import connect, connect_async, migrate
from adapters.reactor import Reactor
from adapters.servers import Database
from adapters.tape import AsyncTape, Reader
from commands.base import Caller, Claim, Command, Receipt
from commands.dispatch import Dispatch
from commands.trading import DepositVirtual, OpenAccount
from domain.base import Meta, Role
from domain.errors import Unavailable
from domain.trading import AccountOpened, FundsDeposited

pytestmark = pytest.mark.anyio

ACCOUNTS = 5
NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


class Bonus(DepositVirtual, frozen=True, kw_only=True):
    """Twice is wrong: that is why it is the one to react with."""

    allowed = Role.SYSTEM


class Welcome:
    """Everybody who opens an account finds a coin in it, and a second one."""

    NAME = "welcome"
    TAKES = (AccountOpened,)

    def react(self, event: AccountOpened, meta: Meta) -> Iterable[Command]:
        for amount in (1, 2):
            yield Bonus(at=meta.occurred_at, account_id=event.account_id, amount=Decimal(amount))


class Killed(BaseException):
    """The process ends here."""


class Mortal:
    """Dispatch that dies at one step of its life: before asking, or before hearing the answer."""

    def __init__(self, dispatch: Dispatch, dies_at: int) -> None:
        self._dispatch = dispatch
        self._left = dies_at

    async def __call__(self, command: Command, by: Caller, claim: Claim) -> Receipt:
        self._live()
        receipt = await self._dispatch(command, by, claim)
        self._live()
        return receipt

    def _live(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise Killed


@pytest.fixture
def migrated(database: Database) -> Database:
    migrate(database.admin_dsn)
    return database


async def open_accounts(dsn: str) -> None:
    async with AsyncTape(dsn, lambda: NOW, "test") as tape:
        dispatch = Dispatch(tape, Ids())
        by = Caller(actor="user:1", roles=Role.TRADER, correlation_id=UUID(int=1))
        for number in range(ACCOUNTS):
            command = OpenAccount(
                at=NOW,
                account_id=UUID(int=100 + number),
                owner_id=UUID(int=1),
                kind="PAPER",
                currency="INR",
                opening_capital=Decimal(1000),
            )
            await dispatch(command, by)
        await dispatch.close()


async def live(dsn: str, dies_at: int = 1_000_000) -> int:
    """A process from its start to its end; how much of its life it did not need."""
    async with AsyncTape(dsn, lambda: NOW, "test") as tape:
        dispatch = Dispatch(tape, Ids())
        mortal = Mortal(dispatch, dies_at)
        reactor = Reactor(dsn, mortal, lambda: NOW, [Welcome()])
        async with await connect_async(dsn) as db:
            try:
                while await reactor.step(db):
                    pass
            except Killed:
                await asyncio.sleep(0.05)  # what was asked is answered to nobody
        await dispatch.close()
        return mortal._left


def coins(dsn: str) -> list[Decimal]:
    with connect(dsn) as db:
        facts = Reader(db).facts(0, 1000)
    return sorted(f.event.amount for f in facts if isinstance(f.event, FundsDeposited))


async def test_wherever_a_reactor_dies_every_consequence_becomes_true_exactly_once(
    migrated: Database,
) -> None:
    await open_accounts(migrated.dsn)
    for dies_at in range(0, ACCOUNTS * 4 + 1, 1):
        await live(migrated.dsn, dies_at)
        with connect(migrated.dsn) as db:  # the checkpoint is lost as well: the worst that can be
            db.execute("DELETE FROM ops.reaction")
        assert len(coins(migrated.dsn)) <= ACCOUNTS * 2
    await live(migrated.dsn)
    assert coins(migrated.dsn) == [Decimal(1)] * ACCOUNTS + [Decimal(2)] * ACCOUNTS


async def test_a_reactor_that_died_early_is_continued_by_the_next(migrated: Database) -> None:
    await open_accounts(migrated.dsn)
    await live(migrated.dsn, dies_at=3)
    await live(migrated.dsn)
    assert coins(migrated.dsn) == [Decimal(1)] * ACCOUNTS + [Decimal(2)] * ACCOUNTS
    with connect(migrated.dsn) as db:
        row = db.execute("SELECT position FROM ops.reaction").fetchone()
    assert row is not None
    assert row[0] >= ACCOUNTS, "everything that there was when it began has had its consequences"


async def test_without_an_answer_nothing_is_skipped(migrated: Database) -> None:
    await open_accounts(migrated.dsn)

    async def away(command: Command, by: Caller, claim: Claim) -> Receipt:
        raise Unavailable("TAPE_UNAVAILABLE")

    reactor = Reactor(migrated.dsn, away, lambda: NOW, [Welcome()])
    async with await connect_async(migrated.dsn) as db:
        with pytest.raises(Unavailable):
            await reactor.step(db)
    await live(migrated.dsn)
    assert len(coins(migrated.dsn)) == ACCOUNTS * 2


async def test_two_reactors_do_not_do_it_twice(migrated: Database) -> None:
    await open_accounts(migrated.dsn)
    await asyncio.gather(live(migrated.dsn), live(migrated.dsn))
    assert len(coins(migrated.dsn)) == ACCOUNTS * 2

"""The clock asks until it is done, and asking again does nothing twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace
from psycopg_pool import AsyncConnectionPool

from adapters.calendars import calendars
from adapters.feeds import Board
from adapters.ids import Ids
from adapters.postgres import as_app, connect, migrate
from adapters.projector import install
from adapters.reactor.agenda import Agenda, Exposed, Holder, Killed, Watched
from adapters.reactor.clock import Clock
from adapters.servers import Database
from adapters.tape import MemoryTape
from commands.base import Caller, Command
from commands.dispatch import Dispatch
from commands.trading import OpenAccount
from domain.base import Event, Role
from domain.trading import CorporateAction, OrderCanceled, OrderFilled, OrderPlaced, Product
from projections import READ_MODELS
from tests.spec.trading import ACME, ME, MINE, SECOND, fill, place, quote, ticket

pytestmark = pytest.mark.anyio

#: A Friday; the exchange closes at 10:00 UTC and squares off intraday positions before.
OPEN = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
SHARE = replace(ACME, exchange="NSE")
BY = Caller(actor=f"user:{ME}", roles=Role.TRADER | Role.VENUE, correlation_id=ME)


class Listed:
    """Candidates as a read model would give them."""

    def __init__(self, *killed: Killed) -> None:
        self._killed = list(killed)

    async def unsettled(self, symbols: list[str], before: datetime) -> list[UUID]:
        return []

    async def holders(self, *, everyone: bool) -> list[Holder]:
        return [Holder(MINE, "ACME", "MIS", False, True)]

    async def orders(self) -> dict[UUID, set[str]]:
        return {MINE: {"ACME"}}

    async def owners(self) -> dict[UUID, str]:
        return {MINE: f"user:{ME}"}

    async def killed(self) -> list[Killed]:
        return self._killed

    async def limited(self) -> set[str]:
        return set()

    async def watched(self) -> list[Watched]:
        return []

    async def actions(self, after: datetime, until: datetime) -> list[CorporateAction]:
        return []

    async def holders_of(self, symbol: str) -> list[UUID]:
        return []

    async def exposed(self, scopes: list[str]) -> list[Exposed]:
        return []


class House:
    def __init__(self, *killed: Killed) -> None:
        self.tape = MemoryTape()
        self.dispatch = Dispatch(self.tape, Ids())
        self.now = OPEN
        self.board = Board()
        self.clock = Clock(
            Listed(*killed),
            self.dispatch,
            lambda: self.now,
            board=self.board,
            instruments={"ACME": SHARE},
            calendars=calendars(),
        )

    async def begin(self) -> None:
        """An intraday position of ten, and a working order for three more."""
        order = replace(ticket(), product=Product.MIS)
        commands: tuple[Command, ...] = (
            OpenAccount(
                at=OPEN,
                account_id=MINE,
                owner_id=ME,
                kind="PAPER",
                currency="INR",
                opening_capital=Decimal(100_000),
            ),
            replace(place(order), instrument=SHARE, at=OPEN),
            fill("10", "100"),
            replace(place(replace(order, quantity=Decimal(3)), SECOND), instrument=SHARE, at=OPEN),
        )
        for command in commands:
            await self.dispatch(command, BY)

    def show(self, at: datetime) -> None:
        self.now = at
        self.board.publish(replace(quote(), at=at, received_at=at))

    def reasons(self) -> list[str]:
        """Why orders were taken back."""
        facts = [fact.event for fact in self.tape.facts(0, 1000)]
        return [event.reason for event in facts if isinstance(event, OrderCanceled)]

    def told(self, kind: type[Event]) -> int:
        return sum(isinstance(fact.event, kind) for fact in self.tape.facts(0, 1000))


async def test_intraday_positions_are_squared_off_at_the_cut_off_once() -> None:
    house = House()
    await house.begin()
    house.show(OPEN)
    await house.clock.tick()
    assert house.told(OrderPlaced) == 2, "nothing is due in the morning"
    house.show(OPEN.replace(hour=9, minute=50))
    for _ in range(3):
        await house.clock.tick()
    assert (house.told(OrderPlaced), house.told(OrderCanceled)) == (3, 1)
    house.now = OPEN.replace(hour=10, minute=1)
    for _ in range(3):
        await house.clock.tick()
    assert house.told(OrderFilled) == 2, "what was left is closed at the official close"
    await house.dispatch.close()


async def test_a_kill_switch_cancels_and_flattens_every_account_in_its_scope() -> None:
    house = House(Killed(f"user:{ME}", cancel_orders=True, flatten=True))
    await house.begin()
    house.now = OPEN
    await house.clock.tick()
    assert house.told(OrderCanceled) == 1
    assert house.told(OrderPlaced) == 2, "without a fresh quote flattening waits"
    house.show(OPEN + timedelta(seconds=1))
    for _ in range(3):
        await house.clock.tick()
    assert house.told(OrderPlaced) == 3
    await house.dispatch.close()


async def test_the_orders_of_somebody_who_is_shut_out_are_taken_back_for_that() -> None:
    shut_out = Killed(f"user:{ME}", cancel_orders=True, flatten=False, reason="USER_SUSPENDED")
    house = House(shut_out)
    await house.begin()
    house.now = OPEN
    for _ in range(2):
        await house.clock.tick()
    assert house.reasons() == ["USER_SUSPENDED"]
    assert house.told(OrderPlaced) == 2, "what is held stays"
    await house.dispatch.close()


async def test_a_kill_switch_of_somebody_else_leaves_the_account_alone() -> None:
    house = House(Killed(f"user:{UUID(int=9)}", cancel_orders=True, flatten=True))
    await house.begin()
    house.show(OPEN)
    await house.clock.tick()
    assert house.told(OrderCanceled) == 0
    await house.dispatch.close()


async def test_the_agenda_asks_the_read_models_as_they_are(database: Database) -> None:
    migrate(database.admin_dsn)
    with connect(database.dsn) as db:
        install(db, READ_MODELS)
    async with AsyncConnectionPool[Any](as_app(database.dsn), min_size=1, open=False) as pool:
        agenda = Agenda(pool)
        assert await agenda.holders(everyone=True) == []
        assert await agenda.unsettled(["ACME"], OPEN) == []
        assert await agenda.orders() == {}
        assert await agenda.owners() == {}
        assert await agenda.killed() == []
        assert await agenda.limited() == set()
        assert await agenda.watched() == []
        assert await agenda.actions(OPEN, OPEN) == []
        assert await agenda.holders_of("ACME") == []
        assert await agenda.exposed(["platform"]) == []

"""Only those are asked to settle who have something to be delivered, and holdings say what was."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace
from psycopg_pool import AsyncConnectionPool

from adapters.calendars import calendars
from adapters.postgres import as_app, connect
from adapters.reactor.agenda import Agenda
from adapters.reactor.settlement import LOOK_EVERY, Settlement
from adapters.servers import Database
from commands.base import Command
from commands.trading import ApplyFill, PlaceOrder, SettleTrades
from domain.market import Session
from domain.trading import Side
from projections import holdings, positions
from tests import servers
from tests.contract.history import record
from tests.contract.telling import told
from tests.contract.views import looking, project
from tests.spec.trading import ACME, ME, fill, place, ticket

pytestmark = pytest.mark.anyio

#: A Friday morning of the exchange, which opens at 03:45 UTC.
THURSDAY = datetime(2026, 11, 19, 8, 0, tzinfo=UTC)
FRIDAY = THURSDAY + timedelta(days=1)
SHARE = replace(ACME, exchange="NSE")
SETTLED, DUE, FRESH, SELLING = (UUID(int=number) for number in (11, 12, 13, 14))
NUMBER = iter(range(1000, 2000))


def _id() -> UUID:
    return UUID(int=next(NUMBER))


def dealt(
    account_id: UUID, at: datetime, quantity: str, side: Side = Side.BUY
) -> tuple[PlaceOrder, ApplyFill]:
    """An order and its fill."""
    order_id = _id()
    placed = replace(place(ticket(side, quantity), order_id), instrument=SHARE)
    filled = replace(fill(quantity, "100", order_id, _id()), executed_at=at)
    return (
        replace(placed, at=at, account_id=account_id),
        replace(filled, at=at, account_id=account_id),
    )


def settling(account_id: UUID, at: datetime = FRIDAY) -> SettleTrades:
    opens = at.replace(hour=3, minute=45)
    return SettleTrades(at=at, account_id=account_id, session_date=at.date(), opens_at=opens)


def histories() -> Iterator[tuple[UUID, tuple[Command, ...]]]:
    """One has settled, one has to, one bought only today, one has sold since what it bought."""
    yield SETTLED, (*dealt(SETTLED, THURSDAY, "10"), settling(SETTLED))
    yield DUE, dealt(DUE, THURSDAY, "10")
    yield FRESH, dealt(FRESH, FRIDAY, "10")
    yield (
        SELLING,
        (
            *dealt(SELLING, THURSDAY, "10"),
            settling(SELLING),
            *dealt(SELLING, FRIDAY, "4"),
            *dealt(SELLING, FRIDAY, "3", Side.SELL),
        ),
    )


@pytest.fixture(scope="module")
def traded(postgres_server: Database) -> Iterator[Database]:
    with servers.fresh_database(postgres_server) as database:
        with connect(database.dsn) as db:
            record(db, list(told(histories(), THURSDAY)))
            project(db, page=100)
        yield database


@asynccontextmanager
async def settlement(database: Database) -> AsyncIterator[Settlement]:
    days = calendars()

    def session(exchange: str, at: datetime) -> Session | None:
        calendar = days.of(exchange)
        return calendar.session(calendar.local_day(at))

    async with AsyncConnectionPool[Any](as_app(database.dsn), min_size=1, open=False) as pool:
        yield Settlement(Agenda(pool), {"ACME": SHARE}, session)


async def test_only_who_has_something_to_be_delivered_is_asked_and_once(traded: Database) -> None:
    async with settlement(traded) as due:
        assert await due.due(FRIDAY.replace(hour=3, minute=44)) == [], "before the session"
        assert await due.due(FRIDAY) == [replace(settling(DUE), at=FRIDAY)]
        assert await due.due(FRIDAY + LOOK_EVERY) == [], "nobody is asked twice"
        (monday,) = (FRIDAY + timedelta(days=days) for days in (3,))
        asked = {getattr(one, "account_id", None) for one in await due.due(monday)}
        assert asked == {DUE, FRESH, SELLING}


async def test_a_holding_is_what_was_delivered_and_what_is_on_its_way(traded: Database) -> None:
    async with looking(traded) as db:
        shown = {}
        for account_id in (SETTLED, DUE, FRESH, SELLING):
            (held,) = await holdings.of_account(db, ME, account_id, {"ACME": Decimal(110)})
            (position,) = await positions.of_account(db, ME, account_id, {})
            assert position.settled_qty == held.settled_qty
            assert held.average_price == "100"
            shown[account_id] = held.quantity, held.settled_qty, held.unsettled_qty
        assert shown == {
            SETTLED: ("10", "10", "0"),
            DUE: ("10", "0", "10"),
            FRESH: ("10", "0", "10"),
            SELLING: ("11", "7", "4"),
        }

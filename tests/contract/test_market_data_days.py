"""Days of market data: closed once, by a hash that anybody can compute from what is kept."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest
from psycopg import Connection

from adapters.candles import Closing
from adapters.candles.closing import days_over, digest
from adapters.ids import Ids
from adapters.postgres import connect, migrate
from adapters.servers import Database
from adapters.tape import MemoryTape
from commands.dispatch import Dispatch
from domain.base import fold
from domain.market import MarketData, MarketDataDayClosed
from tests.contract.test_candle_shelf import FILES, OPEN, put, traded

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
TODAY = OPEN.date()
#: Two minutes of it, as ``MarketDataDayClosed`` says they are written.
LINES = (
    f"ACME,{int(OPEN.timestamp())},100.5,100.5,100.5,100.5,10,1\n"
    f"ACME,{int((OPEN + MINUTE).timestamp())},101,101,101,101,20,2\n"
)


@pytest.fixture
def shelf(database: Database) -> Iterator[Connection[Any]]:
    migrate(database.admin_dsn, FILES)
    with connect(database.dsn) as db:
        put(db, traded((OPEN, "100.50"), (OPEN + MINUTE, "101"), (OPEN + MINUTE, "101.0")))
        yield db


async def test_a_day_is_closed_once_the_next_has_gone_on_for_a_while(
    shelf: Connection[Any], database: Database
) -> None:
    tape = MemoryTape()
    dispatch = Dispatch(tape, Ids())

    async def closed() -> list[Any]:
        closing = Closing(database.dsn, "test", dispatch, lambda: OPEN, lambda: UUID(int=1))
        await closing.look()
        await closing.look()
        return [fact.event for fact in tape.stream("market-data-test")]

    assert await closed() == [], "it is still going on"
    put(shelf, traded((OPEN + DAY, "102")))
    rows, found = LINES.count("\n"), sha256(LINES.encode()).hexdigest()
    told = [MarketDataDayClosed("test", TODAY, rows, found)]
    assert await closed() == told
    put(shelf, traded((OPEN + 2 * DAY, "103")))
    events = await closed()
    assert events[:1] == told
    assert fold(MarketData(), events).closed == {TODAY, TODAY + DAY}
    await dispatch.close()


def test_a_candle_that_was_changed_is_another_day(
    shelf: Connection[Any], database: Database
) -> None:
    assert days_over(shelf, "test") == []
    before = digest(shelf, "test", TODAY)
    assert digest(shelf, "other", TODAY).rows == 0
    put(shelf, traded((OPEN, "100.50"), (OPEN + MINUTE, "101"), (OPEN + MINUTE, "101.05")))
    after = digest(shelf, "test", TODAY)
    assert (before.rows, before.sha256 != after.sha256) == (after.rows, True)

"""Candles at the door: what is asked for, what is not known, and what one has already."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from psycopg_pool import AsyncConnectionPool

from adapters.calendars import calendars
from adapters.candles import Builder
from adapters.candles.shelf import keep
from adapters.postgres import as_app, connect, migrate
from adapters.servers import Database
from domain.market import Quote
from domain.market.candle import trading_day
from projections import query
from tests.contract.doors.rig import Doors, doors
from tests.contract.test_candle_shelf import FILES

pytestmark = pytest.mark.anyio
OPEN = datetime(2026, 11, 23, tzinfo=UTC)
CANDLES = "/api/v1/market/candles?symbol=ACME"


def put(database: Database, minutes: int) -> None:
    days = partial(trading_day, calendars().of("SIM"))
    builder = Builder(lambda _: days)
    for nth in range(minutes):
        at = OPEN + timedelta(minutes=nth)
        price = Decimal(100 + nth)
        builder.on_quote(Quote("ACME", "t", nth, at, at, last=price, last_size=Decimal(1)))
    with connect(database.dsn) as db:
        keep(db, builder.changed(), OPEN + timedelta(minutes=minutes), "test")


@pytest.fixture
async def market(database: Database, keys: Path) -> AsyncIterator[Doors]:
    migrate(database.admin_dsn, FILES)
    put(database, 10)
    pool = AsyncConnectionPool[Any](
        as_app(database.dsn), configure=query.prepare, min_size=1, max_size=2, open=False
    )
    async with pool, doors(keys, views=pool) as opened:
        yield opened


async def test_candles_are_asked_by_symbol_timeframe_and_time(market: Doors) -> None:
    answer = await market.http.get(f"{CANDLES}&timeframe=5m&from=2026-11-23T00:05:00Z&limit=10")
    assert answer.status_code == 200
    assert answer.json() == {
        "symbol": "ACME",
        "timeframe": "5m",
        "adjusted": False,
        "items": [
            {
                "time": "2026-11-23T00:05:00Z", "day": "2026-11-23", "open": "105", "high": "109",
                "low": "105", "close": "109", "volume": "5", "vwap": "107", "trades": 5,
                "complete": True,
            }
        ],
    }  # fmt: skip
    ohlc = await market.http.get("/api/v1/market/ohlc?symbol=ACME&timeframe=1minute&limit=2")
    assert [one["close"] for one in ohlc.json()["items"]] == ["108", "109"]


async def test_who_has_the_candles_already_is_told_so(market: Doors, database: Database) -> None:
    first = await market.http.get(CANDLES)
    tag = first.headers["ETag"]
    again = await market.http.get(CANDLES, headers={"If-None-Match": f'"other", W/{tag}'})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    put(database, 11)
    newer = await market.http.get(CANDLES, headers={"If-None-Match": tag})
    assert (newer.status_code, len(newer.json()["items"])) == (200, 11)


@pytest.mark.parametrize(
    ("asked", "status", "pointer"),
    [
        ("&timeframe=7m", 422, "/timeframe"),
        ("&limit=0", 422, "/limit"),
        ("&limit=5001", 422, "/limit"),
        ("&from=2026-11-23T00:05:00", 422, "/from"),
        ("&to=yesterday", 422, "/to"),
    ],
)
async def test_what_makes_no_sense_is_named(
    market: Doors, asked: str, status: int, pointer: str
) -> None:
    answer = await market.http.get(CANDLES + asked)
    assert (answer.status_code, answer.json()["code"]) == (status, "VALIDATION")
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]


async def test_an_unknown_symbol_is_404(market: Doors) -> None:
    answer = await market.http.get("/api/v1/market/candles?symbol=ACNE")
    assert (answer.status_code, answer.json()["code"]) == (404, "INSTRUMENT_UNKNOWN")

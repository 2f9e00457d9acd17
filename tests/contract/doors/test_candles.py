"""Candles and indicators at the door: what is asked for, not known, or had already."""

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


STUDIED = "/api/v1/market/indicators?symbol=ACME"


DRAWN = {
    "indicator=SMA&period=4": {"sma": "107.5"},
    "indicator=EMA&period=4": {"ema": "107.5"},
    "indicator=RSI&period=4": {"rsi": "100"},
    "indicator=ATR&period=4": {"atr": "0.95550537"},  # 1 - (3/4)^6 / 4: the first range is 0
    "indicator=VWAP&timeframe=5m": {"vwap": "104.5"},
    "indicator=BOLLINGER&period=2&deviations=1.5":
        {"middle": "108.5", "upper": "109.25", "lower": "107.75"},
    "indicator=MACD&fast=1&slow=3&signal=2": {"macd": "1", "signal": "1", "histogram": "0"},
    "indicator=SMA&period=4&to=2026-11-23T00:08:00Z": {"sma": "105.5"},
}  # fmt: skip


async def test_indicators_are_drawn_over_candles(market: Doors) -> None:
    for asked, last in DRAWN.items():
        told = (await market.http.get(f"{STUDIED}&limit=3&{asked}")).json()
        assert (told["lines"], told["items"][-1]["values"]) == (list(last), last), asked
        assert len(told["items"]) <= 3
    answer = await market.http.get(f"{STUDIED}&indicator=SMA&period=9")
    assert [one["values"] for one in answer.json()["items"]] == [{"sma": "104"}, {"sma": "105"}]


NO_STUDY = {
    "indicator=SMA&period=0": "/period",
    "indicator=SMA&period=201": "/period",
    "indicator=MACD&fast=30": "/fast",
    "indicator=BOLLINGER&deviations=nan": "/deviations",
    "indicator=BOLLINGER&deviations=11": "/deviations",
    "indicator=VWAP&timeframe=1D": "/timeframe",
    "indicator=VWAP&timeframe=1s": "/timeframe",
    "indicator=SMA&limit=1001": "/limit",
    "indicator=CRYSTAL_BALL": "/indicator",
    "": "/indicator",
}


async def test_a_study_that_makes_no_sense_is_named(house: Doors) -> None:
    for asked, pointer in NO_STUDY.items():
        answer = await house.http.get(f"{STUDIED}&{asked}")
        assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION"), asked
        assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]

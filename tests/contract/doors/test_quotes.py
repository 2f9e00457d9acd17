"""Quotes at the door: the book with its depth, the day, what traded last, and pairs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from adapters.feeds.sheets import Session
from domain.market import InstrumentType, Level, Quote
from tests.contract.doors.rig import SHARE, Doors, doors

pytestmark = pytest.mark.anyio
DAY = timedelta(days=1)


async def get(house: Doors, path: str) -> Any:
    answer = await house.http.get(f"/api/v1/market/{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def show(house: Doors, *quotes: Quote) -> None:
    for quote in quotes:
        house.house.board.publish(quote)
        house.house.sheets.on_quote(quote)


def traded(seq: int, last: str, **more: Any) -> Quote:
    at = datetime.now(UTC)
    return Quote("ACME", "t", seq, at, at, last=Decimal(last), last_size=Decimal(2), **more)


def session(symbol: str, at: datetime) -> Session:
    first, high, low, last = (Decimal(each) for each in (90, 120, 80, 96))
    return Session(symbol, at.date(), first, high, low, last, Decimal(7), at)


async def test_a_ticker_is_the_quote_of_one_symbol(house: Doors) -> None:
    ticker = await get(house, "ticker/ACME")
    (quote,) = (await get(house, "quotes?symbols=ACME"))["items"]
    assert {**ticker, "age_ms": 0} == {**quote, "age_ms": 0}
    assert (ticker["quality"], ticker["bid"], ticker["mark"]) == ("FRESH", "100", "100.5")
    touch = [{"price": "100", "size": "9"}], [{"price": "101", "size": "9"}]
    assert (ticker["bids"], ticker["asks"]) == touch, "all that this source shows"
    assert [ticker[name] for name in ("open", "high", "volume", "open_interest")] == [None] * 4
    unknown = await house.http.get("/api/v1/market/ticker/ACNE")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "INSTRUMENT_UNKNOWN")


async def test_a_quote_tells_its_day_and_five_levels_of_its_depth(house: Doors) -> None:
    bids = tuple(Level(Decimal(99 - n), Decimal(n + 1)) for n in range(7))
    show(house, traded(2, "100"), traded(3, "98"), traded(4, "101.5", bids=bids))
    ticker = await get(house, "ticker/ACME")
    shown = [ticker[name] for name in ("open", "high", "low", "last", "volume", "previous_close")]
    assert shown == ["100", "101.5", "98", "101.5", "6", None]
    assert ticker["bids"] == [{"price": str(99 - n), "size": str(n + 1)} for n in range(5)]
    assert ticker["asks"] == []


async def test_a_change_is_from_the_close_of_the_session_before(house: Doors) -> None:
    now = datetime.now(UTC)
    house.house.sheets.resume({"ACME": [session("ACME", now - DAY)]})
    show(house, traded(2, "100"))
    ticker = await get(house, "ticker/ACME")
    shown = [ticker[name] for name in ("previous_close", "change", "change_pct")]
    assert shown == ["96", "4", "4.17"]


async def test_what_a_source_says_of_its_own_day_goes_before_what_we_have_seen(
    house: Doors,
) -> None:
    show(house, traded(2, "100", volume=Decimal(5000), open_interest=Decimal(0)))
    ticker = await get(house, "ticker/ACME")
    assert (ticker["volume"], ticker["open_interest"]) == ("5000", "0")


async def test_what_nobody_quotes_is_known_by_the_sessions_that_were_kept(keys: Path) -> None:
    other = replace(SHARE, symbol="OTHER")
    async with doors(keys, instruments={"OTHER": other}) as house:
        kept = session("OTHER", datetime(2026, 1, 5, 12, tzinfo=UTC))
        house.house.sheets.resume({"OTHER": [kept]})
        ticker = await get(house, "ticker/OTHER")
        assert (ticker["quality"], ticker["previous_close"]) == ("NO_QUOTE", "96")
        assert (ticker["age_ms"], ticker["open"]) == (None, None)


async def test_trades_are_told_newest_first(house: Doors) -> None:
    assert (await get(house, "trades/ACME"))["items"] == []
    show(house, traded(2, "100"), traded(3, "101.5", counts="VOLUME"))
    newest, oldest = (await get(house, "trades/ACME"))["items"]
    assert (newest["price"], newest["size"], newest["counts"]) == ("101.5", "2", "VOLUME")
    assert (oldest["seq"], oldest["source"], oldest["counts"]) == (2, "t", None)
    assert (await get(house, "trades/ACME?limit=1"))["items"] == [newest]
    refused = await house.http.get("/api/v1/market/trades/ACME?limit=0")
    assert refused.status_code == 422
    assert [fault["pointer"] for fault in refused.json()["errors"]] == ["/limit"]


async def test_pairs_are_what_is_traded_at_spot(house: Doors, keys: Path) -> None:
    assert (await get(house, "pairs"))["items"] == []
    coins = [replace(SHARE, symbol=name, type=InstrumentType.SPOT) for name in ("BTCINR", "A-INR")]
    async with doors(keys, instruments={one.symbol: one for one in coins}) as other:
        pairs = (await get(other, "pairs"))["items"]
    shown = [(pair["symbol"], pair["base"], pair["quote"]) for pair in pairs]
    assert shown == [("A-INR", "A", "INR"), ("BTCINR", "BTC", "INR")]

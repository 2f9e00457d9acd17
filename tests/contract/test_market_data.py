"""A day of real trades, as it was published: nothing lost, nothing added."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec import Struct

from adapters.feeds import ReplayFeed
from adapters.feeds.lean import LeanDay, lean_day
from adapters.feeds.port import Flaws
from domain.market import Quality, Quote, quality

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("PAPERTAPE_MARKET_DATA", ROOT.parent / "shared" / "data" / "market"))
DATE = "20131008"


@pytest.fixture(autouse=True)
def data() -> Path:
    if not DATA.is_dir():
        left_out = f"LEFT OUT: no real market data at {DATA} (set PAPERTAPE_MARKET_DATA)"
        if os.environ.get("CI", "").lower() in ("1", "true"):
            pytest.fail(left_out)
        pytest.skip(left_out)
    return DATA


def day(kind: str, symbol: str, what: str) -> LeanDay:
    found = lean_day(DATA / kind / symbol / f"{DATE}_{what}.zip")
    assert found is not None
    return found


def test_the_spy_day_holds_every_trade_of_the_file() -> None:
    flaws = Flaws()
    many, volume, previous = 0, Decimal(0), None
    first = last = None
    for quote in day("tick", "spy", "trade").slices(flaws):
        first = first or quote
        assert previous is None or previous <= quote.at
        previous, last = quote.at, quote
        volume += quote.last_size or 0
        many += 1
    assert not flaws.counts
    assert (many, volume) == (451_545, Decimal(178_346_557))
    assert first is not None
    assert last is not None
    assert (first.at, first.last, first.last_size, first.seq) == (
        datetime(2013, 10, 8, 8, 0, 17, 34_000, UTC), Decimal("167.42"), Decimal(210), 1,
    )  # fmt: skip
    assert (last.at, last.last, last.last_size, last.seq) == (
        datetime(2013, 10, 8, 23, 59, 58, 962_000, UTC), Decimal("165.95"), Decimal(100), 451_545,
    )  # fmt: skip


class Bar(Struct):
    high: Decimal
    low: Decimal
    volume: Decimal


def minutes(quotes: Iterable[Quote]) -> dict[datetime, Bar]:
    bars: dict[datetime, Bar] = {}
    for quote in quotes:
        assert quote.last is not None
        assert quote.last_size is not None
        minute = quote.at.replace(second=0, microsecond=0)
        bar = bars.setdefault(minute, Bar(quote.last, quote.last, Decimal(0)))
        bar.high, bar.low = max(bar.high, quote.last), min(bar.low, quote.last)
        bar.volume += quote.last_size
    return bars


@pytest.mark.parametrize("symbol", ["ibm", "bac"])
def test_the_ticks_of_a_day_make_its_minutes(symbol: str) -> None:
    """
    The minutes leave out what the ticks still hold: the opening and closing crosses (their
    volume), and prices of odd sale conditions (so that the minute's range may be narrower).
    """
    ticks = minutes(day("tick", symbol, "trade").slices(Flaws()))
    told = minutes(day("minute", symbol, "trade").slices(Flaws()))
    assert ticks.keys() == told.keys()
    assert all(ticks[at].low <= told[at].low <= told[at].high <= ticks[at].high for at in told)
    other_volume = [at for at in told if told[at].volume * 10 != ticks[at].volume]
    assert len(other_volume) <= 4


def test_the_ibm_day_shows_every_trade_with_a_book_that_could_be_traded_on() -> None:
    feed = ReplayFeed(DATA / "tick" / "ibm")
    trades, sound, crossed = 0, 0, 0
    for quote in feed.slices(datetime(2026, 11, 23, tzinfo=UTC)):
        if quote.at.date() != datetime(2013, 10, 8, tzinfo=UTC).date():
            continue
        verdict = quality(quote, quote.at)
        crossed += verdict is Quality.CROSSED_QUOTE
        if quote.last_size is not None:
            trades += 1
            sound += verdict is Quality.FRESH and quote.bid is not None
    assert trades == 33_381
    assert sound / trades > 0.99
    assert crossed < 1000
    assert feed.flaws.counts == {"suspicious": 1}

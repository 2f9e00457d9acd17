"""A feed says the same whenever it is asked, and nothing that a market could not say."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import json

from adapters.feeds import bars, play
from adapters.feeds.port import BURST_MAX, Flaw, Flaws
from adapters.feeds.sim import BEAT, CHAPTER, EPOCH, LISTINGS, SimFeed
from domain.market import Instrument, Quality, Quote, listing_faults, quality

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
BY_SYMBOL = {listing.instrument.symbol: listing.instrument for listing in LISTINGS}
moments = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the bounds must be naive
seeds = st.integers(0, 2**63 - 1)
#: What a slice of the simulation has always told; what it tells besides may grow.
PINNED = (
    "symbol", "source", "seq", "at", "received_at", "bid", "bid_size", "ask", "ask_size", "last",
    "last_size",
)  # fmt: skip


def watched(seed: int, since: datetime, many: int) -> list[Quote]:
    return list(islice(SimFeed(seed).slices(since), many))


@settings(max_examples=20)
@given(seed=seeds, since=moments)
def test_the_same_seed_is_the_same_market_byte_for_byte(seed: int, since: datetime) -> None:
    assert json.encode(watched(seed, since, 50)) == json.encode(watched(seed, since, 50))


def test_the_market_of_a_seed_never_changes_between_releases() -> None:
    market = [{name: getattr(one, name) for name in PINNED} for one in watched(1, NOW, 10_000)]
    slices = json.encode(market)
    assert hashlib.sha256(slices).hexdigest() == (
        "f9e50b8f77a21de620449ae9a40170cb549f332bceb77d69453133a69a315918"
    )


@settings(max_examples=20)
@given(since=moments, late=st.integers(0, 2000))
def test_whoever_comes_later_sees_the_same_market(since: datetime, late: int) -> None:
    early = watched(1, since, late + 20)
    assert watched(1, early[late].at, 20) == early[late:]


def test_other_seeds_are_other_markets() -> None:
    assert [q.bid for q in watched(1, NOW, 50)] != [q.bid for q in watched(2, NOW, 50)]


@settings(max_examples=30)
@given(seed=seeds, since=moments)
def test_no_slice_is_crossed_or_off_the_grid(seed: int, since: datetime) -> None:
    for quote in watched(seed, since, 300):
        instrument = BY_SYMBOL[quote.symbol]
        assert quote.bid is not None
        assert quote.ask is not None
        assert quote.last is not None
        assert 0 < quote.bid < quote.ask
        assert quality(quote, quote.at) is Quality.FRESH
        assert_on_grid(quote, instrument)


def assert_on_grid(quote: Quote, instrument: Instrument) -> None:
    for price in (quote.bid, quote.ask, quote.last):
        assert price is not None
        assert price % instrument.tick_size == 0
    for size in (quote.bid_size, quote.ask_size, quote.last_size):
        if size is not None:
            assert size > 0
            assert size % instrument.qty_step == 0
    displayed = max(quote.bid_size or 0, quote.ask_size or 0)
    assert quote.last_size is None or quote.last_size <= displayed


def test_its_instruments_may_be_listed_and_all_of_them_are_quoted_every_second_or_two() -> None:
    assert all(listing_faults(instrument) == () for instrument in SimFeed().instruments())
    assert len(BY_SYMBOL) == 12
    seen: dict[str, datetime] = {}
    for quote in watched(3, NOW, 5000):
        assert quote.at - seen.get(quote.symbol, quote.at) <= timedelta(seconds=1.5)
        seen[quote.symbol] = quote.at
    assert seen.keys() == BY_SYMBOL.keys()


def test_its_time_is_the_time_of_day_without_a_gap() -> None:
    slices = watched(1, NOW, 1000)
    assert slices[0].at == NOW
    assert all(late.at - early.at == BEAT for early, late in pairwise(slices))
    assert all(quote.at == EPOCH + quote.seq * BEAT for quote in slices)


def test_prices_go_on_from_one_chapter_to_the_next_without_a_jump() -> None:
    boundary = EPOCH + (((NOW - EPOCH) // BEAT) // CHAPTER + 1) * CHAPTER * BEAT
    middles: dict[str, Decimal] = {}
    for quote in watched(1, boundary - 200 * BEAT, 400):
        assert quote.bid is not None
        assert quote.ask is not None
        middle = (quote.bid + quote.ask) / 2
        before = middles.get(quote.symbol, middle)
        assert abs(middle - before) / before < Decimal("0.002")
        middles[quote.symbol] = middle


class Recorded:
    """A feed of slices at given milliseconds after its beginning."""

    def __init__(self, *milliseconds: float) -> None:
        self.flaws = Flaws()
        self.milliseconds = milliseconds

    def instruments(self) -> tuple[Instrument, ...]:
        return ()

    def slices(self, since: datetime) -> Iterator[Quote]:
        began = datetime(2013, 10, 8, tzinfo=UTC)
        for nth, late in enumerate(self.milliseconds):
            at = began + timedelta(milliseconds=late)
            yield Quote("ACME", "test", nth, at, at, last=Decimal(5), last_size=Decimal(1))


class Clock:
    """A time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = NOW
        self.naps: list[float] = []

    def __call__(self) -> datetime:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now += timedelta(seconds=seconds)


def played(feed: Recorded, clock: Clock, speed: float) -> list[Quote]:
    seen: list[Quote] = []
    asyncio.run(play(feed, seen.append, clock, clock.sleep, speed))
    return seen


def test_slices_are_published_when_their_time_has_come() -> None:
    clock = Clock()
    seen = played(Recorded(0, 0, 250, 1250), clock, speed=1)
    late = [(quote.received_at - NOW) / timedelta(milliseconds=1) for quote in seen]
    assert late == [0, 0, 250, 1250]
    assert {quote.at.year for quote in seen} == {2013}


@pytest.mark.parametrize("speed", [0.5, 2, 60])
def test_a_market_can_be_played_faster_or_slower(speed: float) -> None:
    clock = Clock()
    played(Recorded(0, 6000), clock, speed)
    assert clock.now - NOW == timedelta(seconds=6 / speed)


def test_a_market_played_as_fast_as_possible_still_lets_others_run() -> None:
    clock = Clock()
    seen = played(Recorded(*range(0, 10_000_000, 1000)), clock, speed=0)
    assert len(seen) == 10_000
    assert clock.now == NOW
    assert clock.naps == [0] * (10_000 // BURST_MAX)


small = st.integers(1, 20).map(Decimal)


@given(a=small, b=small, c=small, d=small, volume=st.integers(1, 10**6).map(Decimal))
def test_a_bar_prints_its_four_prices_and_a_tenth_of_its_volume(
    a: Decimal, b: Decimal, c: Decimal, d: Decimal, volume: Decimal
) -> None:
    low, first, last, high = sorted([a, b, c, d])
    row = bars.Row("ACME", "test", 3, NOW, timedelta(minutes=1))
    slices = list(bars.trades(row, bars.told(first, high, low, last), volume))
    assert [quote.last for quote in slices] == [first, low, high, last]
    assert sum(quote.last_size or 0 for quote in slices) <= volume / 10
    assert [quote.seq for quote in slices] == [8, 9, 10, 11]
    assert [(quote.at - NOW).seconds for quote in slices] == [0, 15, 30, 45]
    if high > last:
        with pytest.raises(Flaw):
            bars.told(first, last, low, high)


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from("ABC")), max_size=20))
def test_bars_of_several_symbols_are_told_in_the_order_of_time(rows: list[tuple[int, str]]) -> None:
    told = [
        quote
        for nth, (minute, symbol) in enumerate(sorted(rows), 1)
        for quote in bars.trades(
            bars.Row(symbol, "test", nth, NOW + timedelta(minutes=minute), timedelta(minutes=2)),
            (Decimal(2), Decimal(3), Decimal(1), Decimal(2)),
            Decimal(100),
        )
    ]
    ordered = list(bars.interleaved(told))
    assert [quote.at for quote in ordered] == sorted(quote.at for quote in told)
    assert sorted(quote.seq for quote in ordered) == sorted(quote.seq for quote in told)

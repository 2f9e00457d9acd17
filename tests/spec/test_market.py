"""What may be listed, what a quote is worth, and what the board shows."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from msgspec.structs import replace

from adapters.feeds import Board
from domain.market import (
    Instrument,
    InstrumentType,
    Quality,
    Quote,
    listing_faults,
    mark,
    quality,
    witness,
)

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
AGO = NOW - timedelta(seconds=2)
ACME = Instrument(
    symbol="ACME",
    name="Acme",
    exchange="SIM",
    type=InstrumentType.EQ,
    currency="INR",
    tick_size=Decimal("0.05"),
)


def quoted(bid: str | None, ask: str | None, last: str | None = None, size: str = "") -> Quote:
    def amount(text: str | None) -> Decimal | None:
        return Decimal(text) if text else None

    return Quote(
        symbol="ACME",
        source="test",
        seq=7,
        at=AGO,
        received_at=AGO,
        bid=amount(bid),
        bid_size=amount(bid and "10"),
        ask=amount(ask),
        ask_size=amount(ask and "20"),
        last=amount(last),
        last_size=amount(size),
    )


def test_a_sound_instrument_may_be_listed() -> None:
    assert listing_faults(ACME) == ()


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("tick_size", Decimal(0), "tick_size must be above zero"),
        ("tick_size", Decimal("NaN"), "tick_size must be above zero"),
        ("qty_step", Decimal(-1), "qty_step must be above zero"),
        ("multiplier", Decimal("1E+30"), "multiplier must be above zero"),
        ("qty_step", Decimal("0.0000001"), "multiple of 0.00000001"),
        ("min_qty", Decimal(2_000_000), "min_qty must be at most max_qty"),
        ("min_qty", Decimal("1.5"), "min_qty must be a multiple of qty_step"),
        ("lot_size", Decimal("2.5"), "lot_size must be a multiple of qty_step"),
        ("symbol", "acme corp", "symbol must be"),
        ("currency", "rupees", "currency must be"),
    ],
)
def test_an_instrument_that_would_break_the_ledger_is_not_listed(
    field: str, value: object, named: str
) -> None:
    (fault,) = listing_faults(replace(ACME, **{field: value}))
    assert named in fault


@pytest.mark.parametrize(
    ("kind", "product"),
    [("EQ", "CNC"), ("ETF", "CNC"), ("SPOT", "SPOT"), ("IDX", None), ("FUT", "NRML")],
)
def test_shares_are_held_in_delivery_and_coins_on_the_spot(kind: str, product: str | None) -> None:
    instrument = replace(ACME, type=InstrumentType(kind))
    assert instrument.product == product
    assert instrument.products[:1] == (() if product is None else (product,))


def test_only_what_a_broker_lends_on_is_held_on_margin_trading() -> None:
    assert ACME.products == ("CNC", "MIS")
    assert replace(ACME, mtf_own_funds_rate=Decimal("0.25")).products == ("CNC", "MIS", "MTF")


def test_a_derivative_says_what_it_is_derived_from() -> None:
    option = replace(ACME, type=InstrumentType.CE)
    assert len(listing_faults(option)) == 2
    option = replace(option, underlying="ACME", expiry=date(2026, 11, 26), strike=Decimal(100))
    assert listing_faults(option) == ()


def test_derivatives_trade_in_lots_and_shares_in_steps() -> None:
    lots_of_25 = replace(ACME, lot_size=Decimal(25))
    assert lots_of_25.step == 1
    assert replace(lots_of_25, type=InstrumentType.FUT).step == 25


@pytest.mark.parametrize(
    ("quote", "verdict"),
    [
        (None, "NO_QUOTE"),
        (quoted(None, None), "NO_QUOTE"),
        (quoted("99", "101"), "FRESH"),
        (quoted("100", "100"), "FRESH"),
        (quoted("99", None), "FRESH"),
        (quoted(None, None, "100", "5"), "FRESH"),
        (quoted("101", "99"), "CROSSED_QUOTE"),
        (quoted("99", "101", "122", "5"), "INCOHERENT_QUOTE"),
        (quoted("99", "101", "78", "5"), "INCOHERENT_QUOTE"),
        (quoted("99", "101", "121", "5"), "FRESH"),
        (quoted("100", "100", "100.50", "5"), "FRESH"),
        (quoted("99", "101", "500"), "FRESH"),  # printed long before this book
    ],
)
def test_only_a_sound_quote_may_be_traded_on(quote: Quote | None, verdict: str) -> None:
    assert quality(quote, NOW) is Quality(verdict)


def test_a_quote_may_be_traded_on_until_it_is_too_old() -> None:
    quote, second = quoted("99", "101"), timedelta(seconds=1)
    assert quality(quote, AGO + 5 * second) is Quality.FRESH
    assert quality(quote, AGO + 5 * second + timedelta.resolution) is Quality.STALE_QUOTE
    assert quality(quote, AGO + 2 * second, max_age=second) is Quality.STALE_QUOTE


def test_a_quote_from_the_future_is_not_traded_on() -> None:
    quote, second = quoted("99", "101"), timedelta(seconds=1)
    assert quality(quote, AGO - second) is Quality.FRESH
    assert quality(quote, AGO - second - timedelta.resolution) is Quality.CLOCK_SKEW
    assert quality(replace(quote, at=NOW + 2 * second), NOW) is Quality.CLOCK_SKEW


def test_a_recorded_day_may_be_traded_on_when_it_is_played() -> None:
    long_ago = replace(quoted("99", "101"), at=datetime(2013, 10, 8, tzinfo=UTC))
    assert quality(long_ago, NOW) is Quality.FRESH


def test_a_position_is_marked_at_the_middle_of_the_book_or_else_at_the_last_trade() -> None:
    assert mark(quoted("99", "100", "98")) == Decimal("99.5")
    assert mark(quoted("99", None, "98")) == 98
    assert mark(quoted("99", None)) is None
    assert mark(None) is None
    assert mark(quoted("102", "1", "98")) == 98, "nobody trades at the middle of a crossed book"
    assert mark(quoted("100", "100", "98")) == 100


def test_evidence_is_the_whole_slice_and_its_age() -> None:
    evidence = witness(quoted("99", "101", "100"), NOW, rule="REFERENCE", model="TOP_OF_BOOK@1")
    assert (evidence.source, evidence.seq, evidence.age_ms) == ("test", 7, 2000)
    book = (evidence.bid, evidence.bid_size, evidence.ask, evidence.ask_size)
    assert book == tuple(map(Decimal, (99, 10, 101, 20)))
    assert (evidence.last, evidence.last_size) == (Decimal(100), None)
    assert (evidence.kind, evidence.quality) == ("QUOTE", "FRESH")


def test_the_board_shows_the_last_quote_of_each_symbol() -> None:
    board = Board()
    first, second = quoted("99", "101"), quoted("100", "102")
    board.publish(first)
    board.publish(second)
    assert board.get("ACME") is second
    assert board.mark("ACME") == 101
    assert board.age("ACME", NOW) == timedelta(seconds=2)
    assert (board.get("NONE"), board.mark("NONE"), board.age("NONE", NOW)) == (None, None, None)


def test_watchers_see_every_slice_until_they_leave() -> None:
    board, seen = Board(), list[Quote]()
    leave = board.subscribe(seen.append)
    slices = [quoted("99", "101"), quoted("99", "100"), quoted("99", "101")]
    board.publish(slices[0])
    board.publish(slices[1])
    leave()
    board.publish(slices[2])
    assert seen == slices[:2]


def test_whoever_is_slow_gets_only_what_is_latest() -> None:
    board = Board()
    other = replace(quoted("5", "6"), symbol="OTHER")
    board.publish(quoted("99", "101"))
    board.publish(quoted("99", "100"))
    count, changed = board.since(0)
    assert (count, changed) == (2, [quoted("99", "100")])
    board.publish(other)
    assert board.since(count) == (3, [other])
    assert board.since(3) == (3, [])

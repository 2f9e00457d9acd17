"""Candles: whole sessions, late prints, prints that do not count, and nothing made twice."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.calendars import calendars
from adapters.candles.adjusting import Adjustment, adjusted
from adapters.candles.builder import Builder
from adapters.candles.forming import Forming
from adapters.candles.query import Candle
from adapters.candles.series import Kept
from domain.market import Counts, Quote
from domain.market.candle import Level, Part, Timeframe, begins_at, timeframe, trading_day

NSE = partial(trading_day, calendars().of("NSE"))
ALWAYS = partial(trading_day, calendars().of("SIM"))
#: 09:15 in Mumbai on a Monday: the session opens.
OPEN = datetime(2026, 11, 23, 3, 45, tzinfo=UTC)
Made = dict[tuple[Level, datetime], Forming]


def print_at(seconds: float, price: str, size: str = "10", counts: Counts | None = None) -> Quote:
    at = OPEN + timedelta(seconds=seconds)
    return Quote("ACME", "test", 1, at, at, last=Decimal(price), last_size=Decimal(size),
                 counts=counts)  # fmt: skip


def built(*prints: Quote) -> Made:
    builder = Builder(lambda _: NSE)
    for each in prints:
        builder.on_quote(each)
    return made(builder)


def made(builder: Builder) -> Made:
    return {(level, bar.begins): bar for _, level, bar in builder.changed()}


def told(bar: Forming) -> str:
    return f"{bar.open} {bar.high} {bar.low} {bar.close} x {bar.volume} in {bar.trades}"


def test_prints_make_a_second_a_minute_and_a_session() -> None:
    found = built(print_at(0, "100"), print_at(0.4, "102"), print_at(1, "99"), print_at(61, "101"))
    assert told(found[Level.SECOND, OPEN]) == "100 102 100 102 x 20 in 2"
    assert told(found[Level.MINUTE, OPEN]) == "100 102 99 99 x 30 in 3"
    assert told(found[Level.DAY, OPEN]) == "100 102 99 101 x 40 in 4"
    assert found[Level.DAY, OPEN].ends == OPEN + timedelta(hours=6, minutes=15)


def test_what_trades_outside_the_session_is_no_part_of_its_day() -> None:
    late = 6 * 3600 + 15 * 60
    found = built(
        print_at(-30, "90"), print_at(5, "100"), print_at(late, "80"), print_at(late + 60, "80")
    )
    assert told(found[Level.DAY, OPEN]) == "100 100 100 100 x 10 in 1"
    parts = {bar.part for (level, _), bar in found.items() if level is Level.MINUTE}
    assert parts == {Part.BEFORE, Part.REGULAR, Part.AFTER}


def test_a_late_print_is_added_to_all_that_it_is_part_of() -> None:
    found = built(
        print_at(0, "100"), print_at(1, "101"), print_at(61, "102"), print_at(0.5, "90"),
        print_at(-0.0, "103", "1"), print_at(61.5, "102"),
    )  # fmt: skip
    assert told(found[Level.SECOND, OPEN]) == "100 103 90 90 x 21 in 3"
    assert told(found[Level.MINUTE, OPEN]) == "100 103 90 101 x 31 in 4"
    assert told(found[Level.DAY, OPEN]) == "100 103 90 102 x 51 in 6"


def test_a_print_that_comes_minutes_late_is_counted_and_left_out() -> None:
    builder = Builder(lambda _: NSE)
    for each in (print_at(0, "100"), print_at(300, "101"), print_at(0, "1")):
        builder.on_quote(each)
    assert builder.left_out == {"too late for its candle": 1}
    assert made(builder)[Level.DAY, OPEN].low == 100


@pytest.mark.parametrize(
    ("counts", "shown"),
    [
        (None, "100 200 100 200 x 20 in 2"),
        ("PRICE", "100 200 100 200 x 10 in 1"),
        ("VOLUME", "100 100 100 100 x 20 in 2"),
        ("NOTHING", "100 100 100 100 x 10 in 1"),
    ],
)
def test_a_print_under_a_condition_counts_for_what_it_says(counts: Counts, shown: str) -> None:
    found = built(print_at(0, "100"), print_at(0.5, "200", counts=counts))
    assert told(found[Level.MINUTE, OPEN]) == shown


def test_a_gap_is_a_gap() -> None:
    found = built(print_at(0, "100"), print_at(600, "101"))
    assert [begins for level, begins in found if level is Level.MINUTE] == [
        OPEN, OPEN + timedelta(minutes=10),
    ]  # fmt: skip


def test_a_silent_symbol_is_not_written_again() -> None:
    builder = Builder(lambda _: NSE)
    builder.on_quote(print_at(0, "100"))
    assert len(made(builder)) == 3
    assert made(builder) == {}
    builder.on_quote(print_at(0.9, "101"))
    assert made(builder)[Level.SECOND, OPEN].close == 101


def test_another_builder_goes_on_where_one_stopped() -> None:
    first = built(print_at(0, "100"), print_at(1, "95"))
    kept: dict[Level, Kept] = {
        level: Kept(
            "ACME", level, OPEN, *(getattr(bar, name) for name in Kept.__struct_fields__[3:])
        )
        for (level, begins), bar in first.items()
        if begins == OPEN and level is not Level.SECOND
    }
    builder = Builder(lambda _: NSE)
    builder.resume({"ACME": dict(kept)})
    builder.on_quote(print_at(2, "97"))
    assert told(made(builder)[Level.MINUTE, OPEN]) == "100 100 95 97 x 30 in 3"
    anew = Builder(lambda _: NSE)
    anew.resume({"ACME": dict(kept)})
    anew.on_quote(print_at(0, "100"))
    assert told(made(anew)[Level.MINUTE, OPEN]) == "100 100 100 100 x 10 in 1"


prints = st.lists(
    st.tuples(
        st.integers(0, 100_000), st.integers(90, 110), st.integers(1, 9),
        st.sampled_from([None, "PRICE", "VOLUME", "NOTHING"]),
    ),
    min_size=1, max_size=60,
)  # fmt: skip


@given(prints, st.randoms(use_true_random=False))
def test_the_order_in_which_prints_come_changes_no_sum_and_no_extreme(
    drawn: list[tuple[int, int, int, Counts | None]], random: object
) -> None:
    """Up to two minutes late, whatever printed is in the candles as if it had come in time."""
    quotes = [print_at(ms / 1000, str(price), str(size), what) for ms, price, size, what in drawn]
    in_time = built(*sorted(quotes, key=lambda quote: quote.at))
    shuffled = quotes.copy()
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    jumbled = built(*shuffled)

    def sums(found: Made) -> dict[object, object]:
        return {
            key: (bar.open is None, bar.high, bar.low, bar.volume, bar.turnover, bar.trades)
            for key, bar in found.items()
        }

    assert sums(jumbled) == sums(in_time)


@given(st.integers(0, 364 * 86_400_000).map(lambda ms: OPEN + timedelta(milliseconds=ms)))
def test_every_moment_belongs_to_one_candle_of_its_own_session(at: datetime) -> None:
    day = NSE(at)
    assert day.begins <= at < day.ends
    part, over = day.part(at)
    for frame in Timeframe:
        if frame.length < timedelta(days=1):
            begins = begins_at(at, frame.length, day.opens)
            assert begins <= at < begins + frame.length
            assert part is not Part.REGULAR or begins >= day.opens
    assert at < over


def test_an_hour_of_mumbai_begins_at_a_quarter_past() -> None:
    at = OPEN + timedelta(minutes=75)
    assert begins_at(at, Timeframe.H1.length, NSE(at).opens) == OPEN + timedelta(hours=1)


@pytest.mark.parametrize(
    ("text", "frame"),
    [("5m", Timeframe.M5), ("5minute", Timeframe.M5), ("1M", Timeframe.MONTH), ("day", "1D"),
     ("7m", None), ("", None), ("1S", None)],
)  # fmt: skip
def test_timeframes_are_known_by_their_usual_names(text: str, frame: Timeframe | None) -> None:
    assert timeframe(text) == frame


def candle(day: int, price: str) -> Candle:
    at = datetime(2026, 11, day, 3, 45, tzinfo=UTC)
    return Candle(at, at.date(), price, price, price, price, "100", price, 1, True)


def test_prices_before_a_split_and_a_dividend_are_told_in_the_shares_of_today() -> None:
    split = Adjustment(date(2026, 11, 24), Decimal(2), Decimal(0), Decimal(100))
    paid = Adjustment(date(2026, 11, 25), Decimal(1), Decimal(5), Decimal(50))
    raw = [candle(23, "100"), candle(24, "50"), candle(25, "46")]
    shown = adjusted(raw, [split, paid])
    assert [(one.close, one.volume) for one in shown] == [
        ("45", "200"),
        ("45", "100"),
        ("46", "100"),
    ]
    assert adjusted(raw, []) == raw

"""An indicator drawn one candle at a time is what its definition says of all of them at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.market.indicators import Bar, Indicator, Study, drawn, line, lines, study_faults

MONDAY = date(2026, 11, 23)
#: Each step may round in the 34th digit.
ALIKE = Fraction(1, 10**16)
Found = tuple[Fraction, ...] | None

prices = st.decimals("0.05", "50000", places=2)


@st.composite
def candles(draw: st.DrawFn) -> list[Bar]:
    day, made = MONDAY, []
    for three in draw(st.lists(st.tuples(prices, prices, prices), max_size=40)):
        day += timedelta(days=draw(st.sampled_from((0, 0, 0, 1))))
        low, close, high = sorted(three)
        volume = draw(st.decimals(0, 10_000, places=4))
        made.append(Bar(day, high, low, close, volume, (high + low + close) / 3))
    return made


studies = st.builds(
    Study,
    st.sampled_from(Indicator),
    st.integers(1, 20),
    st.integers(1, 8),
    st.integers(9, 20),
    st.integers(1, 9),
    st.sampled_from((Decimal("0.5"), Decimal(2), Decimal(3))),
)


# ── the definitions, of whole lists and in fractions ───────────────────────────────────────


def mean(values: Sequence[Fraction]) -> Fraction:
    return sum(values, Fraction(0)) / len(values)


def faded(values: Sequence[Fraction], period: int, weight: Fraction) -> list[Fraction | None]:
    """The mean of the first values, then each with its weight: spelled out for every place."""
    found: list[Fraction | None] = []
    for end in range(1, len(values) + 1):
        if end < period:
            found.append(None)
            continue
        tail = values[period:end]
        kept = (1 - weight) ** len(tail) * mean(values[:period])
        added = (weight * (1 - weight) ** age * each for age, each in enumerate(reversed(tail)))
        found.append(kept + sum(added, Fraction(0)))
    return found


def late(values: list[Fraction | None]) -> tuple[int, list[Fraction]]:
    """How many are missing at the front, and the rest."""
    known = [value for value in values if value is not None]
    return len(values) - len(known), known


def sma(bars: list[Bar], study: Study) -> list[Found]:
    n, closes = study.candles, [Fraction(bar.close) for bar in bars]
    return [(mean(closes[end - n : end]),) if end >= n else None for end in range(1, len(bars) + 1)]


def ema(bars: list[Bar], study: Study) -> list[Found]:
    n = study.candles
    values = faded([Fraction(bar.close) for bar in bars], n, Fraction(2, n + 1))
    return [None if value is None else (value,) for value in values]


def rsi(bars: list[Bar], study: Study) -> list[Found]:
    n, closes = study.candles, [Fraction(bar.close) for bar in bars]
    changes = [later - earlier for earlier, later in pairwise(closes)]
    rises = faded([max(change, Fraction(0)) for change in changes], n, Fraction(1, n))
    falls = faded([max(-change, Fraction(0)) for change in changes], n, Fraction(1, n))
    found: list[Found] = [None] * bool(bars)
    for rise, fall in zip(rises, falls, strict=True):
        if rise is None or fall is None:
            found.append(None)
        elif fall == 0:
            found.append((Fraction(100 if rise else 50),))
        else:
            found.append((100 - 100 / (1 + rise / fall),))
    return found


def macd(bars: list[Bar], study: Study) -> list[Found]:
    closes = [Fraction(bar.close) for bar in bars]
    fast = faded(closes, study.fast, Fraction(2, study.fast + 1))
    slow = faded(closes, study.slow, Fraction(2, study.slow + 1))
    both = [
        None if one is None or two is None else one - two
        for one, two in zip(fast, slow, strict=True)
    ]
    missing, known = late(both)
    signals = faded(known, study.signal, Fraction(2, study.signal + 1))
    found: list[Found] = [None] * missing
    for value, signal in zip(known, signals, strict=True):
        found.append(None if signal is None else (value, signal, value - signal))
    return found


def atr(bars: list[Bar], study: Study) -> list[Found]:
    ranges = []
    for nth, bar in enumerate(bars):
        high, low = Fraction(bar.high), Fraction(bar.low)
        before = Fraction(bars[nth - 1].close) if nth else None
        gaps = () if before is None else (abs(high - before), abs(low - before))
        ranges.append(max(high - low, *gaps) if gaps else high - low)
    values = faded(ranges, study.candles, Fraction(1, study.candles))
    return [None if value is None else (value,) for value in values]


def bollinger(bars: list[Bar], study: Study) -> list[Found]:
    """The bands squared off: what is compared is the square of their distance to the middle."""
    n, closes = study.candles, [Fraction(bar.close) for bar in bars]
    found: list[Found] = []
    for end in range(1, len(bars) + 1):
        window = closes[end - n : end]
        if end < n:
            found.append(None)
            continue
        middle = mean(window)
        spread = mean([(value - middle) ** 2 for value in window])
        found.append((middle, Fraction(study.deviations) ** 2 * spread))
    return found


def vwap(bars: list[Bar], study: Study) -> list[Found]:
    found: list[Found] = []
    for end, bar in enumerate(bars, 1):
        today = [each for each in bars[:end] if each.day == bar.day]
        volume = sum((Fraction(each.volume) for each in today), Fraction(0))
        turnover = sum(
            (Fraction(each.volume) * Fraction(each.price) for each in today), Fraction(0)
        )
        found.append((turnover / volume,) if volume else None)
    return found


DEFINED: dict[Indicator, Callable[[list[Bar], Study], list[Found]]] = {
    Indicator.SMA: sma,
    Indicator.EMA: ema,
    Indicator.RSI: rsi,
    Indicator.MACD: macd,
    Indicator.ATR: atr,
    Indicator.BOLLINGER: bollinger,
    Indicator.VWAP: vwap,
}


def alike(one: Fraction, other: Fraction) -> bool:
    return abs(one - other) <= ALIKE * max(Fraction(1), abs(other))


@given(candles(), studies)
def test_candle_by_candle_and_all_at_once_are_the_same(bars: list[Bar], study: Study) -> None:
    for values, defined in zip(
        drawn(study, bars), DEFINED[study.indicator](bars, study), strict=True
    ):
        assert (values is None) is (defined is None)
        if values is None or defined is None:
            continue
        assert len(values) == len(lines(study))
        exact = [Fraction(value) for value in values]
        if study.indicator is Indicator.BOLLINGER:
            middle, upper, lower = exact
            assert upper >= middle >= lower
            assert alike(upper - middle, middle - lower)
            exact = [middle, (upper - middle) ** 2]
        for value, wanted in zip(exact, defined, strict=True):
            assert alike(value, wanted)


@given(candles(), studies, st.data())
def test_a_line_goes_on_where_it_stopped(
    bars: list[Bar], study: Study, data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(bars)))
    one = line(study)
    first = [one.take(bar) for bar in bars[:cut]]
    assert first + [one.take(bar) for bar in bars[cut:]] == drawn(study, bars)


def test_numbers_of_the_books_come_out() -> None:
    """Wilder's own example of the RSI (New Concepts, 1978), by its usual retelling."""
    closes = (
        "44.34 44.09 44.15 43.61 44.33 44.83 45.10 45.42 45.84 46.08 45.89 46.03 45.61 46.28 46.28"
    )
    bars = [
        Bar(MONDAY, each, each, each, Decimal(1), each) for each in map(Decimal, closes.split())
    ]
    (value,) = drawn(Study(Indicator.RSI), bars)[-1] or ()
    assert value == pytest.approx(Decimal("70.46"), abs=Decimal("0.01"))


def test_the_price_of_a_day_begins_anew_with_the_day() -> None:
    def bar(days: int, price: str, volume: str) -> Bar:
        each = Decimal(price)
        return Bar(MONDAY + timedelta(days=days), each, each, each, Decimal(volume), each)

    bars = [bar(0, "2", "5"), bar(0, "4", "15"), bar(1, "20", "0"), bar(1, "30", "5")]
    values = [None if each is None else each[0] for each in drawn(Study(Indicator.VWAP), bars)]
    assert values == [Decimal(2), Decimal("3.5"), None, Decimal(30)]


@pytest.mark.parametrize(
    ("study", "faults"),
    [
        (Study(Indicator.SMA), []),
        (Study(Indicator.SMA, 0), ["period"]),
        (Study(Indicator.SMA, 201), ["period"]),
        (Study(Indicator.MACD, None, 26, 12), ["fast"]),
        (Study(Indicator.MACD, signal=0), ["signal"]),
        (Study(Indicator.BOLLINGER, deviations=Decimal("NaN")), ["deviations"]),
        (Study(Indicator.BOLLINGER, deviations=Decimal(11)), ["deviations"]),
    ],
)
def test_numbers_that_make_no_sense_are_named(study: Study, faults: list[str]) -> None:
    assert [name for name, _ in study_faults(study)] == faults

"""
Studies: an indicator with its numbers, drawn as one line or several.

SMA, EMA        the means of the last closes
RSI             Wilder (1978): 100 - 100 / (1 + mean rise / mean fall), both smoothed
MACD            Appel: EMA(fast) - EMA(slow), the EMA of that as its signal, and their difference
ATR             Wilder (1978): the smoothed true range; that of the first candle is high - low
BOLLINGER       the mean, and so many standard deviations (of the window) above and below it
VWAP            turnover over volume since the day began
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from domain.market.indicators.averages import Bar, Window, exponential, smoothed
from domain.money import ZERO

PERIOD_MAX = 200
DEVIATIONS_MAX = Decimal(10)
HUNDRED = Decimal(100)
Values = tuple[Decimal, ...]


class Indicator(StrEnum):
    SMA = "SMA"
    EMA = "EMA"
    RSI = "RSI"
    MACD = "MACD"
    ATR = "ATR"
    BOLLINGER = "BOLLINGER"
    VWAP = "VWAP"


#: What begins anew with every day needs candles shorter than one.
INTRADAY_ONLY = frozenset({Indicator.VWAP})
_PERIODS = {Indicator.SMA: 20, Indicator.EMA: 20, Indicator.RSI: 14, Indicator.ATR: 14}
_LINES = {
    Indicator.MACD: ("macd", "signal", "histogram"),
    Indicator.BOLLINGER: ("middle", "upper", "lower"),
}


class Study(Struct, frozen=True, forbid_unknown_fields=True):
    """
    An indicator and its numbers, each the usual one unless given.

    ``period`` counts candles (14 for RSI and ATR, 20 for the others); ``fast``, ``slow`` and
    ``signal`` are those of MACD, ``deviations`` that of Bollinger's bands.
    """

    indicator: Indicator
    period: int | None = None
    fast: int = 12
    slow: int = 26
    signal: int = 9
    deviations: Decimal = Decimal(2)

    @property
    def candles(self) -> int:
        return self.period or _PERIODS.get(self.indicator, 20)


def study_faults(study: Study) -> Iterator[tuple[str, str]]:
    """The fields that make no sense, each with the rule that it breaks."""
    for name in ("period", "fast", "slow", "signal"):
        value = getattr(study, name)
        if value is not None and not 1 <= value <= PERIOD_MAX:
            yield name, f"1 to {PERIOD_MAX} candles"
    if study.fast >= study.slow:
        yield "fast", "below slow"
    if not (study.deviations.is_finite() and 0 < study.deviations <= DEVIATIONS_MAX):
        yield "deviations", f"above 0, at most {DEVIATIONS_MAX}"


def lines(study: Study) -> tuple[str, ...]:
    """The names of its lines, in the order in which they are drawn."""
    return _LINES.get(study.indicator, (study.indicator.lower(),))


def warm_up(study: Study) -> int:
    """
    How many candles to begin with earlier, so that where one begins no longer shows.

    A fading mean is then within 10^-8 of what it would be had it begun at the first trade ever.
    """
    match study.indicator:
        case Indicator.SMA | Indicator.BOLLINGER:
            return study.candles - 1
        case Indicator.EMA:
            return 10 * study.candles
        case Indicator.RSI | Indicator.ATR:
            return 19 * study.candles
        case Indicator.MACD:
            return 10 * (study.slow + study.signal)
        case Indicator.VWAP:
            return 0


class Line(Protocol):
    """One candle in, the values after it out; None as long as there are too few."""

    def take(self, bar: Bar) -> Values | None: ...


def line(study: Study) -> Line:
    """This study before its first candle."""
    match study.indicator:
        case Indicator.SMA:
            return _Mean(Window(study.candles))
        case Indicator.EMA:
            return _Mean(exponential(study.candles))
        case Indicator.RSI:
            return _Strength(study.candles)
        case Indicator.MACD:
            return _Convergence(study)
        case Indicator.ATR:
            return _TrueRange(study.candles)
        case Indicator.BOLLINGER:
            return _Bands(study.candles, study.deviations)
        case Indicator.VWAP:
            return _DayPrice()


def drawn(study: Study, bars: Iterable[Bar]) -> list[Values | None]:
    """The values after each of these candles, oldest first."""
    one = line(study)
    return [one.take(bar) for bar in bars]


class _Average(Protocol):
    def take(self, value: Decimal) -> Decimal | None: ...


class _Mean:
    def __init__(self, mean: _Average) -> None:
        self._mean = mean

    def take(self, bar: Bar) -> Values | None:
        value = self._mean.take(bar.close)
        return None if value is None else (value,)


class _Strength:
    """A market that does not move is neither strong nor weak: 50."""

    def __init__(self, period: int) -> None:
        self._rises, self._falls = smoothed(period), smoothed(period)
        self._before: Decimal | None = None

    def take(self, bar: Bar) -> Values | None:
        before, self._before = self._before, bar.close
        if before is None:
            return None
        change = bar.close - before
        rise, fall = self._rises.take(max(change, ZERO)), self._falls.take(max(-change, ZERO))
        if rise is None or fall is None:
            return None
        return (HUNDRED * rise / (rise + fall) if rise or fall else HUNDRED / 2,)


class _Convergence:
    def __init__(self, study: Study) -> None:
        self._fast, self._slow = exponential(study.fast), exponential(study.slow)
        self._signal = exponential(study.signal)

    def take(self, bar: Bar) -> Values | None:
        fast, slow = self._fast.take(bar.close), self._slow.take(bar.close)
        if fast is None or slow is None:
            return None
        signal = self._signal.take(fast - slow)
        if signal is None:
            return None
        return fast - slow, signal, fast - slow - signal


class _TrueRange:
    def __init__(self, period: int) -> None:
        self._range = smoothed(period)
        self._before: Decimal | None = None

    def take(self, bar: Bar) -> Values | None:
        before = bar.close if self._before is None else self._before
        self._before = bar.close
        value = self._range.take(max(bar.high, before) - min(bar.low, before))
        return None if value is None else (value,)


class _Bands:
    def __init__(self, period: int, deviations: Decimal) -> None:
        self._window = Window(period)
        self._deviations = deviations

    def take(self, bar: Bar) -> Values | None:
        middle = self._window.take(bar.close)
        if middle is None:
            return None
        reach = self._deviations * self._window.deviation
        return middle, middle + reach, middle - reach


class _DayPrice:
    def __init__(self) -> None:
        self._day: date | None = None
        self._turnover = self._volume = ZERO

    def take(self, bar: Bar) -> Values | None:
        if bar.day != self._day:
            self._day, self._turnover, self._volume = bar.day, ZERO, ZERO
        self._turnover += bar.price * bar.volume
        self._volume += bar.volume
        return (self._turnover / self._volume,) if self._volume else None

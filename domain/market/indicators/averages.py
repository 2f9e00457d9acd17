"""
Averages that move: over a window of the last values, and over all that have been, fading.

Decimals throughout.  Sums over a window are exact, so that a value which has left it leaves
nothing behind; what divides or fades is rounded to the 34 digits of ``domain.money``.
"""

from __future__ import annotations

from collections import deque
from datetime import date
from decimal import Decimal

from msgspec import Struct

from domain.money import AMOUNT_PLACES, ZERO

_UNIT = Decimal(1).scaleb(-AMOUNT_PLACES)


class Bar(Struct, frozen=True, gc=False):
    """A candle as indicators see it; ``price`` is what its units traded at on average."""

    day: date
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    price: Decimal


class Window:
    """The mean of the last ``period`` values, and how far they stray from it."""

    def __init__(self, period: int) -> None:
        self._period = period
        self._values: deque[int] = deque()
        self._sum = 0
        self._squares = 0

    def take(self, value: Decimal) -> Decimal | None:
        """The mean, once there are as many values as it needs."""
        units = int(value.scaleb(AMOUNT_PLACES))  # whole units of ledger scale add up exactly
        self._values.append(units)
        self._sum += units
        self._squares += units * units
        if len(self._values) > self._period:
            gone = self._values.popleft()
            self._sum -= gone
            self._squares -= gone * gone
        if len(self._values) < self._period:
            return None
        return self._sum * _UNIT / self._period

    @property
    def deviation(self) -> Decimal:
        """The standard deviation of the whole window (divided by n, not n - 1)."""
        spread = self._period * self._squares - self._sum * self._sum
        return Decimal(spread).sqrt() * _UNIT / self._period


class Fading:
    """
    A mean in which each value weighs ``weight``, and all before it the rest.

    It begins with the plain mean of the first ``period`` values, as TradingView and TA-Lib do.
    """

    def __init__(self, period: int, weight: Decimal) -> None:
        self._period = period
        self._weight = weight
        self._count = 0
        self._sum = ZERO
        self._mean = ZERO

    def take(self, value: Decimal) -> Decimal | None:
        """The mean, once there are as many values as it begins with."""
        if self._count >= self._period:
            self._mean += self._weight * (value - self._mean)
            return self._mean
        self._count += 1
        self._sum += value
        if self._count < self._period:
            return None
        self._mean = self._sum / self._period
        return self._mean


def exponential(period: int) -> Fading:
    """The exponential moving average: a value weighs 2 / (period + 1)."""
    return Fading(period, Decimal(2) / (period + 1))


def smoothed(period: int) -> Fading:
    """Wilder's smoothing: a value weighs 1 / period."""
    return Fading(period, Decimal(1) / period)

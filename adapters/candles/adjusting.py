"""
Adjusted prices: what a share would have cost then, in the shares of today.

Before an ex-date, prices are divided by the split ratio, and multiplied by (1 - dividend / close
of the session before), the proportional method of CRSP; volumes are multiplied by the ratio.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from domain.trading.statement import plain

if TYPE_CHECKING:
    from adapters.candles.query import Candle

UNIT = Decimal("0.00000001")


class Adjustment(Struct, frozen=True):
    """One corporate action; ``close`` is that of the session before ``ex_date``, if known."""

    ex_date: date
    ratio: Decimal
    amount: Decimal
    close: Decimal | None

    @property
    def price(self) -> Decimal:
        """What earlier prices are multiplied by; without a close, a dividend changes nothing."""
        paid = Decimal(1)
        if self.amount and self.close and self.amount < self.close:
            paid -= self.amount / self.close
        return paid / self.ratio


def adjusted(candles: Sequence[Candle], actions: Sequence[Adjustment]) -> list[Candle]:
    """The same candles in the terms of the newest shares; both are oldest first."""
    waiting = list(actions)
    price, units = Decimal(1), Decimal(1)
    found: list[Candle] = []
    for candle in reversed(candles):
        while waiting and candle.day < waiting[-1].ex_date:
            action = waiting.pop()
            price, units = price * action.price, units * action.ratio
        found.append(candle if price == units == 1 else _in(candle, price, units))
    found.reverse()
    return found


def _in(candle: Candle, price: Decimal, units: Decimal) -> Candle:
    return replace(
        candle,
        open=_times(candle.open, price),
        high=_times(candle.high, price),
        low=_times(candle.low, price),
        close=_times(candle.close, price),
        volume=_times(candle.volume, units),
        vwap=None if candle.vwap is None else _times(candle.vwap, price),
    )


def _times(text: str, factor: Decimal) -> str:
    return plain((Decimal(text) * factor).quantize(UNIT, ROUND_HALF_EVEN))

"""A candle in the making: it grows by prints, by whole candles, and by prints that come late."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from domain.market import Quote
from domain.market.candle import Part, TradingDay

ZERO = Decimal(0)


class Forming(Struct, gc=False):
    """
    The prints from ``begins`` up to ``ends``, which is not part of it.

    A print may count for the price, for the volume, for both or for neither; a candle without a
    price is no candle, but its volume is part of the next longer one.
    """

    begins: datetime
    ends: datetime
    day: TradingDay
    part: Part
    open: Decimal | None = None
    high: Decimal = ZERO
    low: Decimal = ZERO
    close: Decimal = ZERO
    volume: Decimal = ZERO
    turnover: Decimal = ZERO
    trades: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None

    def take(self, quote: Quote) -> None:
        """One print, in its turn or late: the open is the earliest price, the close the latest."""
        price, size, at = quote.last, quote.last_size, quote.at
        if price is None or size is None:
            return
        counts = quote.counts
        if counts is None or counts == "PRICE":
            if self.open is None:
                self.open = self.high = self.low = self.close = price
                self.first_at = self.last_at = at
            else:
                if price > self.high:
                    self.high = price
                elif price < self.low:
                    self.low = price
                if self.last_at is None or at >= self.last_at:
                    self.close, self.last_at = price, at
                elif self.first_at is None or at < self.first_at:
                    self.open, self.first_at = price, at
        if counts is None or counts == "VOLUME":
            self.volume += size
            self.turnover += price * size
            self.trades += 1

    def join(self, other: Forming) -> None:
        """A candle that lies within this one, and behind what is already in it."""
        if other.open is not None:
            if self.open is None:
                self.open, self.first_at = other.open, other.first_at
                self.high, self.low = other.high, other.low
            self.high, self.low = max(self.high, other.high), min(self.low, other.low)
            self.close, self.last_at = other.close, other.last_at
        self.volume += other.volume
        self.turnover += other.turnover
        self.trades += other.trades

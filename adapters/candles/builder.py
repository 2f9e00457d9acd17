"""
From prints to candles of a second, a minute and a session; all other timeframes come of these.

A print touches the candle of its second alone.  A second that is over joins its minute, a minute
that is over its session.  A late print finds its second among those of the last minutes and is
added to everything that it is part of; what comes later than that is counted and left out, and
a backfill from the exchange's own record puts it right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime

from adapters.candles.forming import Forming
from adapters.candles.series import Days, Kept, Series
from domain.market import Quote
from domain.market.candle import Level


class Builder:
    """The candles of a market; ``days`` gives the trading days of a symbol's exchange."""

    def __init__(self, days: Callable[[str], Days]) -> None:
        #: The newest moment of the market at which anything printed.
        self.reached: datetime | None = None
        self.left_out: Counter[str] = Counter()
        self._days = days
        self._kept: dict[str, dict[Level, Kept]] = {}
        self._series: dict[str, Series] = {}
        self._seconds: dict[str, Forming] = {}

    def resume(self, kept: dict[str, dict[Level, Kept]]) -> None:
        """Go on with the candles that another builder has left unfinished."""
        self._kept = kept

    def on_quote(self, quote: Quote) -> None:
        """A slice of the market; only what printed in it counts."""
        if quote.last_size is None:
            return
        second = self._seconds.get(quote.symbol)
        if second is None or quote.at >= second.ends:
            second = self._turn(quote.symbol, quote.at)
        elif quote.at < second.begins:
            self.on_late(quote)
            return
        second.take(quote)

    def on_late(self, quote: Quote) -> None:
        """A print that comes behind newer ones."""
        series = self._series.get(quote.symbol)
        if series is None or not series.late(quote):
            self.left_out["too late for its candle"] += 1

    def _turn(self, symbol: str, at: datetime) -> Forming:
        series = self._series.get(symbol)
        if series is None:
            series = Series(self._days(symbol), self._kept.pop(symbol, {}))
            self._series[symbol] = series
        second = self._seconds[symbol] = series.turn(at)
        if self.reached is None or at > self.reached:
            self.reached = at
        return second

    def changed(self) -> Iterator[tuple[str, Level, Forming]]:
        """The candles that have changed since the last time; those without a price are none."""
        for symbol, series in self._series.items():
            for level, forming in series.changed():
                if forming.open is not None:
                    yield symbol, level, forming

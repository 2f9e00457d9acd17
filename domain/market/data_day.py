"""
Days of market data: that a day's candles were complete, and what they were.

Market data stands outside the tape; its hash on the tape makes it possible to show, at any time,
that a day is still what it was when it was over.
"""

from __future__ import annotations

from datetime import date

from msgspec.structs import replace

from domain.base import Event, State


class MarketDataDayClosed(Event, frozen=True):
    """
    No print of this source can belong to this day any more.

    ``sha256`` is over its candles of a minute, ``rows`` of them, a line each ended by a line
    feed, ordered by symbol (bytewise) and time: symbol, seconds since 1970, open, high, low,
    close, volume, trades, separated by commas, numbers without trailing zeros.
    """

    source: str
    day: date
    rows: int
    sha256: str


class MarketData(State, frozen=True):
    """The days of one source that are closed."""

    closed: frozenset[date] = frozenset()

    def evolve(self, event: Event) -> MarketData:
        if isinstance(event, MarketDataDayClosed):
            return replace(self, closed=self.closed | {event.day})
        return self

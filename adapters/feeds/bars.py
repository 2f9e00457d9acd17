"""
Bars as slices: what a recording that kept only open, high, low and close can honestly say.

A bar is told in four slices, a quarter of its length apart: open, low, high, close.  The low
comes before the high because accounts are long only, so that whoever holds meets the worse
price first.  Each slice prints a fortieth of the bar's volume, so that nobody is filled for
more than a tenth of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from heapq import heappop, heappush

from msgspec import Struct

from adapters.feeds.port import Flaw
from domain.market import Quote
from domain.money import tidy

SLICES = 4
SHARE = Decimal(40)

#: open, low, high, close: as the slices tell them
Prices = tuple[Decimal, Decimal, Decimal, Decimal]


class Row(Struct, frozen=True):
    """Where a bar stands in its recording: ``nth`` counts rows from 1."""

    symbol: str
    source: str
    nth: int
    at: datetime
    length: timedelta

    def moments(self) -> Iterator[tuple[int, datetime]]:
        """The number and the time of each of the four slices."""
        for quarter in range(SLICES):
            yield SLICES * (self.nth - 1) + quarter, self.at + self.length * quarter / SLICES


def told(first: Decimal, high: Decimal, low: Decimal, last: Decimal) -> Prices:
    """The prices in the order of the slices; a Flaw when low or high is not what it says."""
    if not (low <= first <= high and low <= last <= high):
        raise Flaw("open or close outside low and high")
    return first, low, high, last


def trades(row: Row, prices: Prices, volume: Decimal) -> Iterator[Quote]:
    """The four prints of a bar of trades."""
    size = tidy(volume / SHARE)
    for (seq, at), price in zip(row.moments(), prices, strict=True):
        yield Quote(
            symbol=row.symbol,
            source=row.source,
            seq=seq,
            at=at,
            received_at=at,
            last=price,
            last_size=size,
        )


class Side(Struct, frozen=True):
    """One side of a bar of quotes: its prices, and the size at the close, the only one known."""

    prices: Prices
    size: Decimal


def books(
    row: Row, bid: Side | None, ask: Side | None, before: tuple[Decimal | None, Decimal | None]
) -> Iterator[Quote]:
    """
    The four books of a bar of quotes.

    ``before`` is the size last known of either side: it is shown until the close tells its own.
    """
    bids = bid.prices if bid else (None,) * SLICES
    asks = ask.prices if ask else (None,) * SLICES
    for quarter, (seq, at) in enumerate(row.moments()):
        closing = quarter == SLICES - 1
        yield Quote(
            symbol=row.symbol,
            source=row.source,
            seq=seq,
            at=at,
            received_at=at,
            bid=bids[quarter],
            bid_size=(bid.size if closing else before[0]) if bid else None,
            ask=asks[quarter],
            ask_size=(ask.size if closing else before[1]) if ask else None,
        )


def interleaved(quotes: Iterable[Quote]) -> Iterator[Quote]:
    """The slices of bars that overlap (of several symbols) in the order of time."""
    waiting: list[tuple[datetime, int, Quote]] = []
    for count, quote in enumerate(quotes):
        if quote.seq % SLICES == 0:  # bars begin in order: nothing earlier is still to come
            while waiting and waiting[0][0] <= quote.at:
                yield heappop(waiting)[2]
        heappush(waiting, (quote.at, count, quote))
    while waiting:
        yield heappop(waiting)[2]

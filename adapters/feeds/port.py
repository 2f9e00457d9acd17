"""A feed: the instruments of a market and its quotes, played at the market's own pace."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime
from typing import Protocol

from msgspec.structs import replace

from domain.market import Instrument, Quote

#: Slices published in one go before the event loop is given to others.
BURST_MAX = 64
FLAWS_NAMED_MAX = 5


class FeedError(Exception):
    """A feed that cannot be opened; the message names the file and what is wrong with it."""


class Flaw(ValueError):
    """Why a row makes no sense, in a few fixed words (they are counted)."""


class Flaws:
    """What was left out of a recording: how many rows for which reason, the first few by name."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.first: list[str] = []

    def row(self, source: str, nth: int, row: object, error: ValueError) -> None:
        """Count a row; a ValueError that is no Flaw means that it did not fall into columns."""
        reason = str(error) if isinstance(error, Flaw) else "wrong number of columns"
        self.counts[reason] += 1
        if len(self.first) < FLAWS_NAMED_MAX:
            self.first.append(f"{source}:{nth}: {reason}: {str(row).rstrip()[:100]}")

    def __str__(self) -> str:
        return ", ".join(f"{count} {reason}" for reason, count in self.counts.most_common())


class Feed(Protocol):
    """Slices come in the order of market time, and a feed asked twice says the same twice."""

    flaws: Flaws

    def instruments(self) -> tuple[Instrument, ...]: ...

    def slices(self, since: datetime) -> Iterator[Quote]:
        """
        Every slice from ``since`` on; a recording begins at its own beginning instead.

        ``received_at`` is the market's own time until the slice is played.
        """
        ...


async def play(
    feed: Feed,
    publish: Callable[[Quote], None],
    clock: Callable[[], datetime],
    sleep: Callable[[float], Awaitable[None]],
    speed: float = 1.0,
) -> None:
    """
    Publish each slice when its time comes, stamped with the time at which we received it.

    ``speed`` is market seconds per second; 0 is as fast as possible.  ``sleep`` takes seconds.
    """
    began = clock()
    opened: datetime | None = None
    for count, quote in enumerate(feed.slices(began), 1):
        if speed:
            opened = opened or quote.at
            ahead = (quote.at - opened) / speed - (clock() - began)
            if ahead.total_seconds() > 0:
                await sleep(ahead.total_seconds())
        if count % BURST_MAX == 0:
            await sleep(0)
        publish(replace(quote, received_at=clock()))

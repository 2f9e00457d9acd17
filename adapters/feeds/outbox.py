"""Between a market and whoever is slower: what is latest goes out, and the market never waits."""

from __future__ import annotations

import asyncio

from domain.market import Quote

#: Slices that may wait; beyond it the oldest are dropped, and counted.
WAITING_MAX = 10_000


class Outbox:
    """Books of one symbol replace each other; prints all go out, each in its turn."""

    def __init__(self) -> None:
        #: How many slices were replaced by newer ones, or dropped.
        self.conflated = 0
        self._waiting: dict[object, Quote] = {}
        self._filled = asyncio.Event()

    def put(self, quote: Quote) -> None:
        """A watcher of a board."""
        waiting = self._waiting
        # A print shows the book that stands: it replaces the book that waits as well.
        self.conflated += waiting.pop(quote.symbol, None) is not None
        if quote.last_size is None:
            waiting[quote.symbol] = quote
        else:
            waiting[quote.symbol, quote.source, quote.seq] = quote
        if len(waiting) > WAITING_MAX:
            del waiting[next(iter(waiting))]
            self.conflated += 1
        self._filled.set()

    async def take(self) -> list[Quote]:
        """All that waits, in the order in which it came; waits until there is something."""
        await self._filled.wait()
        self._filled.clear()
        found = list(self._waiting.values())
        self._waiting.clear()
        return found

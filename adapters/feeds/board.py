"""The board: the last quote of every symbol, told to whoever watches."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from operator import attrgetter

from domain import market
from domain.market import Quote

Watcher = Callable[[Quote], None]


class Board:
    """
    Holds one quote a symbol.  Watchers are called with every slice, in the order they came.

    Whoever is slower than the market asks ``since`` instead and gets only what is latest.
    """

    def __init__(self) -> None:
        #: How many slices were published; the number of the newest.
        self.count = 0
        self._quotes: dict[str, Quote] = {}
        self._counts: dict[str, int] = {}
        self._watchers: tuple[Watcher, ...] = ()

    def publish(self, quote: Quote) -> None:
        self.count += 1
        self._quotes[quote.symbol] = quote
        self._counts[quote.symbol] = self.count
        for watcher in self._watchers:
            watcher(quote)

    def subscribe(self, watcher: Watcher) -> Callable[[], None]:
        """Call ``watcher`` with every slice from now on, until the answer is called."""
        self._watchers = (*self._watchers, watcher)

        def unsubscribe() -> None:
            self._watchers = tuple(other for other in self._watchers if other is not watcher)

        return unsubscribe

    def get(self, symbol: str) -> Quote | None:
        return self._quotes.get(symbol)

    @property
    def newest(self) -> Quote | None:
        """What was received last; None as long as nothing was."""
        return max(self._quotes.values(), key=attrgetter("received_at"), default=None)

    def mark(self, symbol: str) -> Decimal | None:
        """The price at which a position in this symbol is valued now."""
        return market.mark(self._quotes.get(symbol))

    def age(self, symbol: str, now: datetime) -> timedelta | None:
        """How long ago the last quote was received; None when there never was one."""
        quote = self._quotes.get(symbol)
        return None if quote is None else now - quote.received_at

    def since(self, count: int) -> tuple[int, list[Quote]]:
        """The latest quotes of the symbols that changed after ``count``, and the count now."""
        changed = [self._quotes[symbol] for symbol, at in self._counts.items() if at > count]
        return self.count, changed

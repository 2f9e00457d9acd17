"""
What orders at rest are told: that their market stands still, and that it goes on again.

They wait anyway, so only what lasts is news to them.  A market that closes concerns all of them
at once: they are told a few at a time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from datetime import datetime, timedelta

from msgspec import Struct, field

from adapters.venue.book import Book
from adapters.venue.hours import Hours
from adapters.venue.ticket import Ticket
from adapters.venue.waiting import USUAL, is_news, lasting
from commands.trading import DeferFill

#: What passes within this is no news to an order at rest.
TOLD_AFTER = timedelta(seconds=30)
#: So many are told at a look at the clock.
AT_A_TIME = 50


class Stillness(Struct):
    """Why a market stands still (None while it does not), since when, and who is to be told."""

    reason: str | None = None
    since: datetime | None = None
    told: bool = True
    left: deque[Ticket] = field(default_factory=deque)


class Resting:
    def __init__(self, hours: Hours, max_age: timedelta) -> None:
        self._hours = hours
        self._max_age = max_age
        self._markets: dict[str, Stillness] = {}

    def news(self, symbol: str, book: Book, now: datetime) -> Iterator[DeferFill]:
        """What those at rest in this book are to be told now; one without orders costs nothing."""
        if book.buys.best is None and book.sells.best is None:
            self._markets.pop(symbol, None)
            return
        market = self._markets.setdefault(symbol, Stillness())
        reason = lasting(book, symbol, self._hours, now, self._max_age)
        if reason != market.reason or market.since is None:
            # At first nobody has been told anything, so that all is as usual is no news.
            market.told = market.since is None and reason is None
            market.reason, market.since = reason, now
            market.left.clear()
        if not market.told and now - market.since >= TOLD_AFTER:
            market.told = True
            market.left.extend(book.at_rest())
        for _ in range(min(AT_A_TIME, len(market.left))):
            held = market.left.popleft()
            if held.resting and held.open_qty > 0 and is_news(reason or USUAL, held.deferred):
                yield self._told(held, reason or USUAL, book, now)

    def _told(self, held: Ticket, reason: str, book: Book, now: datetime) -> DeferFill:
        held.deferred = reason
        age = None
        if book.quote is not None:
            age = (now - book.quote.received_at) // timedelta(milliseconds=1)
        return DeferFill(
            at=now,
            account_id=held.order.account_id,
            order_id=held.order.order_id,
            reason=reason,
            quote_age_ms=age,
        )

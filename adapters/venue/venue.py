"""
The paper venue: slices of the market in, fills and cancels of the orders it works out.

Pure and synchronous: time is passed in, and what it sends comes back to it as facts.  The same
orders and slices make the same executions under the same ids, so the venue may be killed and
shown the market again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal
from uuid import UUID

from msgspec.structs import replace

from adapters.venue.book import Book
from adapters.venue.chance import seed_of
from adapters.venue.dealing import Share, dealt, execution
from adapters.venue.hours import Hours
from adapters.venue.terms import facing, queue_ahead, reaches
from adapters.venue.ticket import Standing, Ticket, ticket
from adapters.venue.waiting import Waiting, waiting
from commands.trading import ApplyFill, CancelOrder, ExpireOrder
from domain.market import MAX_AGE, Calendars, Instrument, Quality, Quote, quality
from domain.trading import OrderType, Tif

#: How long the rest of a market order waits at its collar for the market to come back.
PROTECTION = timedelta(seconds=1)

#: An order that may not wait: what it cannot take of its first slice is cancelled.
CancelReason = Literal["IOC", "PRICE_PROTECTION"]
AT_ONCE: dict[Tif, CancelReason] = {Tif.IOC: "IOC"}

Command = ApplyFill | CancelOrder | ExpireOrder


class Venue:
    """The venue's floor without its telephones: see ``Floor`` for those."""

    def __init__(
        self,
        instruments: Iterable[Instrument] = (),
        *,
        calendars: Calendars | None = None,
        max_age: timedelta = MAX_AGE,
        secret: bytes = b"",
    ) -> None:
        """``secret`` is what the seeds of the accounts are made from."""
        self._hours = Hours(instruments, calendars)
        self._max_age = max_age
        self._secret = secret
        self._books: dict[str, Book] = {}
        self._tickets: dict[UUID, Ticket] = {}
        self._refused: list[CancelOrder | ExpireOrder] = []
        self._day_ends: dict[UUID, datetime] = {}
        self._next_end: datetime | None = None

    def __len__(self) -> int:
        """How many orders it works."""
        return len(self._tickets)

    def why(self, order_id: UUID, now: datetime) -> Waiting | None:
        """What this order waits for; None when the venue does not work it."""
        held = self._tickets.get(order_id)
        if held is None:
            return None
        return waiting(held, self._book(held.order.symbol), self._hours, now, self._max_age)

    # ── what the account decided ───────────────────────────────────────────────

    def on_order(self, order: Standing) -> None:
        """Work this order from now on; one it knows stays as it is."""
        if order.order_id in self._tickets:
            return
        self._enter(ticket(order, seed_of(self._secret, order.account_id)))
        if order.tif is not Tif.GTC:
            ends = self._hours.day_ends(order.symbol, order.since)
            self._day_ends[order.order_id] = ends
            self._next_end = min(ends, self._next_end or ends)

    def on_replace(
        self, order_id: UUID, quantity: Decimal, limit: Decimal, since: datetime | None
    ) -> None:
        """The order as it now stands; ``since`` is its new place, None where it keeps it."""
        held = self._leave(order_id)
        if held is None:
            return
        order = replace(held.order, quantity=quantity, limit=limit, since=since or held.order.since)
        held.order = order
        if since is not None:  # a new order in all but name, but the venue need not hear of it
            held.active_at = since
            held.resting = False
            held.ahead = None
        self._enter(held)

    def on_fill(self, order_id: UUID, exec_id: UUID, cum_qty: Decimal) -> None:
        """A fill is booked, ours or not; ``cum_qty`` is the total of the order."""
        held = self._leave(order_id)
        if held is None:
            return
        held.in_flight.pop(exec_id, None)
        held.order = replace(held.order, cum_qty=max(cum_qty, held.order.cum_qty))
        if held.order.cum_qty < held.order.quantity:
            self._enter(held)
        else:
            self._day_ends.pop(order_id, None)

    def on_end(self, order_id: UUID) -> None:
        """The order is cancelled, expired or otherwise done."""
        self._leave(order_id)
        self._day_ends.pop(order_id, None)

    def on_refused(self, command: Command) -> None:
        """
        A command of ours changed nothing.

        The next slice may give cause for a fill again; a cancel is sent again by ``on_time``.
        """
        if not isinstance(command, ApplyFill):
            self._refused.append(command)
            return
        held = self._leave(command.order_id)
        if held is not None:
            held.in_flight.pop(command.exec_id, None)
            self._enter(held)

    def _enter(self, held: Ticket) -> None:
        self._tickets[held.order.order_id] = held
        if held.open_qty > 0:
            self._book(held.order.symbol).add(held)

    def _book(self, symbol: str) -> Book:
        book = self._books.get(symbol)
        if book is None:
            book = self._books[symbol] = Book()
        return book

    def _leave(self, order_id: UUID) -> Ticket | None:
        held = self._tickets.pop(order_id, None)
        if held is not None:
            self._book(held.order.symbol).remove(held)
        return held

    # ── what the market did ────────────────────────────────────────────────────

    def on_quote(self, quote: Quote, now: datetime) -> Sequence[Command]:
        """The fills of this slice in price-time order, then the cancels it gives cause for."""
        book = self._book(quote.symbol)
        before, book.quote = book.quote, quote
        if quote.bid is not None or quote.ask is not None:
            book.quoted = True
        if not book.taking and not book.reached_by(quote):
            return ()
        if before is not None and (before.seq, before.source) == (quote.seq, quote.source):
            return ()
        if quality(quote, now, self._max_age) is not Quality.FRESH:
            return ()
        if self._hours.closed(quote.symbol, now):
            return ()
        shares = dealt(book, quote, self._hours.of(quote.symbol))
        fills = [self._fill(share, book, quote, now) for share in shares]
        return [*fills, *self._settled(book, quote, now)]

    def _fill(self, share: Share, book: Book, quote: Quote, now: datetime) -> ApplyFill:
        held = share.held
        fill = execution(share, book, quote, now, self._hours.of(quote.symbol))
        held.in_flight[fill.exec_id] = fill.quantity
        if held.open_qty <= 0:
            book.remove(held)
        return fill

    def _settled(self, book: Book, quote: Quote, now: datetime) -> Iterator[Command]:
        """What becomes of those who could take from this slice, and have something left."""
        for held in tuple(book.taking.values()):
            if quote.received_at < held.active_at:
                continue
            order = held.order
            price, told = facing(held, quote, book.quoted)
            if not told:
                continue  # no trade, no news
            if order.tif in AT_ONCE:
                yield self._cancel(held, AT_ONCE[order.tif], now)
            elif price is not None and reaches(price, order.limit, order.side):
                held.beyond_since = None
            elif order.order_type is OrderType.LIMIT:
                held.resting = True
                if held.model.queues:
                    held.ahead = queue_ahead(held, quote)
                del book.taking[order.order_id]
            elif price is not None:
                held.beyond_since = held.beyond_since or now
                if now - held.beyond_since >= PROTECTION:
                    yield self._cancel(held, "PRICE_PROTECTION", now)

    def _cancel(self, held: Ticket, reason: CancelReason, now: datetime) -> CancelOrder:
        self._end(held)
        order = held.order
        return CancelOrder(
            at=now, account_id=order.account_id, order_id=order.order_id, reason=reason
        )

    def _end(self, held: Ticket) -> None:
        self._books[held.order.symbol].remove(held)
        held.ending = True

    # ── what the clock did ─────────────────────────────────────────────────────

    def on_time(self, now: datetime) -> Sequence[Command]:
        """
        Cancel what waits in vain for a slice, and expire what was good for the day.

        An immediate order waits for a fresh slice as long as a quote stays fresh.  Ask several
        times a second.
        """
        refused, self._refused = self._refused, []
        commands: list[Command] = [
            replace(command, at=now) for command in refused if command.order_id in self._tickets
        ]
        for book in self._books.values():
            for held in tuple(book.taking.values()):
                tif = held.order.tif
                if tif in AT_ONCE and now - held.active_at > self._max_age:
                    commands.append(self._cancel(held, AT_ONCE[tif], now))
                elif held.beyond_since is not None and now - held.beyond_since >= PROTECTION:
                    commands.append(self._cancel(held, "PRICE_PROTECTION", now))
        if self._next_end is not None and now >= self._next_end:
            commands += self._expired(now)
        return commands

    def _expired(self, now: datetime) -> list[ExpireOrder]:
        over = [order_id for order_id, ends in self._day_ends.items() if ends <= now]
        expired = []
        for order_id in over:
            del self._day_ends[order_id]
            held = self._tickets[order_id]
            if not held.ending:
                self._end(held)
                account_id = held.order.account_id
                expired.append(ExpireOrder(at=now, account_id=account_id, order_id=order_id))
        self._next_end = min(self._day_ends.values(), default=None)
        return expired

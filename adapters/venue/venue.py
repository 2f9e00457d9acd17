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
from uuid import UUID

from msgspec.structs import replace

from adapters.venue.book import Book
from adapters.venue.chance import seed_of
from adapters.venue.dealing import dealt
from adapters.venue.endings import Endings
from adapters.venue.held import Held
from adapters.venue.hours import Hours
from adapters.venue.rest import Resting
from adapters.venue.sent import AT_ONCE, PROTECTION, CancelReason, Command
from adapters.venue.terms import facing, queue_ahead, reaches
from adapters.venue.ticket import Standing, Ticket, ticket
from adapters.venue.waiting import Waiting, news, waiting
from commands.trading import (
    AdjustTrail,
    ApplyFill,
    CancelOrder,
    DeferFill,
    ExpireOrder,
    RecordTrigger,
)
from domain.market import MAX_AGE, Calendars, Instrument, Quality, Quote, mark, quality
from domain.trading import Condition, OrderType


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
        self._endings = Endings(self._hours)
        self._held = Held()
        self._resting = Resting(self._hours, max_age)
        self._max_age = max_age
        self._secret = secret
        self._books: dict[str, Book] = {}
        self._tickets: dict[UUID, Ticket] = {}
        self._refused: list[CancelOrder | ExpireOrder] = []

    def __len__(self) -> int:
        """How many orders it works or holds."""
        return len(self._tickets) + len(self._held)

    def why(self, order_id: UUID, now: datetime) -> Waiting | None:
        """What this order waits for; None when the venue does not work it."""
        held = self._tickets.get(order_id)
        if held is None:
            return None
        return waiting(held, self._book(held.order.symbol), self._hours, now, self._max_age)

    # ── what the account decided ───────────────────────────────────────────────

    def on_order(self, order: Standing) -> None:
        """Work this order from now on, or hold it; one it knows stays as it is."""
        if order.order_id in self._tickets or self._held.get(order.order_id) is not None:
            return
        if order.paused:
            self._held.pause(order)
        elif order.condition is None:
            begins = self._hours.waits_until(order.symbol, order.tif, order.since)
            self._enter(ticket(order, seed_of(self._secret, order.account_id), begins))
        else:
            self._held.take(order)
        self._endings.note(order)

    def on_hold(self, order_id: UUID, condition: Condition, stop: Decimal | None) -> None:
        """A held order waits for something else from now on."""
        self._held.change(order_id, condition=condition, stop=stop)

    def on_pause(self, order_id: UUID) -> None:
        """The order is suspended, or rests over night."""
        working = self._leave(order_id)
        order = working.order if working else self._held.release(order_id)
        if order is not None:
            self._held.pause(order)

    def on_release(self, order_id: UUID) -> None:
        """It works, or is held, as before."""
        order = self._held.resume(order_id)
        if order is not None:
            self.on_order(order)

    def on_trail(self, order_id: UUID, stop: Decimal) -> None:
        """Its stop has followed the market so far, as the account knows."""
        self._held.trailed(order_id, stop)

    def on_trigger(self, order_id: UUID, works_as: OrderType, limit: Decimal, at: datetime) -> None:
        """A held order works from the next slice on."""
        order = self._held.release(order_id)
        if order is None:
            return
        works = replace(
            order, order_type=works_as, limit=limit, since=at, condition=None, stop=None
        )
        working = ticket(works, seed_of(self._secret, order.account_id))
        working.active_at = at
        self._enter(working)

    def on_replace(
        self,
        order_id: UUID,
        quantity: Decimal,
        limit: Decimal,
        since: datetime | None,
        stop: Decimal | None = None,
    ) -> None:
        """The order as it now stands; ``since`` is its new place, None where it keeps it."""
        waiting_for = self._held.get(order_id)
        if waiting_for is not None:
            stop = stop or waiting_for.stop
            self._held.change(order_id, quantity=quantity, limit=limit, stop=stop)
        held = self._leave(order_id)
        if held is None:
            return
        since_then = since or held.order.since
        held.order = replace(held.order, quantity=quantity, limit=limit, since=since_then)
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
        held.deferred = None
        if held.order.display_qty is not None:
            held.ahead = None  # what is shown next comes behind those who show theirs already
        held.order = replace(held.order, cum_qty=max(cum_qty, held.order.cum_qty))
        if held.order.cum_qty < held.order.quantity:
            self._enter(held)
        else:
            self._endings.forget(order_id)

    def on_end(self, order_id: UUID) -> None:
        """The order is cancelled, expired or otherwise done."""
        if (working := self._leave(order_id)) is not None:
            working.ending = True  # for whoever still has it on a list
        self._held.release(order_id)
        self._endings.forget(order_id)

    def on_refused(self, command: Command) -> None:
        """
        A command of ours changed nothing.

        The next slice may give cause for a fill again; a cancel is sent again by ``on_time``.
        """
        match command:
            case ApplyFill():
                held = self._leave(command.order_id)
                if held is not None:
                    held.in_flight.pop(command.exec_id, None)
                    self._enter(held)
            case RecordTrigger():
                self._held.again(command.order_id)
            case CancelOrder() | ExpireOrder():
                self._refused.append(command)
            case AdjustTrail() | DeferFill():
                pass  # it is told again when there is more to tell

    def _enter(self, held: Ticket) -> None:
        self._tickets[held.order.order_id] = held
        if held.open_qty > 0:
            self._book(held.order.symbol).add(held)

    def _book(self, symbol: str) -> Book:
        return self._books.get(symbol) or self._books.setdefault(symbol, Book())

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
        held = self._held.waits(quote.symbol)
        if not held and not book.taking and not book.reached_by(quote):
            return ()
        if before is not None and (before.seq, before.source) == (quote.seq, quote.source):
            return ()
        if quality(quote, now, self._max_age) is not Quality.FRESH:
            return ()
        if self._hours.closed(quote.symbol, now):
            return ()
        listed = self._hours.of(quote.symbol)
        commands: list[Command] = [*dealt(book, quote, listed, now)]
        commands += self._settled(book, quote, now)
        if held and listed is not None:
            commands += self._held.seen(quote, listed, self._underlying(listed), now)
        return commands

    def _underlying(self, listed: Instrument) -> Decimal | None:
        """The price of what a derivative is derived from, as far as this venue has seen it."""
        book = self._books.get(listed.underlying or "")
        return None if book is None else mark(book.quote)

    def _settled(self, book: Book, quote: Quote, now: datetime) -> Iterator[Command]:
        """What becomes of those who could take from this slice, and have something left."""
        for held in tuple(book.taking.values()):
            if quote.received_at < held.active_at:
                continue
            order = held.order
            price, told = facing(held, quote, book.quoted)
            if not told:
                continue  # no trade, no news
            if held.only_posts and price is not None and reaches(price, order.limit, order.side):
                yield self._cancel(held, "ORDER_WOULD_TAKE", now)
            elif order.tif in AT_ONCE:
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
        for symbol, book in self._books.items():
            commands += self._resting.news(symbol, book, now)
            for held in tuple(book.taking.values()):
                tif = held.order.tif
                if tif in AT_ONCE and now - held.active_at > self._max_age:
                    commands.append(self._cancel(held, AT_ONCE[tif], now))
                elif held.beyond_since is not None and now - held.beyond_since >= PROTECTION:
                    commands.append(self._cancel(held, "PRICE_PROTECTION", now))
                elif tif not in AT_ONCE:
                    commands += news(held, book, self._hours, now, self._max_age)
        return [*commands, *self._expired(now)]

    def _expired(self, now: datetime) -> Iterator[ExpireOrder]:
        for order_id, reason in self._endings.due(now):
            working = self._tickets.get(order_id)
            order = working.order if working else self._held.get(order_id)
            if order is None or (working is not None and working.ending):
                continue
            if working is not None:
                self._end(working)
            yield ExpireOrder(at=now, account_id=order.account_id, order_id=order_id, reason=reason)

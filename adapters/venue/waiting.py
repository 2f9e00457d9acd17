"""Why an order is not filled: the question traders ask most."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct

from adapters.venue.book import Book
from adapters.venue.hours import Hours, within_bands
from adapters.venue.terms import offers
from adapters.venue.ticket import Ticket
from domain.market import Quality, quality


class Waiting(Struct, frozen=True):
    """
    What an order waits for, and the age of the last quote (None when there was none).

    ``reason`` is a quality other than FRESH, or SESSION_CLOSED, INSTRUMENT_HALTED, LATENCY,
    PRICE_NOT_REACHED, PRICE_PROTECTION, OUT_OF_BAND, SIZE_USED_UP or IN_FLIGHT (a fill or a
    cancel is on its way to the account).
    """

    reason: str
    quote_age_ms: int | None


def waiting(held: Ticket, book: Book, hours: Hours, now: datetime, max_age: timedelta) -> Waiting:
    age = None
    if book.quote is not None:
        age = (now - book.quote.received_at) // timedelta(milliseconds=1)
    return Waiting(_reason(held, book, hours, now, max_age), age)


def _reason(held: Ticket, book: Book, hours: Hours, now: datetime, max_age: timedelta) -> str:
    quote, symbol = book.quote, held.order.symbol
    if held.open_qty <= 0:
        return "IN_FLIGHT"
    closed = hours.closed(symbol, now)
    if closed:
        return closed
    verdict = quality(quote, now, max_age)
    if quote is None or verdict is not Quality.FRESH:
        return str(verdict)
    if quote.received_at < held.active_at:
        return "LATENCY"
    if held.beyond_since is not None:
        return "PRICE_PROTECTION"
    terms = offers(held, quote, book.quoted)
    if not terms:
        return "PRICE_NOT_REACHED"
    return "SIZE_USED_UP" if within_bands(terms[0].price, hours.of(symbol)) else "OUT_OF_BAND"

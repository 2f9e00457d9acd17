"""Why an order is not filled: the question traders ask most."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from msgspec import Struct

from adapters.venue.book import Book
from adapters.venue.hours import Hours, within_bands
from adapters.venue.terms import offers
from adapters.venue.ticket import Ticket
from commands.trading import DeferFill
from domain.market import Quality, quality
from domain.trading import Tif

#: What passes by itself in a moment is no news.
NEWS_AFTER = timedelta(seconds=1)
_PASSING = frozenset({"LATENCY", "IN_FLIGHT", "PRICE_PROTECTION"})
USUAL = "PRICE_NOT_REACHED"
_AUCTIONS = {Tif.OPG: "AWAITS_OPEN", Tif.CLS: "AWAITS_CLOSE"}


class Waiting(Struct, frozen=True):
    """
    What an order waits for, and the age of the last quote (None when there was none).

    ``reason`` is a quality other than FRESH, or SESSION_CLOSED, INSTRUMENT_HALTED, LATENCY,
    AWAITS_OPEN, AWAITS_CLOSE, PRICE_NOT_REACHED, PRICE_PROTECTION, OUT_OF_BAND, SIZE_USED_UP
    or IN_FLIGHT (a fill or a cancel is on its way to the account).
    """

    reason: str
    quote_age_ms: int | None


def is_news(reason: str, told: str | None) -> bool:
    """Whether an account shall hear of it: a new reason, and not that all is as usual."""
    return reason not in _PASSING and reason != told and (reason != USUAL or told is not None)


def news(
    held: Ticket, book: Book, hours: Hours, now: datetime, max_age: timedelta
) -> Iterator[DeferFill]:
    """Why an order that could take is not filled, when that is news to its account."""
    if now - held.active_at < NEWS_AFTER:
        return
    wait = waiting(held, book, hours, now, max_age)
    if not is_news(wait.reason, held.deferred):
        return
    held.deferred = wait.reason
    yield DeferFill(
        at=now,
        account_id=held.order.account_id,
        order_id=held.order.order_id,
        reason=wait.reason,
        quote_age_ms=wait.quote_age_ms,
    )


def lasting(book: Book, symbol: str, hours: Hours, now: datetime, max_age: timedelta) -> str | None:
    """Why nothing of a symbol is dealt in at all, None when it is."""
    verdict = quality(book.quote, now, max_age)
    return hours.closed(symbol, now) or (None if verdict is Quality.FRESH else str(verdict))


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
        return _AUCTIONS.get(held.order.tif, "LATENCY")
    if held.beyond_since is not None:
        return "PRICE_PROTECTION"
    terms = offers(held, quote, book.quoted)
    if not terms:
        return "PRICE_NOT_REACHED"
    return "SIZE_USED_UP" if within_bands(terms[0].price, hours.of(symbol)) else "OUT_OF_BAND"

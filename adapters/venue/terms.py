"""
The fill model TOP_OF_BOOK@1: at what price, and for how much, a slice fills an order.

* A buy takes the ask and a sell the bid, up to the size displayed to each account.
* An order that came to rest is filled at its own limit, when the other side comes to it
  (again up to the size displayed) or a trade prints strictly through it (up to its size).
* Where no book exists at all, a new order is filled at the last trade, up to its size, and
  the fill is marked DEGRADED.

Nothing is filled beyond what a slice shows.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from msgspec import Struct

from adapters.venue.ticket import Ticket
from domain.market import Quote
from domain.trading import Side

MODEL = "TOP_OF_BOOK@1"
#: A slice may fill an order only when it was received this long after the order was accepted.
LATENCY = timedelta(milliseconds=200)


class Rule(StrEnum):
    MARKETABLE = "MARKETABLE"
    RESTING_REACHED = "RESTING_REACHED"
    TRADED_THROUGH = "TRADED_THROUGH"
    LAST_PRICE = "LAST_PRICE"


class Terms(Struct, frozen=True):
    """``pool`` is what the size is taken from: one side of the book, or the print."""

    price: Decimal
    size: Decimal
    pool: Literal["bid", "ask", "last"]
    rule: Rule


def touch(quote: Quote, side: Side) -> tuple[Decimal | None, Decimal | None]:
    """The price and the size that an order of this side would take."""
    return (quote.ask, quote.ask_size) if side is Side.BUY else (quote.bid, quote.bid_size)


def printed(quote: Quote) -> tuple[Decimal | None, Decimal | None]:
    """The trade of this very slice."""
    return (quote.last, quote.last_size) if quote.last_size is not None else (None, None)


def reaches(price: Decimal, limit: Decimal, side: Side) -> bool:
    return price <= limit if side is Side.BUY else price >= limit


def terms(ticket: Ticket, quote: Quote, quoted: bool) -> Terms | None:
    """The terms this slice offers; ``quoted`` says that the symbol has a book."""
    side, limit = ticket.order.side, ticket.order.limit
    price, size = touch(quote, side)
    if price is not None and size and reaches(price, limit, side):
        pool: Literal["bid", "ask"] = "ask" if side is Side.BUY else "bid"
        if ticket.resting:
            return Terms(limit, size, pool, Rule.RESTING_REACHED)
        return Terms(price, size, pool, Rule.MARKETABLE)
    price, size = printed(quote)
    if price is None or not size or not reaches(price, limit, side):
        return None
    if ticket.resting:
        return Terms(limit, size, "last", Rule.TRADED_THROUGH) if price != limit else None
    return None if quoted else Terms(price, size, "last", Rule.LAST_PRICE)

"""
At what price, and for how much, a slice fills an order under its fill model.

* A buy takes the ask and a sell the bid, up to the size displayed to each account (or level by
  level, or the whole of it, where the model says so).
* An order that came to rest is filled at its own limit, when the other side comes to it
  (again up to the size displayed) or a trade prints strictly through it (up to its size); a
  trade exactly at its limit counts only under a model that knows a queue.
* Where no book exists at all, a new order is filled at the last trade, up to its size, and
  the fill is marked DEGRADED.

Nothing but INSTANT fills beyond what a slice shows.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from adapters.venue.chance import chance
from adapters.venue.ticket import Ticket
from domain.market import Instrument, Quote
from domain.market.quote import Kind
from domain.money import ZERO, round_down_to, round_up_to
from domain.trading import Sees, Side

#: Slices that tell one bar: the first of them is its open (see ``adapters.feeds.bars``).
OF_A_BAR = 4


class Rule(StrEnum):
    MARKETABLE = "MARKETABLE"
    RESTING_REACHED = "RESTING_REACHED"
    TRADED_THROUGH = "TRADED_THROUGH"
    TRADED_AT = "TRADED_AT"
    LAST_PRICE = "LAST_PRICE"
    BAR_OPEN = "BAR_OPEN"


#: The rules by which an order takes what is there, so that slippage makes them worse.
TAKING = frozenset({Rule.MARKETABLE, Rule.LAST_PRICE, Rule.BAR_OPEN})


class Terms(Struct, frozen=True):
    """
    ``size`` is None where it is no limit; ``pool`` is what the size is taken from: a level of
    one side of the book, or the print.  ``ahead`` is the queue that is left before this order.
    """

    price: Decimal
    size: Decimal | None
    pool: str
    rule: Rule
    kind: Kind = "QUOTE"
    level: int | None = None
    u: Decimal | None = None
    ahead: Decimal | None = None


def touch(quote: Quote, side: Side) -> tuple[Decimal | None, Decimal | None]:
    """The price and the size that an order of this side would take."""
    return (quote.ask, quote.ask_size) if side is Side.BUY else (quote.bid, quote.bid_size)


def printed(quote: Quote) -> tuple[Decimal | None, Decimal | None]:
    """The trade of this very slice."""
    return (quote.last, quote.last_size) if quote.last_size is not None else (None, None)


def reaches(price: Decimal, limit: Decimal, side: Side) -> bool:
    return price <= limit if side is Side.BUY else price >= limit


def facing(ticket: Ticket, quote: Quote, quoted: bool) -> tuple[Decimal | None, bool]:
    """What an order that takes would meet, and whether the slice says anything about that."""
    sees = ticket.model.sees
    if sees is Sees.BARS and not _opens(quote):
        return None, False
    if quoted and sees in {Sees.TOUCH, Sees.DEPTH}:
        return touch(quote, ticket.order.side)[0], True
    price = printed(quote)[0]
    return price, price is not None


def offers(ticket: Ticket, quote: Quote, quoted: bool) -> tuple[Terms, ...]:
    """The terms this slice offers, best first; ``quoted`` says that the symbol has a book."""
    match ticket.model.sees:
        case Sees.BARS:
            found = _of_a_bar(ticket, quote)
        case Sees.PRINTS:
            found = _of_a_print(ticket, quote, quoted=False)
        case Sees.DEPTH if not ticket.resting and _levels(quote, ticket.order.side):
            return tuple(_through_the_book(ticket, quote))
        case _:
            found = _of_the_touch(ticket, quote) or _of_a_print(ticket, quote, quoted)
    return () if found is None else (found,)


def slipped(ticket: Ticket, offer: Terms, quantity: Decimal, listed: Instrument) -> Decimal:
    """The price after slippage: adverse, on the tick, within the order's limit and the bands."""
    model, order, tick = ticket.model, ticket.order, listed.tick_size
    if offer.rule not in TAKING or not (model.slip_ticks or model.impact):
        return offer.price
    worse = model.slip_ticks * tick
    if model.impact and offer.size:
        share = min(quantity / offer.size, model.share_max)
        worse += model.impact * share * share * offer.price
    if order.side is Side.BUY:
        most = min(order.limit, listed.upper_band or order.limit)
        return max(offer.price, min(round_up_to(offer.price + worse, tick), most))
    least = max(order.limit, listed.lower_band or order.limit)
    return min(offer.price, max(round_down_to(offer.price - worse, tick), least))


def queue_ahead(ticket: Ticket, quote: Quote) -> Decimal | None:
    """How much was displayed before an order that comes to rest now; None where nobody knows."""
    order = ticket.order
    other = Side.SELL if order.side is Side.BUY else Side.BUY
    price, size = touch(quote, other)
    if price is None:
        return None
    if price == order.limit:
        return size
    return None if reaches(order.limit, price, order.side) else ZERO


def _of_the_touch(ticket: Ticket, quote: Quote) -> Terms | None:
    order = ticket.order
    price, size = touch(quote, order.side)
    if price is None or not size or not reaches(price, order.limit, order.side):
        return None
    pool = "ask" if order.side is Side.BUY else "bid"
    if ticket.model.whole:
        size = None
    if ticket.resting:
        return Terms(order.limit, size, pool, Rule.RESTING_REACHED)
    return Terms(price, size, pool, Rule.MARKETABLE)


def _through_the_book(ticket: Ticket, quote: Quote) -> Iterator[Terms]:
    order = ticket.order
    pool = "ask" if order.side is Side.BUY else "bid"
    for nth, (price, size) in enumerate(_levels(quote, order.side), 1):
        if not reaches(price, order.limit, order.side):
            return
        yield Terms(price, size, f"{pool}{nth}", Rule.MARKETABLE, "DEPTH", nth)


def _of_a_print(ticket: Ticket, quote: Quote, quoted: bool) -> Terms | None:
    side, limit = ticket.order.side, ticket.order.limit
    price, size = printed(quote)
    if price is None or not size or not reaches(price, limit, side):
        return None
    if not ticket.resting:
        return None if quoted else Terms(price, size, "last", Rule.LAST_PRICE, "TRADE")
    if price != limit:
        return Terms(limit, size, "last", Rule.TRADED_THROUGH, "TRADE")
    return _at_the_limit(ticket, quote, size) if ticket.model.at_the_limit else None


def _at_the_limit(ticket: Ticket, quote: Quote, size: Decimal) -> Terms | None:
    """A trade at the limit: whoever was ahead comes first, and where nobody knows, chance."""
    limit, ahead = ticket.order.limit, ticket.ahead
    if ahead is None and ticket.model.queues:
        ahead = queue_ahead(ticket, quote)
    if ahead is not None:
        left, rest = max(ahead - size, ZERO), max(size - ahead, ZERO)
        return Terms(limit, rest, "last", Rule.TRADED_AT, "TRADE", ahead=left)
    u = chance(ticket.seed, ticket.order.order_id, quote, "touch")
    if u >= ticket.model.p_touch:
        return None
    return Terms(limit, size, "last", Rule.TRADED_AT, "TRADE", u=u)


def _of_a_bar(ticket: Ticket, quote: Quote) -> Terms | None:
    """A new order deals at the next open; one at rest at an open beyond it, or its limit."""
    side, limit = ticket.order.side, ticket.order.limit
    price, size = printed(quote)
    if price is None or not size or not reaches(price, limit, side):
        return None
    if _opens(quote) and (price != limit or not ticket.resting):
        return Terms(price, size, "last", Rule.BAR_OPEN, "BAR")
    if ticket.resting and price != limit:
        return Terms(limit, size, "last", Rule.TRADED_THROUGH, "BAR")
    return None


def _opens(quote: Quote) -> bool:
    return quote.seq % OF_A_BAR == 0


def _levels(quote: Quote, side: Side) -> tuple[tuple[Decimal, Decimal], ...]:
    return quote.asks if side is Side.BUY else quote.bids

"""
Dealing: who gets how much of what a slice shows, and the execution that comes of it.

Accounts do not compete with each other; the orders of one account share what is displayed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID, uuid5

from adapters.venue.book import Book, Rank
from adapters.venue.hours import within_bands
from adapters.venue.terms import Terms, offers, printed, slipped, touch
from adapters.venue.ticket import Ticket
from commands.trading import ApplyFill
from domain.market import Instrument, Quote, witness
from domain.money import ZERO, round_down_to
from domain.trading import Sees, Side, Tif

#: What is left of a pool for each account.
Pools = dict[tuple[str, UUID], Decimal]


class Share(NamedTuple):
    """What an order gets, on which terms."""

    held: Ticket
    terms: Terms
    quantity: Decimal

    @property
    def turn(self) -> tuple[Side, Rank]:
        return self.held.order.side, self.held.rank


def dealt(book: Book, quote: Quote, listed: Instrument | None, now: datetime) -> list[ApplyFill]:
    """The fills of this slice in the order of price and time; from now on they are in flight."""
    shares = sorted(_dealt(book, quote, listed), key=_turn)
    return [_sent(share, book, quote, now, listed) for share in shares]


def _sent(
    share: Share, book: Book, quote: Quote, now: datetime, listed: Instrument | None
) -> ApplyFill:
    held, fill = share.held, execution(share, book, quote, now, listed)
    held.in_flight[fill.exec_id] = fill.quantity
    if held.open_qty <= 0:
        book.remove(held)
    return fill


def execution(
    share: Share, book: Book, quote: Quote, now: datetime, listed: Instrument | None
) -> ApplyFill:
    """The same order and the same slice make the same execution under the same id."""
    held, terms, quantity = share
    order = held.order
    seen = f"{quote.source}:{quote.seq}"
    blind = held.model.sees is Sees.PRINTS or not book.quoted
    return ApplyFill(
        at=now,
        account_id=order.account_id,
        order_id=order.order_id,
        exec_id=uuid5(order.order_id, f"{seen}:{terms.level}" if terms.level else seen),
        quantity=quantity,
        price=slipped(held, terms, quantity, listed) if listed else terms.price,
        evidence=witness(
            quote,
            now,
            kind=terms.kind,
            rule=terms.rule,
            model=held.model.name,
            quality="DEGRADED" if blind else "FRESH",
            level=terms.level,
            level_size=terms.size if terms.level else None,
            u=terms.u,
        ),
        executed_at=now,
    )


def _dealt(book: Book, quote: Quote, listed: Instrument | None) -> Iterator[Share]:
    left: Pools = {}
    for side in Side:
        prices = (touch(quote, side)[0], printed(quote)[0])
        known = [price for price in prices if price is not None]
        if not known:
            continue
        furthest = min(known) if side is Side.BUY else max(known)
        for line in book.side(side).lines(furthest):
            for held in line:
                if quote.received_at < held.active_at or held.only_posts:
                    continue
                terms = offers(held, quote, book.quoted)
                if not terms or not within_bands(terms[0].price, listed):
                    continue
                shares = _shares(held, terms, left, listed)
                if shares:
                    yield from shares
                elif terms[0].ahead is None and held.order.tif is not Tif.FOK:
                    break  # whoever is behind in the line of this account waits as well


def _shares(
    held: Ticket, terms: Sequence[Terms], left: Pools, listed: Instrument | None
) -> list[Share]:
    """What an order gets of what its account has not taken yet: all of it, or none for FOK."""
    wanted = held.shown_qty
    shares: list[Share] = []
    for offer in terms:
        if offer.ahead is not None:
            held.ahead = offer.ahead
        rest = wanted if offer.size is None else left.get(_pool(held, offer), offer.size)
        quantity = min(wanted, rest) if within_bands(offer.price, listed) else ZERO
        if listed is not None:
            quantity = round_down_to(quantity, listed.step)
        if quantity > 0:
            shares.append(Share(held, offer, quantity))
            wanted -= quantity
    if held.order.tif is Tif.FOK and wanted > 0:
        return []
    for _, offer, quantity in shares:
        if offer.size is not None:
            pool = _pool(held, offer)
            left[pool] = left.get(pool, offer.size) - quantity
    return shares


def _pool(held: Ticket, offer: Terms) -> tuple[str, UUID]:
    return offer.pool, held.order.account_id


def _turn(share: Share) -> tuple[Side, Rank]:
    return share.turn

"""Closing what is held: one position, or every one of them."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from uuid import UUID, uuid5

from msgspec import Struct

from commands.trading.base import AccountCommand
from commands.trading.place import PlaceOrder
from domain.base import Event, Events, Role, fold
from domain.errors import Illegal
from domain.market import MAX_AGE, Instrument, Quote
from domain.money import ZERO
from domain.trading import (
    Account,
    Bound,
    Order,
    OrderType,
    Origin,
    Position,
    Product,
    Side,
    Tif,
    holding,
)


class ClosePosition(AccountCommand, frozen=True, kw_only=True):
    """Trade out of what is held and not on its way out yet, or of the part that is asked for."""

    order_id: UUID
    product: Product
    instrument: Instrument
    quote: Quote | None = None
    quote_max_age: timedelta = MAX_AGE
    quantity: Decimal | None = None
    price: Decimal | None = None
    bounds: tuple[Bound, ...] = ()

    def decide(self, account: Account) -> Events:
        held = account.position(self.instrument.symbol, self.product)
        if held.quantity == ZERO:
            raise Illegal("POSITION_FLAT", symbol=self.instrument.symbol)
        side = side_out_of(held)
        closable = held.closable(side)
        quantity = self.quantity if self.quantity is not None else closable
        if quantity > closable or closable == ZERO:
            raise Illegal(
                "POSITION_INSUFFICIENT_QTY",
                sellable=f"{closable:f}",
                held=f"{held.quantity:f}",
                in_orders=f"{abs(held.quantity) - closable:f}",
            )
        order = Order(
            symbol=self.instrument.symbol,
            side=side,
            quantity=quantity,
            order_type=OrderType.MARKET if self.price is None else OrderType.LIMIT,
            product=self.product,
            price=self.price,
            tif=Tif.DAY,
            multiplier=self.instrument.multiplier,
            asset=self.instrument.type,
        )
        return PlaceOrder(
            at=self.at,
            account_id=self.account_id,
            order_id=self.order_id,
            order=order,
            instrument=self.instrument,
            quote=self.quote,
            quote_max_age=self.quote_max_age,
            bounds=self.bounds,
        ).decide(account)


def side_out_of(held: Position) -> Side:
    return Side.SELL if held.quantity > 0 else Side.BUY


class Listing(Struct, frozen=True, kw_only=True):
    """An instrument as it trades now."""

    instrument: Instrument
    quote: Quote | None = None


class CloseAll(AccountCommand, frozen=True, kw_only=True):
    """
    Trade out of everything that is held, at the market.

    ``listings`` are the instruments held, as far as the edge knows them; ``close_id`` names
    the orders.  What cannot be closed now is recorded as refused, and the rest goes on.
    """

    allowed = Role.TRADER | Role.SYSTEM

    close_id: UUID
    listings: tuple[Listing, ...]
    quote_max_age: timedelta = MAX_AGE
    origin: Origin = Origin.USER
    bounds: tuple[Bound, ...] = ()

    def decide(self, account: Account) -> Events:
        known = {one.instrument.symbol: one for one in self.listings}
        facts: list[Event] = []
        for key, held in sorted(account.positions.items()):
            symbol, product = key.rsplit("/", 1)
            side = side_out_of(held)
            if symbol not in known or not held.closable(side):
                continue
            new = self._close(known[symbol], Product(product), side, held.closable(side), account)
            account = fold(account, new)
            facts += new
        return tuple(facts)

    def _close(
        self, listing: Listing, product: Product, side: Side, quantity: Decimal, account: Account
    ) -> Events:
        instrument = listing.instrument
        order = Order(
            symbol=instrument.symbol,
            side=side,
            quantity=quantity,
            order_type=OrderType.MARKET,
            product=product,
            multiplier=instrument.multiplier,
            asset=instrument.type,
        )
        return PlaceOrder(
            at=self.at,
            account_id=self.account_id,
            order_id=uuid5(self.close_id, holding(instrument.symbol, product)),
            order=order,
            instrument=instrument,
            quote=listing.quote,
            quote_max_age=self.quote_max_age,
            origin=self.origin,
            bounds=self.bounds,
        ).decide(account)

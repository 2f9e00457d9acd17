"""Brackets: an entry, and the exits that work for as much as has been entered."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid5

from msgspec.structs import replace

from commands.trading.base import AccountCommand
from commands.trading.place import PlaceOrder
from domain.base import Events, fold
from domain.errors import Invalid
from domain.market import MAX_AGE, Instrument, Quote
from domain.trading import (
    LONG_ONLY,
    Account,
    Bound,
    Group,
    GroupKind,
    GroupRole,
    Order,
    OrderRejected,
    OrderType,
    Origin,
    Side,
    Tif,
)
from domain.trading.reservation import touch


class PlaceBracket(AccountCommand, frozen=True, kw_only=True):
    """
    Place an entry with its exits: one takes the profit, one stops the loss.

    The exits are held until the entry is filled, for as much as is filled; what one of them
    fills the other has less.  ``stop_limit`` is the worst price of the stop once it is set off,
    a trail replaces its fixed price.
    """

    order_id: UUID
    order: Order
    instrument: Instrument
    take_profit: Decimal | None = None
    stop_loss: Decimal | None = None
    stop_limit: Decimal | None = None
    quote: Quote | None = None
    quote_max_age: timedelta = MAX_AGE
    client_order_id: str | None = None
    underlying: Decimal | None = None
    open_now: bool = True
    next_open: datetime | None = None
    bounds: tuple[Bound, ...] = ()
    origin: Origin = Origin.USER

    def __post_init__(self) -> None:
        if self.take_profit is None and self.stop_loss is None:
            raise _invalid("take_profit", "given, or stop_loss, or both")
        if self.stop_limit is not None and self.stop_loss is None:
            raise _invalid("stop_limit", "given with stop_loss only")
        if self.order.notional is not None:
            raise _invalid("notional", "absent: the exits share a quantity")
        if self.order.reduce_only:
            raise _invalid("reduce_only", "absent from an entry")

    def decide(self, account: Account) -> Events:
        self._demand_around_the_entry()
        entry = self._asked(self.order_id, self.order, GroupRole.ENTRY)
        entry = replace(entry, client_order_id=self.client_order_id, quote=self.quote)
        facts = entry.decide(account)
        if isinstance(facts[0], OrderRejected):
            return facts
        account = fold(account, facts)
        for role, exit_ in self._exits():
            new = self._asked(uuid5(self.order_id, role), exit_, role).decide(account)
            account = fold(account, new)
            facts += new
        return facts

    def _asked(self, order_id: UUID, order: Order, role: GroupRole) -> PlaceOrder:
        return PlaceOrder(
            at=self.at,
            account_id=self.account_id,
            order_id=order_id,
            order=replace(order, group=Group(self.order_id, GroupKind.BRACKET, role)),
            instrument=self.instrument,
            quote_max_age=self.quote_max_age,
            underlying=self.underlying,
            open_now=self.open_now,
            next_open=self.next_open,
            bounds=self.bounds,
            origin=self.origin,
        )

    def _exits(self) -> list[tuple[GroupRole, Order]]:
        entry = self.order
        way_out = Order(
            symbol=entry.symbol,
            side=Side.SELL if entry.side is Side.BUY else Side.BUY,
            quantity=entry.quantity,
            order_type=OrderType.LIMIT,
            product=entry.product,
            price=self.take_profit,
            tif=Tif.GTC if entry.product in LONG_ONLY else Tif.DAY,
            multiplier=entry.multiplier,
            asset=entry.asset,
            reduce_only=True,
        )
        exits = [(GroupRole.TARGET, way_out)] if self.take_profit is not None else []
        if self.stop_loss is not None:
            limited = self.stop_limit is not None
            stop = replace(
                way_out,
                order_type=OrderType.STOP_LIMIT if limited else OrderType.STOP,
                price=self.stop_limit,
                stop_price=self.stop_loss,
            )
            exits.append((GroupRole.STOP, stop))
        return exits

    def _demand_around_the_entry(self) -> None:
        """The profit is taken beyond the entry, the loss is stopped before it."""
        at = self.order.price or self.order.stop_price or touch(self.quote, self.order.side)
        sign = 1 if self.order.side is Side.BUY else -1
        for field, wanted, price in (
            ("take_profit", 1, self.take_profit),
            ("stop_loss", -1, self.stop_loss),
        ):
            if at is not None and price is not None and (price - at) * sign * wanted <= 0:
                beyond = "above" if sign * wanted > 0 else "below"
                raise _invalid(field, f"{beyond} the entry at {at:f}")


def _invalid(field: str, rule: str) -> Invalid:
    return Invalid("GROUP_INVALID", f"{field} must be {rule}", field=field, rule=rule)

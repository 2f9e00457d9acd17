"""Orders: placing, changing, taking back, and closing what is held."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Literal
from uuid import UUID

from commands.trading.base import AccountCommand, demand_amount
from commands.trading.rules import demand_fields, demand_sense, first_refusal
from domain.base import Events, Role
from domain.errors import Illegal, Invalid, NotFound
from domain.market import MAX_AGE, Evidence, Instrument, Quality, Quote, quality, witness
from domain.money import ZERO, tidy
from domain.trading import (
    Account,
    Balance,
    Order,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderPlaced,
    OrderRejected,
    OrderReplaced,
    OrderType,
    Product,
    Side,
    Tif,
    Working,
    reservation,
    worst_price,
)

VENUE = "paper"


class PlaceOrder(AccountCommand, frozen=True, kw_only=True):
    """Buy or sell, reserving at once the most that the order may cost."""

    order_id: UUID
    order: Order
    instrument: Instrument
    quote: Quote | None = None
    quote_max_age: timedelta = MAX_AGE
    client_order_id: str | None = None

    def __post_init__(self) -> None:
        demand_amount("quantity", self.order.quantity)
        if self.order.price is not None:
            demand_amount("price", self.order.price)
        demand_fields(self.order, self.client_order_id)

    @property
    def quality(self) -> Quality:
        return quality(self.quote, self.at, self.quote_max_age)

    def decide(self, account: Account) -> Events:
        order = self.order
        demand_sense(order, self.instrument)
        limit = worst_price(order, self.instrument, self.quote)
        refusal = first_refusal(account, self, limit)
        if refusal is not None:
            return (
                OrderRejected(
                    account_id=self.account_id,
                    order_id=self.order_id,
                    order=order,
                    code=refusal.code,
                    detail=refusal.detail,
                    context=refusal.context,
                    client_order_id=self.client_order_id,
                ),
            )
        assert limit is not None, "an order without a price was refused"
        reserved = reservation(order, order.quantity, limit)
        return (
            OrderPlaced(
                account_id=self.account_id,
                order_id=self.order_id,
                order=order,
                client_order_id=self.client_order_id,
                reference=self._reference(account),
            ),
            OrderAccepted(
                account_id=self.account_id,
                order_id=self.order_id,
                venue=VENUE,
                model=account.fill_model,
                limit=limit,
                reserved=reserved,
                balance=_reserving(account, reserved),
            ),
        )

    def _reference(self, account: Account) -> Evidence | None:
        if self.quote is None or self.order.order_type is OrderType.LIMIT:
            return None
        return witness(self.quote, self.at, rule="REFERENCE", model=account.fill_model)


class ClosePosition(AccountCommand, frozen=True, kw_only=True):
    """Sell what is held and not yet on offer, or the part of it that is asked for."""

    order_id: UUID
    product: Product
    instrument: Instrument
    quote: Quote | None = None
    quote_max_age: timedelta = MAX_AGE
    quantity: Decimal | None = None
    price: Decimal | None = None

    def decide(self, account: Account) -> Events:
        held = account.position(self.instrument.symbol, self.product)
        if held.quantity == ZERO:
            raise Illegal("POSITION_FLAT", symbol=self.instrument.symbol)
        order = Order(
            symbol=self.instrument.symbol,
            side=Side.SELL,
            quantity=self.quantity if self.quantity is not None else held.sellable,
            order_type=OrderType.MARKET if self.price is None else OrderType.LIMIT,
            product=self.product,
            price=self.price,
            tif=Tif.DAY,
            multiplier=self.instrument.multiplier,
        )
        if order.quantity > held.sellable or held.sellable == ZERO:
            raise Illegal(
                "POSITION_INSUFFICIENT_QTY",
                sellable=f"{held.sellable:f}",
                held=f"{held.quantity:f}",
                in_orders=f"{held.selling:f}",
            )
        return PlaceOrder(
            at=self.at,
            account_id=self.account_id,
            order_id=self.order_id,
            order=order,
            instrument=self.instrument,
            quote=self.quote,
            quote_max_age=self.quote_max_age,
        ).decide(account)


class ReplaceOrder(AccountCommand, frozen=True, kw_only=True):
    """Change quantity or price; only a smaller quantity keeps the place in the queue."""

    order_id: UUID
    instrument: Instrument
    quantity: Decimal | None = None
    price: Decimal | None = None

    def __post_init__(self) -> None:
        if self.quantity is None and self.price is None:
            rule = "at least one of quantity and price"
            raise Invalid("VALIDATION", f"give {rule}", field="quantity", rule=rule)
        for field, value in (("quantity", self.quantity), ("price", self.price)):
            if value is not None:
                demand_amount(field, value)

    def decide(self, account: Account) -> Events:
        working = working_order(account, self.order_id)
        before = working.order
        order = Order(
            symbol=before.symbol,
            side=before.side,
            quantity=self.quantity or before.quantity,
            order_type=before.order_type,
            product=before.product,
            price=self.price or before.price,
            tif=before.tif,
            multiplier=before.multiplier,
        )
        demand_fields(order, None)
        demand_sense(order, self.instrument)
        if order == before:
            return ()
        if order.quantity < working.cum_qty:
            raise Illegal("ORDER_QTY_BELOW_CUM", cum=f"{working.cum_qty:f}", field="quantity")
        if order.quantity == working.cum_qty:
            return (_canceled(account, self.account_id, self.order_id, working, "REPLACED"),)
        limit = order.price or working.limit
        reserved = reservation(order, order.quantity - working.cum_qty, limit)
        self._demand_cover(account, working, order, reserved)
        return (
            OrderReplaced(
                account_id=self.account_id,
                order_id=self.order_id,
                quantity=order.quantity,
                price=order.price,
                limit=limit,
                reserved=reserved,
                keeps_priority=order.price == before.price and order.quantity < before.quantity,
                balance=_reserving(account, reserved - working.reserved),
            ),
        )

    def _demand_cover(
        self, account: Account, working: Working, order: Order, reserved: Decimal
    ) -> None:
        more = reserved - working.reserved
        if more > max(account.available, ZERO):
            raise Illegal(
                "FUNDS_INSUFFICIENT",
                need=f"{more:f}",
                available=f"{account.available:f}",
                short_by=f"{more - account.available:f}",
            )
        held = account.position(order.symbol, order.product)
        if order.side is Side.SELL and order.quantity - working.order.quantity > held.sellable:
            raise Illegal(
                "POSITION_INSUFFICIENT_QTY",
                sellable=f"{held.sellable:f}",
                held=f"{held.quantity:f}",
                in_orders=f"{held.selling:f}",
            )


class CancelOrder(AccountCommand, frozen=True, kw_only=True):
    """Take an order back: by its trader, or by the venue for the reason it names."""

    allowed = Role.TRADER | Role.VENUE | Role.SYSTEM
    urgent = True

    order_id: UUID
    reason: Literal["USER", "IOC", "PRICE_PROTECTION", "USER_SUSPENDED"] = "USER"

    def decide(self, account: Account) -> Events:
        working = working_order(account, self.order_id)
        return (_canceled(account, self.account_id, self.order_id, working, self.reason),)


class ExpireOrder(AccountCommand, frozen=True, kw_only=True):
    """The time of the order is over."""

    allowed = Role.VENUE | Role.SYSTEM

    order_id: UUID
    reason: Literal["SESSION_END"] = "SESSION_END"

    def decide(self, account: Account) -> Events:
        working = working_order(account, self.order_id)
        return (
            OrderExpired(
                account_id=self.account_id,
                order_id=self.order_id,
                canceled_qty=working.leaves_qty,
                reason=self.reason,
                balance=_reserving(account, -working.reserved),
            ),
        )


def working_order(account: Account, order_id: UUID) -> Working:
    """The order while it may still be filled; Illegal when its life is over."""
    working = account.orders.get(order_id)
    if working is not None:
        return working
    status = account.done.get(order_id)
    if status is None:
        raise NotFound("ORDER_UNKNOWN", order_id=str(order_id))
    raise Illegal("ORDER_TOO_LATE", order_id=str(order_id), status=str(status))


def _canceled(
    account: Account, account_id: UUID, order_id: UUID, working: Working, reason: str
) -> OrderCanceled:
    return OrderCanceled(
        account_id=account_id,
        order_id=order_id,
        canceled_qty=working.leaves_qty,
        reason=reason,
        balance=_reserving(account, -working.reserved),
    )


def _reserving(account: Account, more: Decimal) -> Balance:
    before = account.balance
    return Balance(before.cash, tidy(before.reserved + more), before.positions)

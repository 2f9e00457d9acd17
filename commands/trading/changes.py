"""Changing a working order: quantity, price, stop, time; all checks again, on the difference."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from commands.trading.base import AccountCommand, demand_amount, working_order
from commands.trading.limit_rules import change_refused
from commands.trading.refusal import Refusal, refused_by
from commands.trading.reserving import canceled, need_of, reserving
from commands.trading.rules import insufficient_funds, too_much
from commands.trading.state_rules import strictest_hold
from commands.trading.tickets import CLIENT_ORDER_ID, demand_fields, demand_sense, invalid
from domain.base import Events
from domain.errors import Conflict, Illegal, Invalid
from domain.market import MAX_AGE, Instrument, Quality, Quote, quality
from domain.money import ZERO
from domain.trading import (
    LONG_ONLY,
    Account,
    Bound,
    Move,
    Order,
    OrderReplaced,
    OrderType,
    Side,
    Terms,
    Tif,
    Working,
    schedule,
    terms_of,
)
from domain.trading.order import AUCTIONS

CHANGEABLE = "quantity, price, stop_price, tif, expires_at"


class ReplaceOrder(AccountCommand, frozen=True, kw_only=True):
    """Change an order; only a smaller quantity alone keeps the place in the queue."""

    order_id: UUID
    instrument: Instrument
    quantity: Decimal | None = None
    price: Decimal | None = None
    stop_price: Decimal | None = None
    tif: Tif | None = None
    expires_at: datetime | None = None
    client_order_id: str | None = None
    quote: Quote | None = None
    quote_max_age: timedelta = MAX_AGE
    underlying: Decimal | None = None
    bounds: tuple[Bound, ...] = ()

    def __post_init__(self) -> None:
        asked = (self.quantity, self.price, self.stop_price, self.tif, self.expires_at)
        if all(value is None for value in asked):
            rule = f"at least one of {CHANGEABLE}"
            raise Invalid("VALIDATION", f"give {rule}", field="quantity", rule=rule)
        for field in ("quantity", "price", "stop_price"):
            value = getattr(self, field)
            if value is not None:
                demand_amount(field, value)
        name = self.client_order_id
        if name is not None and not CLIENT_ORDER_ID.fullmatch(name):
            raise invalid("client_order_id", "1 to 36 characters of A-Z a-z 0-9 _ . : -")

    def decide(self, account: Account) -> Events:
        working = working_order(account, self.order_id)
        self._demand_changeable(account, working)
        before, order = working.order, self._changed(working.order)
        demand_fields(order, None, self.at)
        demand_sense(order, self.instrument)
        if order == before:
            return ()
        if order.quantity < working.cum_qty:
            raise Illegal(
                "ORDER_QTY_BELOW_CUM",
                cum=f"{working.cum_qty:f}",
                status=str(working.status),
                field="quantity",
                rule="at least what is filled",
            )
        if order.quantity == working.cum_qty:
            return (canceled(account, self.account_id, self.order_id, working, "REPLACED"),)
        risk = change_refused(account, Changed(self, order)) or self._reducing(account, working)
        if risk is not None:
            _refuse(risk)
        terms = self._terms(working, order)
        reserved, more = working.reserved, ZERO
        if working.counted:
            need = need_of(account, order, terms, schedule(working.fee_schedule), working)
            refused = insufficient_funds(account, order, need) or self._too_much(account, working)
            if refused is not None:
                _refuse(refused)
            reserved, more = need.reserved, need.more
        plain = replace(before, quantity=order.quantity, price=order.price)
        return (
            OrderReplaced(
                account_id=self.account_id,
                order_id=self.order_id,
                quantity=order.quantity,
                price=order.price,
                limit=terms.limit,
                reserved=reserved,
                keeps_priority=plain == order
                and order.price == before.price
                and order.quantity < before.quantity,
                balance=reserving(account, more),
                order=None if plain == order else order,
                client_order_id=self.client_order_id,
                unit=terms.unit if working.counted else None,
                reserve_price=None if terms.price == terms.limit else terms.price,
                risk=terms.risk or ZERO,
            ),
        )

    def _demand_changeable(self, account: Account, working: Working) -> None:
        if working.status.is_pending:
            raise Illegal("ORDER_ALREADY_PENDING", status=str(working.status))
        if not working.may(Move.REPLACE):
            raise Illegal("ORDER_INVALID_STATE", status=str(working.status))
        _demand_time_of(working.order, self.tif or working.order.tif)
        name = self.client_order_id
        if name is not None and name in account.client_order_ids:
            existing = str(account.client_order_ids[name])
            raise Conflict("ORDER_DUPLICATE_CLIENT_ID", existing_order_id=existing)

    def _reducing(self, account: Account, working: Working) -> Refusal | None:
        """Where only closing is allowed, an order that opens is not made larger or dearer."""
        scope, hold = strictest_hold(account, self.bounds, self.at)
        order = working.order
        smaller = self.quantity is not None and self.quantity <= order.quantity
        if hold is None or (smaller and self.price is None):
            return None
        held = account.position(order.symbol, order.product)
        without = held.offered(order, working.unit, -working.counted_qty)
        if (self.quantity or order.quantity) - working.cum_qty <= without.closable(order.side):
            return None
        return refused_by(scope, hold)

    def _changed(self, before: Order) -> Order:
        tif = self.tif or before.tif
        expires_at = self.expires_at or (before.expires_at if tif is Tif.GTD else None)
        return replace(
            before,
            quantity=self.quantity or before.quantity,
            price=self.price or before.price,
            stop_price=self.stop_price or before.stop_price,
            tif=tif,
            expires_at=expires_at,
        )

    def _terms(self, working: Working, order: Order) -> Terms:
        """The terms it has, where neither its price nor its stop is another one."""
        before = working.order
        price = working.reserve_price or working.limit
        same = Terms(working.limit, price, working.unit, working.risk)
        if order.price == before.price and order.stop_price == before.stop_price:
            return same
        if working.works_as is OrderType.MARKET or (order.price, order.stop_price) == (None, None):
            return same
        return (
            terms_of(order, self.instrument, self.quote, self.underlying, on=self.at.date()) or same
        )

    def _too_much(self, account: Account, working: Working) -> Refusal | None:
        order = working.order
        more = (self.quantity or order.quantity) - order.quantity
        if order.side is Side.BUY or order.product not in LONG_ONLY or more <= 0:
            return None
        held = account.position(order.symbol, order.product)
        return too_much(held.quantity, held.selling, order, more, self.instrument)


def _demand_time_of(before: Order, tif: Tif) -> None:
    """An order for the opening or the close remains one, and no other becomes one."""
    if tif is not before.tif and (tif in AUCTIONS or before.tif in AUCTIONS):
        allowed = str(before.tif)
        rule = f"{allowed}: the opening and the close are for orders of their own"
        raise invalid("tif", rule, "ORDER_TIF_UNSUPPORTED", allowed=allowed)


class Changed(Struct, frozen=True):
    """The order as it would stand, to be looked at by risk."""

    change: ReplaceOrder
    order: Order
    forced: bool = False

    @property
    def at(self) -> datetime:
        return self.change.at

    @property
    def instrument(self) -> Instrument:
        return self.change.instrument

    @property
    def quote(self) -> Quote | None:
        return self.change.quote

    @property
    def quality(self) -> Quality:
        return quality(self.quote, self.at, self.change.quote_max_age)

    @property
    def bounds(self) -> tuple[Bound, ...]:
        return self.change.bounds


def _refuse(refusal: Refusal) -> None:
    raise Illegal(refusal.code, refusal.detail, **refusal.context)

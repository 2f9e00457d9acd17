"""
What is checked before an order is placed, in this order; the first that fails is the answer.

``demand_sense`` refuses what makes no sense for the instrument (422, and no fact).  The
``REFUSALS`` are decisions about the account's money and holdings, and are recorded.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Protocol

from msgspec import Struct

from domain.errors import Invalid
from domain.market import Instrument, Quality
from domain.money import NOTIONAL_MAX, ZERO, is_multiple, round_down_to
from domain.trading import Account, Order, OrderType, Side, reservation

CLIENT_ORDER_ID = re.compile(r"[A-Za-z0-9_.:-]{1,36}")


class Refusal(Struct, frozen=True):
    """A code of the rejection catalogue, a sentence, and the numbers behind it."""

    code: str
    detail: str
    context: dict[str, str]


class Asked(Protocol):
    """What a rule may look at: the ticket and what the edge knew when it was handed in."""

    @property
    def order(self) -> Order: ...
    @property
    def client_order_id(self) -> str | None: ...
    @property
    def instrument(self) -> Instrument: ...
    @property
    def quality(self) -> Quality: ...


def demand_fields(order: Order, client_order_id: str | None) -> None:
    """The fields of the ticket belong together (schema, before anything is looked up)."""
    if order.order_type is OrderType.LIMIT and order.price is None:
        raise _invalid("price", "required for a LIMIT order", "ORDER_FIELDS_CONFLICT")
    if order.order_type is OrderType.MARKET and order.price is not None:
        raise _invalid("price", "absent from a MARKET order", "ORDER_FIELDS_CONFLICT")
    if client_order_id is not None and not CLIENT_ORDER_ID.fullmatch(client_order_id):
        raise _invalid("client_order_id", "1 to 36 characters of A-Z a-z 0-9 _ . : -")


def demand_sense(order: Order, instrument: Instrument) -> None:
    """Tick, lot and size rules of the instrument."""
    step = instrument.step
    if order.product != instrument.product:
        raise _invalid("product", f"{instrument.product}", "ORDER_PRODUCT_UNSUPPORTED")
    if order.quantity < instrument.min_qty:
        raise _invalid(
            "quantity",
            f"at least {instrument.min_qty:f}",
            "ORDER_QTY_BELOW_MIN",
            min=f"{instrument.min_qty:f}",
        )
    if not is_multiple(order.quantity, step):
        raise _invalid("quantity", f"a multiple of {step:f}", "ORDER_QTY_NOT_LOT", lot=f"{step:f}")
    if order.quantity > instrument.max_qty:
        raise _invalid(
            "quantity",
            f"at most {instrument.max_qty:f}",
            "ORDER_QTY_ABOVE_FREEZE",
            max=f"{instrument.max_qty:f}",
        )
    if order.price is None:
        return
    tick = instrument.tick_size
    if not is_multiple(order.price, tick):
        raise _invalid(
            "price",
            f"a multiple of the tick {tick:f}",
            "ORDER_PRICE_NOT_ON_TICK",
            tick=f"{tick:f}",
            nearest=f"{round_down_to(order.price + tick / 2, tick):f}",
        )
    if order.price * order.quantity * order.multiplier > NOTIONAL_MAX:
        raise _invalid("quantity", "price x quantity at most 10^15", "ORDER_NOTIONAL_ABOVE_MAX")


def _invalid(field: str, rule: str, code: str = "VALIDATION", **context: str) -> Invalid:
    return Invalid(code, f"{field} must be {rule}", field=field, rule=rule, **context)


def duplicate_client_id(account: Account, asked: Asked, limit: Decimal | None) -> Refusal | None:
    if asked.client_order_id is None:
        return None
    existing = account.client_order_ids.get(asked.client_order_id)
    if existing is None:
        return None
    context = {"client_order_id": asked.client_order_id, "existing_order_id": str(existing)}
    return Refusal("ORDER_DUPLICATE_CLIENT_ID", "client_order_id was used before", context)


def no_reference_price(account: Account, asked: Asked, limit: Decimal | None) -> Refusal | None:
    if asked.order.order_type is not OrderType.MARKET:
        return None
    if limit is not None and asked.quality is Quality.FRESH:
        return None
    context = {"quality": str(asked.quality)}
    return Refusal("MARKET_NO_REFERENCE_PRICE", "no fresh quote to price the order", context)


def insufficient_quantity(account: Account, asked: Asked, limit: Decimal | None) -> Refusal | None:
    order = asked.order
    if order.side is Side.BUY:
        return None
    held = account.position(order.symbol, order.product)
    if order.quantity <= held.sellable:
        return None
    code = "POSITION_INSUFFICIENT_QTY" if held.quantity > 0 else "SHORT_NOT_ALLOWED"
    context = {
        "product": str(order.product),
        "sellable": f"{held.sellable:f}",
        "held": f"{held.quantity:f}",
        "in_orders": f"{held.selling:f}",
    }
    return Refusal(code, "a long-only product sells only what is held", context)


def insufficient_funds(account: Account, asked: Asked, limit: Decimal | None) -> Refusal | None:
    need = reservation(asked.order, asked.order.quantity, limit or ZERO)
    available = account.available
    if need <= available:
        return None
    context = {
        "need": f"{need:f}",
        "available": f"{available:f}",
        "short_by": f"{need - available:f}",
        "reserved_for_orders": f"{account.balance.reserved:f}",
    }
    return Refusal("FUNDS_INSUFFICIENT", "the order may cost more than is available", context)


def wrong_currency(account: Account, asked: Asked, limit: Decimal | None) -> Refusal | None:
    if asked.instrument.currency == account.currency:
        return None
    context = {"account": account.currency, "instrument": asked.instrument.currency}
    return Refusal("INSTRUMENT_NOT_TRADABLE", "the account has another currency", context)


Rule = Callable[[Account, Asked, Decimal | None], Refusal | None]

#: Asked in turn (reference/trading.md §4.14); the first refusal is the one on record.
REFUSALS: tuple[Rule, ...] = (
    duplicate_client_id,
    wrong_currency,
    no_reference_price,
    insufficient_quantity,
    insufficient_funds,
)


def first_refusal(account: Account, asked: Asked, limit: Decimal | None) -> Refusal | None:
    for rule in REFUSALS:
        refusal = rule(account, asked, limit)
        if refusal is not None:
            return refusal
    return None

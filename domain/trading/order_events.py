"""
The facts of an order's life, from the ticket to its end.

What is set aside for it is said by the fact that sets it aside: ``limit`` is the worst price
the venue may fill at, ``reserved`` and ``unit`` are as in ``domain.trading.lifecycle.Working``.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from domain.base import Event
from domain.market import Evidence
from domain.money import ZERO
from domain.trading.events import Balance
from domain.trading.order import Order, OrderType, Origin


class OrderPlaced(Event, frozen=True, omit_defaults=True):
    """
    Risk has passed it; ``reference`` is the quote that priced a market order's reservation.

    ``slice_of`` names the first of the orders into which one above the freeze quantity was cut.
    """

    account_id: UUID
    order_id: UUID
    order: Order
    client_order_id: str | None = None
    reference: Evidence | None = None
    origin: Origin = Origin.USER
    strategy: str | None = None
    slice_of: UUID | None = None
    placed_at: datetime | None = None
    bot_id: UUID | None = None


class OrderAccepted(Event, frozen=True, omit_defaults=True):
    """The venue works it from now on; ``reserved`` is set aside for the worst case ``limit``."""

    account_id: UUID
    order_id: UUID
    venue: str
    model: str
    limit: Decimal
    reserved: Decimal
    balance: Balance
    counted: bool = True
    unit: Decimal | None = None
    reserve_price: Decimal | None = None
    risk: Decimal = ZERO
    fee_schedule: str = "ZERO@1"
    margin_schedule: str | None = None


class Condition(StrEnum):
    """What a held order waits for: its own price, its entry, the next session, or its trigger."""

    STOP = "STOP"
    ENTRY = "ENTRY"
    MARKET_OPEN = "MARKET_OPEN"
    GTT = "GTT"


class OrderHeld(Event, frozen=True, omit_defaults=True):
    """It does not work yet; ``counted`` is false where nothing is set aside until it does."""

    account_id: UUID
    order_id: UUID
    venue: str
    model: str
    condition: Condition
    limit: Decimal
    reserved: Decimal
    balance: Balance
    stop: Decimal | None = None
    counted: bool = True
    unit: Decimal | None = None
    reserve_price: Decimal | None = None
    risk: Decimal = ZERO
    fee_schedule: str = "ZERO@1"
    margin_schedule: str | None = None


class OrderTriggered(Event, frozen=True, omit_defaults=True):
    """
    What it waited for has come: it works from the next slice on, as ``works_as``.

    ``fee_schedule`` is given where the order only now comes under one.
    """

    account_id: UUID
    order_id: UUID
    reason: Condition
    works_as: OrderType
    limit: Decimal
    reserved: Decimal
    balance: Balance
    price: Decimal | None = None
    evidence: Evidence | None = None
    counted: bool = True
    unit: Decimal | None = None
    reserve_price: Decimal | None = None
    risk: Decimal = ZERO
    fee_schedule: str | None = None


class TrailingStopAdjusted(Event, frozen=True):
    """``stop`` follows ``watermark``, the best price seen since it was accepted."""

    account_id: UUID
    order_id: UUID
    stop: Decimal
    watermark: Decimal


class OrderRejected(Event, frozen=True):
    """
    ``code`` and the numbers of ``context`` as in the rejection catalogue.

    ``was_placed``: a trigger that went off in vain; the order is on record already.
    """

    account_id: UUID
    order_id: UUID
    order: Order
    code: str
    detail: str
    context: dict[str, str]
    client_order_id: str | None = None
    was_placed: bool = False


class OrderFillDeferred(Event, frozen=True):
    """Why it is not filled, told when the reason changes; the quote's age in milliseconds."""

    account_id: UUID
    order_id: UUID
    reason: str
    quote_age_ms: int | None = None
    evidence: Evidence | None = None


class OrderReplaced(Event, frozen=True, omit_defaults=True):
    """
    The order as it now stands; it keeps its place in the queue if ``keeps_priority``.

    ``reason`` is USER, OCO (another leg was filled) or BRACKET (its entry was).
    """

    account_id: UUID
    order_id: UUID
    quantity: Decimal
    price: Decimal | None
    limit: Decimal
    reserved: Decimal
    keeps_priority: bool
    balance: Balance
    order: Order | None = None
    client_order_id: str | None = None
    reason: str = "USER"
    unit: Decimal | None = None
    reserve_price: Decimal | None = None
    risk: Decimal = ZERO


class OrderCancelRequested(Event, frozen=True):
    account_id: UUID
    order_id: UUID
    by: str


class OrderCancelRejected(Event, frozen=True):
    account_id: UUID
    order_id: UUID
    reason: str


class OrderReplaceRequested(Event, frozen=True):
    """What was asked of the venue; what is not to change is None."""

    account_id: UUID
    order_id: UUID
    quantity: Decimal | None
    price: Decimal | None
    stop_price: Decimal | None
    client_order_id: str | None = None


class OrderReplaceRejected(Event, frozen=True):
    account_id: UUID
    order_id: UUID
    reason: str


class OrderCanceled(Event, frozen=True):
    """``reason`` is USER, IOC, FOK, PRICE_PROTECTION, REPLACED, OCO and the like."""

    account_id: UUID
    order_id: UUID
    canceled_qty: Decimal
    reason: str
    balance: Balance


class OrderExpired(Event, frozen=True):
    account_id: UUID
    order_id: UUID
    canceled_qty: Decimal
    reason: str
    balance: Balance


class OrderSuspended(Event, frozen=True):
    account_id: UUID
    order_id: UUID
    reason: str


class OrderReleased(Event, frozen=True):
    """It works again, in the state that it had before."""

    account_id: UUID
    order_id: UUID
    reason: str


class OrderDoneForDay(Event, frozen=True):
    account_id: UUID
    order_id: UUID
    reason: str

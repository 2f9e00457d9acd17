"""The row of an order, and what each fact changes in it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from domain.money import ZERO
from domain.trading import (
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderPlaced,
    OrderRejected,
    OrderReplaced,
    Status,
)
from projections.base import At, Json, Once, Row, Sum, as_json


class OrderRow(Row, kw_only=True, array_like=True, gc=False):
    """
    ``turnover`` is the gross of all fills, ``placed`` the position of the first fact.

    The status is not kept but read off: a live venue may report a fill before it acknowledges.
    """

    key = ("order_id",)
    indexes = ("(account_id, placed DESC)", "(account_id, placed DESC) WHERE ended_at IS NULL")

    order_id: UUID
    account_id: Once[UUID | None] = None
    placed: Once[int | None] = None
    placed_at: Once[datetime | None] = None
    symbol: Once[str | None] = None
    side: Once[str | None] = None
    order_type: Once[str | None] = None
    product: Once[str | None] = None
    tif: Once[str | None] = None
    multiplier: Once[Decimal | None] = None
    client_order_id: Once[str | None] = None
    reference: Once[Json | None] = None
    quantity: Decimal | None = None
    price: Decimal | None = None
    limit_price: Decimal | None = None
    venue: str | None = None
    model: str | None = None
    cum_qty: Decimal | None = None
    canceled_qty: Decimal | None = None
    reserved: Decimal | None = None
    turnover: Sum[Decimal] = ZERO
    fees: Sum[Decimal] = ZERO
    fills: Sum[int] = 0
    ended_as: Status | None = None
    reason: str | None = None
    reject_code: Once[str | None] = None
    reject_detail: Once[str | None] = None
    reject_context: Once[Json | None] = None
    accepted_at: datetime | None = None
    replaced_at: datetime | None = None
    filled_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def is_final(self) -> bool:
        return self.ended_at is not None


OrderFact = (
    OrderPlaced
    | OrderAccepted
    | OrderFilled
    | OrderReplaced
    | OrderCanceled
    | OrderExpired
    | OrderRejected
)


def project(event: OrderFact, at: At) -> Sequence[Row]:
    return (_change(event, at),)


def _change(event: OrderFact, at: At) -> OrderRow:
    match event:
        case OrderPlaced():
            row = _ticket(event, at)
            row.reference = as_json(event.reference)
            return row
        case OrderAccepted():
            return _accepted(event, at)
        case OrderFilled():
            return _filled(event)
        case OrderReplaced():
            return _replaced(event, at)
        case OrderCanceled():
            return _ended(event, Status.CANCELED, at)
        case OrderExpired():
            return _ended(event, Status.EXPIRED, at)
        case OrderRejected():
            return _rejected(event, at)


def _ticket(event: OrderPlaced | OrderRejected, at: At) -> OrderRow:
    order = event.order
    return OrderRow(
        order_id=event.order_id,
        account_id=event.account_id,
        placed=at.position,
        placed_at=at.occurred_at,
        symbol=order.symbol,
        side=order.side,
        order_type=order.order_type,
        product=order.product,
        tif=order.tif,
        multiplier=order.multiplier,
        client_order_id=event.client_order_id,
        quantity=order.quantity,
        price=order.price,
        cum_qty=ZERO,
        canceled_qty=ZERO,
        reserved=ZERO,
    )


def _accepted(event: OrderAccepted, at: At) -> OrderRow:
    return OrderRow(
        order_id=event.order_id,
        venue=event.venue,
        model=event.model,
        limit_price=event.limit,
        reserved=event.reserved,
        accepted_at=at.occurred_at,
    )


def _rejected(event: OrderRejected, at: At) -> OrderRow:
    row = _ticket(event, at)
    row.ended_as = Status.REJECTED
    row.ended_at = at.occurred_at
    row.reject_code = event.code
    row.reject_detail = event.detail
    row.reject_context = as_json(event.context)
    return row


def _filled(event: OrderFilled) -> OrderRow:
    row = OrderRow(
        order_id=event.order_id,
        cum_qty=event.cum_qty,
        reserved=event.reserved,
        turnover=event.gross,
        fees=event.fee,
        fills=1,
        filled_at=event.executed_at,
    )
    if not event.leaves_qty:
        row.ended_as = Status.FILLED
        row.ended_at = event.executed_at
    return row


def _replaced(event: OrderReplaced, at: At) -> OrderRow:
    return OrderRow(
        order_id=event.order_id,
        quantity=event.quantity,
        price=event.price,
        limit_price=event.limit,
        reserved=event.reserved,
        replaced_at=at.occurred_at,
    )


def _ended(event: OrderCanceled | OrderExpired, ended_as: Status, at: At) -> OrderRow:
    return OrderRow(
        order_id=event.order_id,
        canceled_qty=event.canceled_qty,
        reserved=ZERO,
        reason=event.reason,
        ended_as=ended_as,
        ended_at=at.occurred_at,
    )

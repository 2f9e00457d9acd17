"""Orders: one row for every order ever asked for, refused ones too, as its trader sees it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from msgspec import Struct

from domain.errors import NotFound
from domain.money import ZERO
from domain.trading import (
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderPlaced,
    OrderRejected,
    OrderReplaced,
    OrderType,
    Product,
    Side,
    Status,
    Tif,
)
from projections.base import At, Json, Once, Row, Sum, as_json
from projections.query import (
    LIMIT,
    Amount,
    Db,
    Page,
    columns_for,
    mean,
    of_known_account,
    page,
    rows,
    sql,
    start,
)

MONEY: bool = False


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


TABLE: type[Row] = OrderRow


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
            return _ticket(event, at)
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


class OrderReport(Struct, frozen=True):
    """
    An order as it stands; quantities in units, prices and money in the account's currency.

    ``limit_price`` is the worst price the venue may fill at, ``reserved`` what is set aside for
    that; ``avg_px`` is None until something is filled.  ``placed`` is the position of its first
    fact, ``position`` of its last.
    """

    order_id: UUID
    account_id: UUID
    client_order_id: str | None
    symbol: str
    side: Side
    order_type: OrderType
    product: Product
    tif: Tif
    multiplier: Amount
    quantity: Amount
    price: Amount | None
    limit_price: Amount | None
    status: Status
    cum_qty: Amount
    leaves_qty: Amount
    canceled_qty: Amount
    turnover: Amount
    fees: Amount
    fills: int
    reserved: Amount
    venue: str | None
    model: str | None
    reason: str | None
    reject_code: str | None
    reject_detail: str | None
    reject_context: dict[str, str] | None
    placed: int
    placed_at: datetime
    accepted_at: datetime | None
    replaced_at: datetime | None
    filled_at: datetime | None
    ended_at: datetime | None
    updated_at: datetime
    position: int
    avg_px: Amount | None


_STATUS = """CASE WHEN o.ended_at IS NOT NULL THEN o.ended_as
         WHEN o.cum_qty > 0 THEN 'PARTIALLY_FILLED'
         WHEN o.accepted_at IS NOT NULL THEN 'NEW' ELSE 'PENDING_NEW' END"""
_LEAVES = "CASE WHEN o.ended_at IS NULL THEN o.quantity - o.cum_qty ELSE 0 END"
_COLUMNS = columns_for(OrderReport, "o", status=_STATUS, leaves_qty=_LEAVES, avg_px=None)
_ONE = sql(
    """
SELECT {columns} FROM rm.orders o JOIN rm.accounts a USING (account_id)
 WHERE o.order_id = %s AND a.owner_id = %s
""",
    columns=_COLUMNS,
)
_OF_ACCOUNT = """
SELECT o.* FROM rm.accounts a LEFT JOIN LATERAL (
    SELECT {columns} FROM rm.orders o
     WHERE o.account_id = a.account_id AND o.placed < %s AND {condition}
     ORDER BY o.placed DESC LIMIT %s) o ON true
 WHERE a.account_id = %s AND a.owner_id = %s ORDER BY o.placed DESC
"""
_ALL = sql(_OF_ACCOUNT, columns=_COLUMNS, condition="true")
_OPEN = sql(_OF_ACCOUNT, columns=_COLUMNS, condition="o.ended_at IS NULL")


async def one(db: Db, owner: UUID, order_id: UUID) -> OrderReport:
    found = await rows(db, _ONE, (order_id, owner))
    if not found:
        raise NotFound("ORDER_UNKNOWN", order_id=str(order_id))
    return _report(found[0])


async def of_account(
    db: Db,
    owner: UUID,
    account_id: UUID,
    *,
    only_open: bool = False,
    limit: int = LIMIT,
    cursor: str | None = None,
) -> Page[OrderReport]:
    """Newest first."""
    (before,) = start(limit, cursor)
    values = (before, limit + 1, account_id, owner)
    found = await of_known_account(db, account_id, _OPEN if only_open else _ALL, values)
    return page([_report(row) for row in found], limit, lambda order: (order.placed,))


def _report(row: dict[str, Any]) -> OrderReport:
    units = Decimal(row["cum_qty"]) * Decimal(row["multiplier"])
    return OrderReport(**row, avg_px=mean(Decimal(row["turnover"]), units))

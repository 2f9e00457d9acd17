"""What a trader asks about orders: one of them, or those of an account."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from msgspec import Struct

from domain.errors import NotFound
from domain.trading import OrderType, Product, Side, Status, Tif
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


class OrderReport(Struct, frozen=True):
    """
    An order as it stands; quantities in units, prices and money in the account's currency.

    ``limit_price`` is the worst price the venue may fill at, ``reserved`` what is set aside for
    that; ``stop`` is what a held order waits for now, ``condition`` what it waited for last, and
    ``works_as`` its type since.  ``deferred`` is why it was not filled when that was told last,
    at a quote so many milliseconds old.  ``avg_px`` is None until something is filled;
    ``busted_qty`` was filled and annulled since, and counts no more.
    ``placed`` is the position of its first fact, ``position`` of its last.
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
    stop_price: Amount | None
    stop: Amount | None
    trail_amount: Amount | None
    trail_pct: Amount | None
    display_qty: Amount | None
    notional: Amount | None
    expires_at: datetime | None
    post_only: bool | None
    reduce_only: bool | None
    after_market: bool | None
    group_id: UUID | None
    group_kind: str | None
    group_role: str | None
    origin: str | None
    strategy: str | None
    slice_of: UUID | None
    bot_id: UUID | None
    condition: str | None
    works_as: str | None
    status: Status
    cum_qty: Amount
    leaves_qty: Amount
    canceled_qty: Amount
    turnover: Amount
    fees: Amount
    fills: int
    busted_qty: Amount
    reserved: Amount
    venue: str | None
    model: str | None
    reason: str | None
    deferred: str | None
    deferred_at: datetime | None
    quote_age_ms: int | None
    reject_code: str | None
    reject_detail: str | None
    reject_context: dict[str, str] | None
    placed: int
    placed_at: datetime
    accepted_at: datetime | None
    triggered_at: datetime | None
    replaced_at: datetime | None
    filled_at: datetime | None
    ended_at: datetime | None
    updated_at: datetime
    position: int
    avg_px: Amount | None


_STATUS = """CASE WHEN o.ended_at IS NOT NULL THEN o.ended_as
         WHEN o.away <> '' THEN o.away
         WHEN o.waits THEN 'HELD'
         WHEN o.cum_qty > 0 THEN 'PARTIALLY_FILLED'
         WHEN o.accepted_at IS NOT NULL THEN 'NEW' ELSE 'PENDING_NEW' END"""
_LEAVES = "CASE WHEN o.ended_at IS NULL THEN o.quantity - o.cum_qty ELSE 0 END"
_COLUMNS = columns_for(
    OrderReport,
    "o",
    status=_STATUS,
    leaves_qty=_LEAVES,
    avg_px=None,
    turnover="COALESCE(o.restated, o.turnover)",
)
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

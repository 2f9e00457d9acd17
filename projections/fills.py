"""Fills: every execution, and the slice of the market that proves its price."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from msgspec import Struct

from domain.errors import NotFound
from domain.trading import Liquidity, OrderFilled, OrderFilledLate, Product, Side
from domain.trading.journal import Standing
from projections.base import At, Json, Line, Row, as_json
from projections.query import (
    LIMIT,
    Amount,
    Db,
    Page,
    columns_for,
    of_known_account,
    page,
    rows,
    sql,
    start,
)

MONEY: bool = False


class FillRow(Line, kw_only=True, array_like=True, gc=False):
    key = ("account_id", "position")
    indexes = ("(order_id)", "(exec_id)")

    account_id: UUID
    exec_id: UUID
    order_id: UUID
    symbol: str
    product: str
    side: str
    quantity: Decimal
    price: Decimal
    gross: Decimal
    fee: Decimal
    fees: Json
    fee_schedule: str
    liquidity: str
    short_qty: Decimal
    loan: Decimal
    realised_wac: Decimal
    realised_fifo: Decimal
    held: Decimal
    multiplier: Decimal
    executed_at: datetime
    evidence: Json


TABLE: type[Row] = FillRow


def project(event: OrderFilled | OrderFilledLate, at: At) -> Sequence[Row]:
    row = FillRow(
        account_id=event.account_id,
        exec_id=event.exec_id,
        order_id=event.order_id,
        symbol=event.symbol,
        product=event.product,
        side=event.side,
        quantity=event.last_qty,
        price=event.last_px,
        gross=event.gross,
        fee=event.fee,
        fees=as_json(event.fees or {}),
        fee_schedule=event.fee_schedule,
        liquidity=event.liquidity,
        short_qty=event.short_qty,
        loan=event.loan,
        realised_wac=event.realised_wac,
        realised_fifo=event.realised_fifo,
        held=event.position.quantity,
        multiplier=event.multiplier,
        executed_at=event.executed_at,
        evidence=as_json(event.evidence),
    )
    return (row,)


class Fill(Struct, frozen=True):
    """
    One execution: ``gross`` is price x quantity x multiplier, ``evidence`` as domain.market says.

    ``realised_*`` are this fill's alone, by weighted average and by first in first out; ``held``
    is the position right after it.  ``fees`` are its components, ``short_qty`` what was sold
    short, ``loan`` what was borrowed for it.  All is as it was booked; ``status`` tells whether
    it was corrected or annulled since (GET /trades/EXEC_ID).
    """

    exec_id: UUID
    order_id: UUID
    account_id: UUID
    symbol: str
    product: Product
    side: Side
    quantity: Amount
    price: Amount
    gross: Amount
    fee: Amount
    fees: dict[str, str]
    fee_schedule: str
    liquidity: Liquidity
    short_qty: Amount
    loan: Amount
    realised_wac: Amount
    realised_fifo: Amount
    held: Amount
    multiplier: Amount
    executed_at: datetime
    evidence: dict[str, str | int | None]
    position: int
    status: Standing


_STATUS = """COALESCE((SELECT v.standing FROM rm.trade_versions v
    WHERE v.trade_id = f.exec_id ORDER BY v.version DESC LIMIT 1), 'ACTIVE')"""
_COLUMNS = columns_for(Fill, "f", status=_STATUS)
_OF_ACCOUNT = sql(
    """
SELECT f.* FROM rm.accounts a LEFT JOIN LATERAL (
    SELECT {columns} FROM rm.fills f WHERE f.account_id = a.account_id AND f.position < %s
     ORDER BY f.position DESC LIMIT %s) f ON true
 WHERE a.account_id = %s AND a.owner_id = %s ORDER BY f.position DESC
""",
    columns=_COLUMNS,
)
_OF_ORDER = sql(
    """
SELECT {columns} FROM rm.orders o JOIN rm.accounts a USING (account_id)
  LEFT JOIN rm.fills f USING (order_id)
 WHERE o.order_id = %s AND a.owner_id = %s ORDER BY f.position
""",
    columns=_COLUMNS,
)


#: Of each account only its newest fills are looked through: nobody draws more.
NEWEST = 2000
_OF_SYMBOL = sql(
    """
SELECT f.* FROM rm.accounts a CROSS JOIN LATERAL (
    SELECT {columns} FROM rm.fills f WHERE f.account_id = a.account_id
     ORDER BY f.position DESC LIMIT %s) f
 WHERE a.owner_id = %s AND f.symbol = %s AND f.executed_at >= %s AND f.executed_at < %s
 ORDER BY f.position
""",
    columns=_COLUMNS,
)


async def of_account(
    db: Db, owner: UUID, account_id: UUID, *, limit: int = LIMIT, cursor: str | None = None
) -> Page[Fill]:
    """Newest first."""
    (before,) = start(limit, cursor)
    values = (before, limit + 1, account_id, owner)
    found = await of_known_account(db, account_id, _OF_ACCOUNT, values)
    return page([Fill(**row) for row in found], limit, lambda fill: (fill.position,))


async def of_order(db: Db, owner: UUID, order_id: UUID) -> list[Fill]:
    """Oldest first."""
    found = await rows(db, _OF_ORDER, (order_id, owner))
    if not found:
        raise NotFound("ORDER_UNKNOWN", order_id=str(order_id))
    return [Fill(**row) for row in found if row["exec_id"] is not None]


async def of_symbol(
    db: Db, owner: UUID, symbol: str, since: datetime, until: datetime
) -> list[Fill]:
    """Those of all accounts of this owner in [since, until), oldest first."""
    found = await rows(db, _OF_SYMBOL, (NEWEST, owner, symbol, since, until))
    return [Fill(**row) for row in found]

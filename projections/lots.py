"""Lots: the layers a position was bought in, for those who count first in, first out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from msgspec import Struct

from domain.money import ZERO
from domain.trading import (
    CorporateActionApplied,
    HoldingAfter,
    LotMoved,
    OrderFilled,
    OrderFilledLate,
    PositionConverted,
    PositionExpired,
    PositionRestated,
    Product,
)
from projections.base import At, Row
from projections.query import (
    LIMIT,
    Amount,
    Db,
    Page,
    columns_for,
    mean,
    of_known_account,
    page,
    sql,
    start,
)

MONEY: bool = True


class LotRow(Row, kw_only=True, array_like=True, gc=False):
    """``exec_id`` is the fill that opened it; ``quantity`` and ``amount`` are what is left.

    A layer that is used up may come back when a trade is corrected.
    """

    key = ("account_id", "symbol", "product", "exec_id")
    indexes = ("(account_id, opened DESC) WHERE quantity <> 0",)

    account_id: UUID
    symbol: str
    product: str
    exec_id: UUID
    opened_at: datetime | None = None
    opened: int | None = None
    opened_qty: Decimal | None = None
    opened_amount: Decimal | None = None
    multiplier: Decimal | None = None
    quantity: Decimal
    amount: Decimal


TABLE: type[Row] = LotRow


def project(
    event: OrderFilled
    | OrderFilledLate
    | PositionConverted
    | CorporateActionApplied
    | PositionExpired
    | PositionRestated,
    at: At,
) -> Sequence[Row]:
    match event:
        case CorporateActionApplied():
            return [row for after in event.holdings for row in _layers(event.account_id, after, at)]
        case PositionExpired() | PositionRestated():
            return _layers(event.account_id, event.holding, at)
    if isinstance(event, PositionConverted):
        return [row for lot in event.lots for row in _moved(event, lot, at)]
    rows: list[Row] = []
    for lot in event.lots:
        row = LotRow(
            account_id=event.account_id,
            symbol=event.symbol,
            product=event.product,
            exec_id=lot.exec_id,
            quantity=lot.quantity,
            amount=lot.amount,
        )
        if lot.exec_id == event.exec_id:
            row.opened_at = event.executed_at
            row.opened = at.position
            row.opened_qty = lot.quantity
            row.opened_amount = lot.amount
            row.multiplier = event.multiplier
        rows.append(row)
    return rows


def _layers(account_id: UUID, after: HoldingAfter, at: At) -> list[Row]:
    """Every layer as it is now, and those that are no more."""
    of: dict[str, Any] = {
        "account_id": account_id,
        "symbol": after.symbol,
        "product": after.product,
    }
    there: list[Row] = [
        LotRow(
            **of,
            exec_id=lot.exec_id,
            opened_at=lot.opened_at,
            opened=at.position,
            opened_qty=lot.quantity,
            opened_amount=lot.amount,
            multiplier=after.multiplier,
            quantity=lot.quantity,
            amount=lot.amount,
        )
        for lot in after.lots
    ]
    return there + [LotRow(**of, exec_id=gone, quantity=ZERO, amount=ZERO) for gone in after.gone]


def _moved(event: PositionConverted, lot: LotMoved, at: At) -> tuple[Row, Row]:
    return (
        LotRow(
            account_id=event.account_id,
            symbol=event.symbol,
            product=event.from_product,
            exec_id=lot.exec_id,
            quantity=lot.left_qty,
            amount=lot.left_amount,
        ),
        LotRow(
            account_id=event.account_id,
            symbol=event.symbol,
            product=event.to_product,
            exec_id=lot.exec_id,
            opened_at=lot.opened_at,
            opened=at.position,
            opened_qty=lot.quantity,
            opened_amount=lot.amount,
            multiplier=event.multiplier,
            quantity=lot.held_qty,
            amount=lot.held_amount,
        ),
    )


class Lot(Struct, frozen=True):
    """
    What is left of one purchase; ``amount`` is its cost, ``unit_cost`` that for one unit.

    ``opened`` is the position of the fill that opened it, and ``exec_id`` its name.
    """

    exec_id: UUID
    account_id: UUID
    symbol: str
    product: Product
    opened: int
    opened_at: datetime
    opened_qty: Amount
    opened_amount: Amount
    quantity: Amount
    amount: Amount
    multiplier: Amount
    position: int
    unit_cost: Amount | None


_OF_ACCOUNT = sql(
    """
SELECT l.* FROM rm.accounts a LEFT JOIN LATERAL (
    SELECT {columns} FROM rm.lots l
     WHERE l.account_id = a.account_id AND l.quantity <> 0 AND l.opened < %s
     ORDER BY l.opened DESC LIMIT %s) l ON true
 WHERE a.account_id = %s AND a.owner_id = %s ORDER BY l.opened DESC
""",
    columns=columns_for(Lot, "l", unit_cost=None),
)


async def of_account(
    db: Db, owner: UUID, account_id: UUID, *, limit: int = LIMIT, cursor: str | None = None
) -> Page[Lot]:
    """The layers that are not used up, newest first."""
    (before,) = start(limit, cursor)
    values = (before, limit + 1, account_id, owner)
    found = await of_known_account(db, account_id, _OF_ACCOUNT, values)
    return page([_lot(row) for row in found], limit, lambda lot: (lot.opened,))


def _lot(row: dict[str, Any]) -> Lot:
    units = Decimal(row["quantity"]) * Decimal(row["multiplier"])
    return Lot(**row, unit_cost=mean(Decimal(row["amount"]), units))

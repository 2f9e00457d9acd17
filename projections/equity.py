"""Equity: the curve of what each account was worth, a point for each fact that moved it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from msgspec import Struct

from domain.errors import Invalid
from domain.trading import (
    AccountEpochOpened,
    AccountOpened,
    BorrowFeeCharged,
    CorporateActionApplied,
    FundsDeposited,
    FundsWithdrawn,
    InterestCharged,
    MarginRemarked,
    OrderFilled,
    OrderFilledLate,
    PositionExpired,
    PositionRestated,
)
from projections.base import At, Line, Row
from projections.query import (
    LIMIT,
    LIMIT_MAX,
    Amount,
    Db,
    Page,
    columns_for,
    of_known_account,
    page,
    sql,
    start,
)

MONEY: bool = False


class EquityRow(Line, kw_only=True, array_like=True, gc=False):
    """Holdings are valued at the last price the account had seen by then."""

    key = ("account_id", "position")

    account_id: UUID
    ts: datetime
    cash: Decimal
    positions_value: Decimal
    equity: Decimal


TABLE: type[Row] = EquityRow


def project(
    event: AccountOpened
    | FundsDeposited
    | FundsWithdrawn
    | OrderFilled
    | OrderFilledLate
    | InterestCharged
    | BorrowFeeCharged
    | MarginRemarked
    | CorporateActionApplied
    | PositionExpired
    | PositionRestated
    | AccountEpochOpened,
    at: At,
) -> Sequence[Row]:
    """Facts that only reserve and release money leave the curve as it is."""
    balance = event.balance
    row = EquityRow(
        account_id=event.account_id,
        ts=at.occurred_at,
        cash=balance.cash,
        positions_value=balance.positions,
        equity=balance.equity,
    )
    return (row,)


class EquityPoint(Struct, frozen=True):
    ts: datetime
    position: int
    cash: Amount
    positions_value: Amount
    equity: Amount


_COLUMNS = columns_for(EquityPoint, "e")
_OF_ACCOUNT = sql(
    """
SELECT e.* FROM rm.accounts a LEFT JOIN LATERAL (
    SELECT {columns} FROM rm.equity e WHERE e.account_id = a.account_id AND e.position < %s
     ORDER BY e.position DESC LIMIT %s) e ON true
 WHERE a.account_id = %s AND a.owner_id = %s ORDER BY e.position DESC
""",
    columns=_COLUMNS,
)
#: Every nth point counted back from the last, so that the curve ends where the account is.
_CURVE = sql(
    """
SELECT e.* FROM rm.accounts a LEFT JOIN LATERAL (
    SELECT {columns} FROM (
        SELECT *, row_number() OVER (ORDER BY position DESC) AS back, count(*) OVER () AS points
          FROM rm.equity WHERE account_id = a.account_id) e
     WHERE (e.back - 1) %% ceil(e.points::numeric / %s) = 0) e ON true
 WHERE a.account_id = %s AND a.owner_id = %s ORDER BY e.position
""",
    columns=_COLUMNS,
)


async def of_account(
    db: Db, owner: UUID, account_id: UUID, *, limit: int = LIMIT, cursor: str | None = None
) -> Page[EquityPoint]:
    """Every point, newest first."""
    (before,) = start(limit, cursor)
    values = (before, limit + 1, account_id, owner)
    found = await of_known_account(db, account_id, _OF_ACCOUNT, values)
    points = [EquityPoint(**row) for row in found]
    return page(points, limit, lambda point: (point.position,))


async def curve(db: Db, owner: UUID, account_id: UUID, *, points: int = LIMIT) -> list[EquityPoint]:
    """The whole life of the account in at most ``points`` evenly chosen points, oldest first."""
    if not 1 <= points <= LIMIT_MAX:
        rule = f"1 to {LIMIT_MAX}"
        raise Invalid("VALIDATION", f"points must be {rule}", field="points", rule=rule)
    found = await of_known_account(db, account_id, _CURVE, (points, account_id, owner))
    return [EquityPoint(**row) for row in found]

"""
Daily P&L: what each day brought an account, for its P&L calendar.

A day is a day of UTC, which is the session's date wherever no session spans midnight.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from msgspec import Struct

from domain.errors import Invalid
from domain.money import ZERO, tidy
from domain.trading import (
    AccountEpochClosed,
    AccountEpochOpened,
    AccountOpened,
    ActionKind,
    BorrowFeeCharged,
    CorporateActionApplied,
    FundsDeposited,
    FundsWithdrawn,
    InterestCharged,
    MarginRemarked,
    OrderFilled,
    OrderFilledLate,
    PositionConverted,
    PositionExpired,
    PositionRestated,
)
from projections.base import At, Row, Sum
from projections.query import Amount, Db, columns_for, of_known_account, plain, sql

MONEY: bool = True
FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(9999, 12, 31)


class DailyPnlRow(Row, kw_only=True, array_like=True, gc=False):
    """
    ``equity`` and ``held`` (what positions are worth) are those of the last fact of the day
    that moved them; ``closed`` counts round trips.  ``interest`` is on loans and for borrowed
    shares.
    """

    key = ("account_id", "day")

    account_id: UUID
    day: str
    equity: Decimal
    held: Decimal
    flow: Sum[Decimal] = ZERO
    opening: Sum[Decimal] = ZERO
    realised: Sum[Decimal] = ZERO
    fees: Sum[Decimal] = ZERO
    interest: Sum[Decimal] = ZERO
    dividends: Sum[Decimal] = ZERO
    turnover: Sum[Decimal] = ZERO
    fills: Sum[int] = 0
    closed: Sum[int] = 0


TABLE: type[Row] = DailyPnlRow


Moving = (
    AccountOpened
    | FundsDeposited
    | FundsWithdrawn
    | OrderFilled
    | OrderFilledLate
    | InterestCharged
    | BorrowFeeCharged
    | CorporateActionApplied
    | PositionExpired
    | PositionConverted
    | PositionRestated
    | MarginRemarked
    | AccountEpochClosed
    | AccountEpochOpened
)


def project(event: Moving, at: At) -> Sequence[Row]:
    balance = event.balance
    row = DailyPnlRow(
        account_id=event.account_id,
        day=at.occurred_at.date().isoformat(),
        equity=balance.equity,
        held=abs(balance.positions),
    )
    match event:
        case OrderFilled() | OrderFilledLate():
            row.realised = event.realised_wac
            row.fees = event.fee
            row.turnover = event.gross
            row.fills = 1
            row.closed = int(_closes(event))
        case AccountOpened():
            row.opening = event.opening_capital
        case FundsDeposited():
            row.flow = event.amount
        case FundsWithdrawn():
            row.flow = -event.amount
        case AccountEpochOpened():
            row.flow = event.opening_capital
        case AccountEpochClosed():
            row.flow = -event.equity
        case _:
            _brought(row, event)
    return (row,)


def _brought(row: DailyPnlRow, event: Moving) -> None:
    """What came of holding, and of history told anew."""
    match event:
        case InterestCharged() | BorrowFeeCharged():
            row.interest = event.amount
        case CorporateActionApplied(kind=ActionKind.DIVIDEND):
            row.dividends = event.cash
        case CorporateActionApplied():
            row.realised = event.realised_wac
        case PositionExpired():
            row.realised, row.fees = event.realised_wac, event.fee
            row.closed = 1
        case PositionRestated():
            row.realised, row.fees = event.deltas.realised_wac, event.deltas.fees


def _closes(fill: OrderFilled | OrderFilledLate) -> bool:
    """Whether a round trip ends with it: flat after it, or on the other side."""
    after = fill.position.quantity
    signed = fill.last_qty if fill.side == "BUY" else -fill.last_qty
    before = after - signed
    return before != 0 and before * after <= 0


class DayPnl(Struct, frozen=True):
    """
    One day: ``net`` is equity at its end less equity at the end of the day before and less
    ``flow`` (what was paid in, or begun anew with); ``unrealised_change`` is the part of it that
    is neither realised nor dividends, fees or interest.  Holdings are valued at the last price
    the account saw that day.  A correction counts on the day it was made.
    """

    day: str
    realised: Amount
    unrealised_change: Amount
    fees: Amount
    interest: Amount
    dividends: Amount
    net: Amount
    flow: Amount
    equity: Amount
    trades: int
    fills: int
    turnover: Amount


_COLUMNS = columns_for(
    DayPnl, "d", net=None, unrealised_change=None, trades="d.closed", equity="d.equity"
)
_OF_ACCOUNT = sql(
    """
SELECT d.* FROM rm.accounts a LEFT JOIN LATERAL (
    SELECT {columns}, d.opening,
           lag(d.equity, 1, 0::numeric) OVER (ORDER BY d.day) AS before
      FROM rm.daily_pnl d WHERE d.account_id = a.account_id) d ON d.day BETWEEN %s AND %s
 WHERE a.account_id = %s AND a.owner_id = %s
 ORDER BY d.day
""",
    columns=_COLUMNS,
)


async def of_account(
    db: Db, owner: UUID, account_id: UUID, *, since: str | None = None, until: str | None = None
) -> list[DayPnl]:
    """The days on which something happened, from ``since`` to ``until``, oldest first."""
    first, last = day_of(since, "since", FIRST_DAY), day_of(until, "until", LAST_DAY)
    values = (first.isoformat(), last.isoformat(), account_id, owner)
    return [_day(row) for row in await of_known_account(db, account_id, _OF_ACCOUNT, values)]


def day_of(text: str | None, field: str, default: date) -> date:
    if text is None:
        return default
    try:
        return date.fromisoformat(text)
    except ValueError:
        rule = "a date such as 2026-11-20"
        raise Invalid("VALIDATION", f"{field} must be {rule}", field=field, rule=rule) from None


def _day(row: dict[str, Any]) -> DayPnl:
    before, opening = Decimal(row.pop("before")), Decimal(row.pop("opening"))
    equity, flow = Decimal(row["equity"]), Decimal(row["flow"])
    net = tidy(equity - before - opening - flow)
    earned = Decimal(row["realised"]) + Decimal(row["dividends"])
    unrealised = tidy(net - earned + Decimal(row["fees"]) + Decimal(row["interest"]))
    return DayPnl(**row, net=plain(net), unrealised_change=plain(unrealised))

"""Wallets: the money of each account, where it came from and what lays claim to it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from msgspec import Struct

from domain.base import Event
from domain.money import ZERO
from domain.trading import (
    AccountEpochClosed,
    AccountEpochOpened,
    AccountOpened,
    BorrowFeeCharged,
    CorporateActionApplied,
    FundsDeposited,
    FundsWithdrawn,
    InterestCharged,
    MarginRemarked,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderFilledLate,
    OrderHeld,
    OrderReplaced,
    OrderTriggered,
    PositionConverted,
    PositionExpired,
    PositionRestated,
)
from projections.base import At, Once, Row, Sum
from projections.query import Amount, Db, columns_for, of_known_account, plain, sql
from projections.valuation import HOLDINGS, Marks, held_in, worth

MONEY: bool = True


class WalletRow(Row, kw_only=True, array_like=True, gc=False):
    key = ("account_id",)

    account_id: UUID
    owner_id: Once[UUID | None] = None
    currency: Once[str | None] = None
    opening_capital: Once[Decimal | None] = None
    cash: Decimal
    reserved: Decimal
    margin: Decimal
    loan: Decimal
    deposits: Sum[Decimal] = ZERO
    withdrawals: Sum[Decimal] = ZERO
    realised_wac: Sum[Decimal] = ZERO
    realised_fifo: Sum[Decimal] = ZERO
    fees: Sum[Decimal] = ZERO


TABLE: type[Row] = WalletRow


Moves = (
    AccountOpened
    | FundsDeposited
    | FundsWithdrawn
    | OrderAccepted
    | OrderHeld
    | OrderTriggered
    | OrderFilled
    | OrderFilledLate
    | OrderReplaced
    | PositionConverted
    | OrderCanceled
    | OrderExpired
    | InterestCharged
    | BorrowFeeCharged
    | MarginRemarked
    | CorporateActionApplied
    | PositionExpired
    | PositionRestated
    | AccountEpochClosed
    | AccountEpochOpened
)


def project(event: Moves, at: At) -> Sequence[Row]:
    balance = event.balance
    row = WalletRow(
        account_id=event.account_id,
        cash=balance.cash,
        reserved=balance.reserved,
        margin=balance.margin,
        loan=balance.loan,
    )
    _sums(row, event)
    return (row,)


def _sums(row: WalletRow, event: Event) -> None:
    """What the fact adds to the totals."""
    match event:
        case OrderFilled() | OrderFilledLate():
            row.realised_wac = event.realised_wac
            row.realised_fifo = event.realised_fifo
            row.fees = event.fee
        case PositionExpired():
            row.realised_wac = event.realised_wac
            row.realised_fifo = event.realised_fifo
            row.fees = event.fee
        case CorporateActionApplied():
            row.realised_wac = event.realised_wac
            row.realised_fifo = event.realised_fifo
        case PositionRestated():
            row.realised_wac = event.deltas.realised_wac
            row.realised_fifo = event.deltas.realised_fifo
            row.fees = event.deltas.fees
        case AccountEpochClosed():
            row.withdrawals = event.cash
            row.realised_wac = -event.realised_wac
            row.realised_fifo = -event.realised_fifo
            row.fees = -event.fees
        case AccountEpochOpened():
            row.deposits = event.opening_capital
        case FundsDeposited():
            row.deposits = event.amount
        case FundsWithdrawn():
            row.withdrawals = event.amount
        case AccountOpened():
            row.owner_id = event.owner_id
            row.currency = event.currency
            row.opening_capital = event.opening_capital


class Wallet(Struct, frozen=True):
    """
    Money in the account's currency.

    ``available`` is cash that nothing lays claim to: neither an order nor, as margin, a
    position; ``buying_power`` is less by losses not yet taken; ``equity`` is cash less ``loan``
    and holdings at the mark.  Where there was no live price the last fill's is used,
    ``complete`` is false and ``unmarked`` says where.
    """

    account_id: UUID
    currency: str
    cash: Amount
    reserved_orders: Amount
    margin_used: Amount
    loan: Amount
    available: Amount
    buying_power: Amount
    fees_total: Amount
    realised_wac: Amount
    realised_fifo: Amount
    opening_capital: Amount
    deposits: Amount
    withdrawals: Amount
    updated_at: datetime
    position: int
    equity: Amount
    positions_value: Amount
    unrealised: Amount
    complete: bool
    unmarked: tuple[str, ...]


_COMPUTED = dict.fromkeys(
    ("buying_power", "equity", "positions_value", "unrealised", "complete", "unmarked")
)
_STORED = {
    "reserved_orders": "w.reserved",
    "margin_used": "w.margin",
    "available": "w.cash - w.reserved - w.margin",
    "fees_total": "w.fees",
}
_OF_ACCOUNT = sql(
    """
SELECT {columns}, {holdings}
  FROM rm.wallets w WHERE w.account_id = %s AND w.owner_id = %s
""",
    columns=columns_for(Wallet, "w", **_COMPUTED, **_STORED),
    holdings=HOLDINGS.format(account="w"),
)


async def of_account(db: Db, owner: UUID, account_id: UUID, marks: Marks) -> Wallet:
    (row,) = await of_known_account(db, account_id, _OF_ACCOUNT, (account_id, owner))
    total = worth(held_in(row.pop("holdings")), marks)
    return Wallet(
        **row,
        buying_power=plain(Decimal(row["available"]) + min(ZERO, total.variation)),
        equity=plain(Decimal(row["cash"]) - Decimal(row["loan"]) + total.value),
        positions_value=plain(total.value),
        unrealised=plain(total.unrealised),
        complete=not total.unmarked,
        unmarked=total.unmarked,
    )

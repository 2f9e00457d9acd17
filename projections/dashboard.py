"""The dashboard: a trader's accounts on one screen, counted as they trade."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from msgspec import Struct

from domain.money import ZERO
from domain.trading import (
    AccountOpened,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderPlaced,
    OrderRejected,
)
from projections.base import At, Once, Row, Sum
from projections.query import Amount, Db, columns_for, plain, rows, sql
from projections.valuation import HOLDINGS, Marks, held_in, worth

MONEY: bool = False


class DashboardRow(Row, kw_only=True, array_like=True, gc=False):
    """What an account has done so far; ``open_orders`` is placed less ended."""

    key = ("account_id",)
    indexes = ("(owner_id)",)

    account_id: UUID
    owner_id: Once[UUID | None] = None
    label: Once[str | None] = None
    currency: Once[str | None] = None
    orders: Sum[int] = 0
    open_orders: Sum[int] = 0
    rejected: Sum[int] = 0
    fills: Sum[int] = 0
    turnover: Sum[Decimal] = ZERO
    traded_at: datetime | None = None


TABLE: type[Row] = DashboardRow


def project(
    event: AccountOpened | OrderPlaced | OrderFilled | OrderCanceled | OrderExpired | OrderRejected,
    at: At,
) -> Sequence[Row]:
    row = DashboardRow(account_id=event.account_id)
    match event:
        case OrderPlaced():
            row.orders = row.open_orders = 1
        case OrderFilled():
            row.open_orders = 0 if event.leaves_qty else -1
            row.fills = 1
            row.turnover = event.gross
            row.traded_at = event.executed_at
        case OrderCanceled() | OrderExpired():
            row.open_orders = -1
        case OrderRejected():
            row.rejected = 1
            row.open_orders = -1 if event.was_placed else 0
        case AccountOpened():
            row.owner_id = event.owner_id
            row.label = event.label
            row.currency = event.currency
    return (row,)


class Mover(Struct, frozen=True):
    """A holding by what it has gained at the mark."""

    account_id: UUID
    symbol: str
    unrealised: Amount


class AccountSummary(Struct, frozen=True):
    """Money in ``currency``; ``complete`` as in a wallet."""

    account_id: UUID
    label: str
    currency: str
    orders: int
    open_orders: int
    rejected: int
    fills: int
    turnover: Amount
    traded_at: datetime | None
    cash: Amount
    loan: Amount
    available: Amount
    fees_total: Amount
    realised_wac: Amount
    realised_fifo: Amount
    position: int
    equity: Amount
    unrealised: Amount
    complete: bool


class Total(Struct, frozen=True):
    """All accounts of one currency together."""

    currency: str
    accounts: int
    equity: Amount
    cash: Amount
    unrealised: Amount
    realised_wac: Amount
    realised_fifo: Amount
    fees_total: Amount
    best: Mover | None
    worst: Mover | None
    complete: bool


class Dashboard(Struct, frozen=True):
    """Counts over everything; money by currency, for unlike currencies do not add up."""

    orders: int
    open_orders: int
    rejected: int
    fills: int
    totals: tuple[Total, ...]
    accounts: tuple[AccountSummary, ...]


_MONEY = {
    "cash": "w.cash",
    "loan": "w.loan",
    "available": "w.cash - w.reserved - w.margin",
    "fees_total": "w.fees",
    "realised_wac": "w.realised_wac",
    "realised_fifo": "w.realised_fifo",
    "position": "greatest(d.position, w.position)",
}
_COMPUTED = dict.fromkeys(("equity", "unrealised", "complete"))
_OF_OWNER = sql(
    """
SELECT {columns}, {holdings}
  FROM rm.dashboard d JOIN rm.wallets w USING (account_id)
 WHERE d.owner_id = %s ORDER BY d.account_id
""",
    columns=columns_for(AccountSummary, "d", **_MONEY, **_COMPUTED),
    holdings=HOLDINGS.format(account="d"),
)


async def of_owner(db: Db, owner: UUID, marks: Marks) -> Dashboard:
    """Whoever has no account yet sees an empty screen."""
    accounts: list[AccountSummary] = []
    movers: dict[str, list[tuple[Decimal, UUID, str]]] = {}
    for row in await rows(db, _OF_OWNER, (owner,)):
        holdings = held_in(row.pop("holdings"))
        total = worth(holdings, marks)
        summary = AccountSummary(
            **row,
            equity=plain(Decimal(row["cash"]) - Decimal(row["loan"]) + total.value),
            unrealised=plain(total.unrealised),
            complete=not total.unmarked,
        )
        accounts.append(summary)
        movers.setdefault(summary.currency, []).extend(
            (held.unrealised(held.mark(marks)[0]), summary.account_id, held.symbol)
            for held in holdings
        )
    return Dashboard(
        orders=sum(account.orders for account in accounts),
        open_orders=sum(account.open_orders for account in accounts),
        rejected=sum(account.rejected for account in accounts),
        fills=sum(account.fills for account in accounts),
        totals=tuple(_total(accounts, currency, moved) for currency, moved in movers.items()),
        accounts=tuple(accounts),
    )


def _total(
    accounts: list[AccountSummary], currency: str, movers: list[tuple[Decimal, UUID, str]]
) -> Total:
    mine = [account for account in accounts if account.currency == currency]
    return Total(
        currency=currency,
        accounts=len(mine),
        equity=_sum(account.equity for account in mine),
        cash=_sum(account.cash for account in mine),
        unrealised=_sum(account.unrealised for account in mine),
        realised_wac=_sum(account.realised_wac for account in mine),
        realised_fifo=_sum(account.realised_fifo for account in mine),
        fees_total=_sum(account.fees_total for account in mine),
        best=_mover(max(movers, default=None)),
        worst=_mover(min(movers, default=None)),
        complete=all(account.complete for account in mine),
    )


def _sum(amounts: Iterable[Amount]) -> Amount:
    return plain(sum(map(Decimal, amounts), ZERO))


def _mover(moved: tuple[Decimal, UUID, str] | None) -> Mover | None:
    return moved and Mover(moved[1], moved[2], plain(moved[0]))

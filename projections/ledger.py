"""The ledger: every movement of an account's cash, and what the cash was after it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from msgspec import Struct

from domain.base import Event
from domain.trading import (
    AccountEpochClosed,
    AccountEpochOpened,
    AccountOpened,
    BorrowFeeCharged,
    CorporateActionApplied,
    FundsDeposited,
    FundsWithdrawn,
    InterestCharged,
    OrderFilled,
    OrderFilledLate,
    PositionConverted,
    PositionExpired,
    PositionRestated,
)
from projections.base import At, Line, Row
from projections.query import (
    LIMIT,
    Amount,
    Db,
    Page,
    columns_for,
    of_known_account,
    page,
    sql,
    start,
)

MONEY: bool = True
CASH = "cash"
FEES = "house:fees:"


class LedgerRow(Line, kw_only=True, array_like=True, gc=False):
    """One movement of cash; ``counter`` is the ledger on its other side, ``line`` its posting."""

    key = ("account_id", "position", "line")

    account_id: UUID
    line: int
    ts: datetime
    kind: str
    counter: str
    amount: Decimal
    balance_after: Decimal
    event: str
    order_id: UUID | None = None
    exec_id: UUID | None = None


TABLE: type[Row] = LedgerRow


def project(
    event: AccountOpened
    | FundsDeposited
    | FundsWithdrawn
    | OrderFilled
    | OrderFilledLate
    | PositionConverted
    | InterestCharged
    | BorrowFeeCharged
    | CorporateActionApplied
    | PositionExpired
    | PositionRestated
    | AccountEpochClosed
    | AccountEpochOpened,
    at: At,
) -> Sequence[Row]:
    """Told from the other side: each posting there is one movement here, by what it was for."""
    order_id, exec_id = (
        (event.order_id, event.exec_id)
        if isinstance(event, OrderFilled | OrderFilledLate)
        else (None, None)
    )
    rows: list[Row] = []
    balance = event.balance.cash
    for line, posting in reversed([*enumerate(event.postings, 1)]):
        if posting.ledger == CASH:
            continue
        row = LedgerRow(
            account_id=event.account_id,
            line=line,
            ts=at.occurred_at,
            kind=_kind(event, posting.ledger),
            counter=posting.ledger,
            amount=-posting.amount,
            balance_after=balance,
            event=type(event).__name__,
            order_id=order_id,
            exec_id=exec_id,
        )
        balance += posting.amount
        rows.append(row)
    return rows


_KINDS: dict[type[Event], str] = {
    InterestCharged: "INTEREST",
    BorrowFeeCharged: "BORROW",
    CorporateActionApplied: "CORPORATE_ACTION",
    PositionExpired: "EXPIRY",
    AccountEpochClosed: "CLOSING",
}


def _kind(event: Event, ledger: str) -> str:
    """OPENING, DEPOSIT, WITHDRAWAL, TRADE, or FEES and the like by the name of the ledger."""
    match event:
        case PositionExpired() if ledger.startswith(FEES):
            return "FEES"
        case OrderFilled() | OrderFilledLate():
            return "TRADE" if ledger == "house:trading" else ledger.split(":")[-2:][0].upper()
        case PositionConverted():
            return "CONVERSION"
        case FundsDeposited():
            return "DEPOSIT"
        case FundsWithdrawn():
            return "WITHDRAWAL"
        case AccountOpened() | AccountEpochOpened():
            return "OPENING"
        case _:
            return _KINDS.get(type(event), "CORRECTION")


class LedgerLine(Struct, frozen=True):
    """
    Money in the account's currency; ``line`` orders the lines of one fact.

    ``balance_after`` is the cash right after this line, ``position`` the fact that moved it.
    """

    account_id: UUID
    position: int
    line: int
    ts: datetime
    kind: str
    counter: str
    amount: Amount
    balance_after: Amount
    event: str
    order_id: UUID | None
    exec_id: UUID | None


_OF_ACCOUNT = sql(
    """
SELECT l.* FROM rm.accounts a LEFT JOIN LATERAL (
    SELECT {columns} FROM rm.ledger l
     WHERE l.account_id = a.account_id AND (l.position, l.line) < (%s, %s)
     ORDER BY l.position DESC, l.line DESC LIMIT %s) l ON true
 WHERE a.account_id = %s AND a.owner_id = %s ORDER BY l.position DESC, l.line DESC
""",
    columns=columns_for(LedgerLine, "l"),
)


async def of_account(
    db: Db, owner: UUID, account_id: UUID, *, limit: int = LIMIT, cursor: str | None = None
) -> Page[LedgerLine]:
    """Newest first."""
    values = (*start(limit, cursor, parts=2), limit + 1, account_id, owner)
    found = await of_known_account(db, account_id, _OF_ACCOUNT, values)
    lines = [LedgerLine(**row) for row in found]
    return page(lines, limit, lambda line: (line.position, line.line))

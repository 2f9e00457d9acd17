"""Accounts: who trades with what money under which rules."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from msgspec import Struct

from domain.errors import NotFound
from domain.trading import AccountClosed, AccountEpochOpened, AccountOpened
from projections.base import At, Once, Row
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


class AccountRow(Row, kw_only=True, array_like=True, gc=False):
    key = ("account_id",)
    indexes = ("(owner_id, opened DESC)",)

    account_id: UUID
    owner_id: Once[UUID | None] = None
    kind: Once[str | None] = None
    currency: Once[str | None] = None
    opening_capital: Once[Decimal | None] = None
    label: Once[str | None] = None
    fill_model: Once[str | None] = None
    fee_schedule: Once[str | None] = None
    opened: Once[int | None] = None
    opened_at: Once[datetime | None] = None
    state: str | None = None
    epoch_no: int | None = None
    epoch_capital: Decimal | None = None


TABLE: type[Row] = AccountRow


def project(event: AccountOpened | AccountClosed | AccountEpochOpened, at: At) -> Sequence[Row]:
    if isinstance(event, AccountEpochOpened):
        return (
            AccountRow(
                account_id=event.account_id,
                epoch_no=event.epoch_no,
                epoch_capital=event.opening_capital,
            ),
        )
    if isinstance(event, AccountClosed):
        return (AccountRow(account_id=event.account_id, state="CLOSED"),)
    row = AccountRow(
        account_id=event.account_id,
        owner_id=event.owner_id,
        kind=event.kind,
        currency=event.currency,
        opening_capital=event.opening_capital,
        label=event.label,
        fill_model=event.fill_model,
        fee_schedule=event.fee_schedule,
        opened=at.position,
        opened_at=at.occurred_at,
        state="OPEN",
        epoch_no=1,
        epoch_capital=event.opening_capital,
    )
    return (row,)


class Account(Struct, frozen=True):
    """
    ``opened`` is the position of its first fact, ``position`` of the last that changed it.

    Its life ``epoch_no`` began with ``epoch_capital``; a reset begins another.
    """

    account_id: UUID
    kind: str
    currency: str
    opening_capital: Amount
    label: str
    state: str
    epoch_no: int
    epoch_capital: Amount
    fill_model: str
    fee_schedule: str
    opened: int
    opened_at: datetime
    position: int


_COLUMNS = columns_for(Account, "a")
_ONE = sql(
    "SELECT {columns} FROM rm.accounts a WHERE account_id = %s AND owner_id = %s",
    columns=_COLUMNS,
)
_OF_OWNER = sql(
    """
SELECT {columns} FROM rm.accounts a WHERE owner_id = %s AND opened < %s
 ORDER BY opened DESC LIMIT %s
""",
    columns=_COLUMNS,
)


_FIRST = sql(
    """
SELECT account_id FROM rm.accounts
 WHERE owner_id = %s AND kind = 'PAPER' AND state = 'OPEN' ORDER BY opened LIMIT 1
"""
)


async def first(db: Db, owner: UUID) -> UUID:
    """The paper account that its owner opened first, for whoever does not name one."""
    found = await rows(db, _FIRST, (owner,))
    if not found:
        raise NotFound("ACCOUNT_UNKNOWN", "open an account first")
    account_id: UUID = found[0]["account_id"]
    return account_id


async def one(db: Db, owner: UUID, account_id: UUID) -> Account:
    (found,) = await of_known_account(db, account_id, _ONE, (account_id, owner))
    return Account(**found)


async def of_owner(
    db: Db, owner: UUID, *, limit: int = LIMIT, cursor: str | None = None
) -> Page[Account]:
    """Newest first."""
    (before,) = start(limit, cursor)
    found = await rows(db, _OF_OWNER, (owner, before, limit + 1))
    return page([Account(**row) for row in found], limit, lambda account: (account.opened,))

"""Users: who is registered, and how each of them stands with the house."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from msgspec import Struct

from domain.errors import NotFound
from domain.identity import (
    Standing,
    UserErased,
    UserLoggedIn,
    UserReactivated,
    UserRegistered,
    UserSuspended,
    UserVerified,
)
from domain.identity.people import TotpDisabled, TotpEnabled
from projections.base import At, Once, Row
from projections.query import LIMIT, Db, Page, columns_for, page, rows, sql, start

MONEY: bool = False


class UserStatus(StrEnum):
    PENDING_VERIFICATION = "PENDING_VERIFICATION"
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    ERASED = "ERASED"


class UserRow(Row, kw_only=True, array_like=True, gc=False):
    key = ("user_id",)
    indexes = ("(registered DESC)",)

    user_id: UUID
    registered: Once[int | None] = None
    registered_at: Once[datetime | None] = None
    verified_at: datetime | None = None
    second_factor: bool | None = None
    last_login_at: datetime | None = None
    suspended: bool | None = None
    suspended_at: datetime | None = None
    suspended_for: str | None = None
    erased_at: datetime | None = None


TABLE: type[Row] = UserRow


def project(
    event: UserRegistered
    | UserVerified
    | TotpEnabled
    | TotpDisabled
    | UserLoggedIn
    | UserSuspended
    | UserReactivated
    | UserErased,
    at: At,
) -> Sequence[Row]:
    row = UserRow(user_id=event.user_id)
    match event:
        case UserRegistered():
            row.registered, row.registered_at = at.position, at.occurred_at
        case UserVerified():
            row.verified_at = at.occurred_at
        case TotpEnabled():
            row.second_factor = True
        case TotpDisabled():
            row.second_factor = False
        case UserLoggedIn():
            row.last_login_at = at.occurred_at
        case UserSuspended():
            row.suspended = True
            row.suspended_at, row.suspended_for = at.occurred_at, event.reason
        case UserReactivated():
            row.suspended = False
        case UserErased():
            row.erased_at = at.occurred_at
    return (row,)


class User(Struct, frozen=True):
    """``registered`` is the position of the first fact, ``position`` of the last about it."""

    user_id: UUID
    status: UserStatus
    registered_at: datetime
    verified_at: datetime | None
    second_factor: bool
    last_login_at: datetime | None
    suspended_at: datetime | None
    suspended_for: str | None
    erased_at: datetime | None
    registered: int
    position: int


_STATUS = """CASE WHEN u.erased_at IS NOT NULL THEN 'ERASED'
         WHEN u.suspended THEN 'SUSPENDED'
         WHEN u.verified_at IS NULL THEN 'PENDING_VERIFICATION' ELSE 'ACTIVE' END"""
_COLUMNS = columns_for(
    User,
    "u",
    status=_STATUS,
    second_factor="coalesce(u.second_factor, false)",
    suspended_at="CASE WHEN u.suspended THEN u.suspended_at END",
    suspended_for="CASE WHEN u.suspended THEN u.suspended_for END",
)
_SEEN = "u.registered IS NOT NULL AND (%s OR u.user_id = %s)"
_ONE = sql(
    "SELECT {columns} FROM rm.users u WHERE {seen} AND u.user_id = %s",
    columns=_COLUMNS,
    seen=_SEEN,
)
_SEARCH = sql(
    """
SELECT {columns} FROM rm.users u
 WHERE {seen} AND (%s::text IS NULL OR {status} = %s) AND (%s::uuid IS NULL OR u.user_id = %s)
   AND u.registered < %s
 ORDER BY u.registered DESC LIMIT %s
""",
    columns=_COLUMNS,
    seen=_SEEN,
    status=_STATUS,
)
_KNOWN = sql(
    "SELECT user_id FROM rm.users WHERE user_id = %s AND registered IS NOT NULL"
    " AND erased_at IS NULL"
)


def _seeing(viewer: Standing) -> tuple[bool, UUID]:
    return viewer.may("users:read"), viewer.user_id


async def one(db: Db, viewer: Standing, user_id: UUID) -> User:
    """Oneself, or anybody for whoever may see users."""
    found = await rows(db, _ONE, (*_seeing(viewer), user_id))
    if not found:
        raise NotFound("USER_UNKNOWN", user_id=str(user_id))
    return _user(found[0])


async def known(db: Db, user_id: UUID) -> None:
    """Raise NotFound unless there is such a person, who was not erased."""
    if not await rows(db, _KNOWN, (user_id,)):
        raise NotFound("USER_UNKNOWN", user_id=str(user_id))


async def search(
    db: Db,
    viewer: Standing,
    *,
    status: UserStatus | None = None,
    user_id: UUID | None = None,
    limit: int = LIMIT,
    cursor: str | None = None,
) -> Page[User]:
    """Newest first."""
    (before,) = start(limit, cursor)
    values = (*_seeing(viewer), status, status, user_id, user_id, before, limit + 1)
    found = await rows(db, _SEARCH, values)
    return page([_user(row) for row in found], limit, lambda user: (user.registered,))


def _user(row: dict[str, object]) -> User:
    return User(**row | {"status": UserStatus(str(row["status"]))})  # type: ignore[arg-type]  # as selected

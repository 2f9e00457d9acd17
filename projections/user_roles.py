"""Who has which role, since when, until when and why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from domain.identity import RoleAssigned, RoleRevoked, Standing
from projections.base import At, Row
from projections.query import LIMIT, Db, Page, columns_for, page, rows, sql, start

MONEY: bool = False


class UserRoleRow(Row, kw_only=True, array_like=True, gc=False):
    """``expires_at`` counts only when the grant is not ``lasting``."""

    key = ("user_id", "role_id")
    indexes = ("(role_id)",)

    user_id: UUID
    role_id: UUID
    held: bool
    lasting: bool | None = None
    expires_at: datetime | None = None
    since: datetime
    reason: str


TABLE: type[Row] = UserRoleRow


def project(event: RoleAssigned | RoleRevoked, at: At) -> Sequence[Row]:
    row = UserRoleRow(
        user_id=event.user_id,
        role_id=event.role_id,
        held=isinstance(event, RoleAssigned),
        since=at.occurred_at,
        reason=event.reason,
    )
    if isinstance(event, RoleAssigned):
        row.lasting, row.expires_at = event.expires_at is None, event.expires_at
    return (row,)


class Grant(Struct, frozen=True):
    user_id: UUID
    role_id: UUID
    role: str
    expires_at: datetime | None
    since: datetime
    reason: str
    position: int


class HeldPermission(Struct, frozen=True):
    """A permission, and the roles by which it is held; ``expires_at`` of the one that lasts."""

    permission: str
    roles: list[str]
    expires_at: datetime | None


_UNTIL = "CASE WHEN NOT g.lasting THEN g.expires_at END"
_LIVE = "g.held AND (g.lasting OR g.expires_at > now()) AND (%s OR g.user_id = %s)"
_COLUMNS = columns_for(Grant, "g", role="r.name", expires_at=_UNTIL)
_OF_USER = sql(
    "SELECT {columns} FROM rm.user_roles g JOIN rm.roles r USING (role_id)"
    " WHERE {live} AND g.user_id = %s ORDER BY r.name",
    columns=_COLUMNS,
    live=_LIVE,
)
_OF_ROLE = sql(
    "SELECT {columns} FROM rm.user_roles g JOIN rm.roles r USING (role_id)"
    " WHERE {live} AND g.role_id = %s AND g.position < %s ORDER BY g.position DESC LIMIT %s",
    columns=_COLUMNS,
    live=_LIVE,
)
_PERMISSIONS = sql(
    """
SELECT p.permission, array_agg(r.name ORDER BY r.name) AS roles,
       CASE WHEN NOT bool_or(g.lasting) THEN max(g.expires_at) END AS expires_at
  FROM rm.user_roles g JOIN rm.roles r USING (role_id) JOIN rm.role_permissions p USING (role_id)
 WHERE {live} AND g.user_id = %s AND p.held GROUP BY p.permission ORDER BY p.permission
""",
    live=_LIVE,
)


def _seeing(viewer: Standing) -> tuple[bool, UUID]:
    return viewer.may("roles:read"), viewer.user_id


async def of_user(db: Db, viewer: Standing, user_id: UUID) -> list[Grant]:
    """Live grants only, by the name of the role; one's own, or anybody's with ``roles:read``."""
    return [Grant(**row) for row in await rows(db, _OF_USER, (*_seeing(viewer), user_id))]


async def of_role(
    db: Db, viewer: Standing, role_id: UUID, *, limit: int = LIMIT, cursor: str | None = None
) -> Page[Grant]:
    """Who has this role now, newest grant first."""
    (before,) = start(limit, cursor)
    found = await rows(db, _OF_ROLE, (*_seeing(viewer), role_id, before, limit + 1))
    return page([Grant(**row) for row in found], limit, lambda grant: (grant.position,))


async def permissions_of(db: Db, viewer: Standing, user_id: UUID) -> list[HeldPermission]:
    """Everything that this person may do now, and by which roles."""
    found = await rows(db, _PERMISSIONS, (*_seeing(viewer), user_id))
    return [HeldPermission(**row) for row in found]

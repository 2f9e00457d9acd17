"""Roles: which there are, what each may do, and who has it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from domain.errors import NotFound
from domain.identity import RoleChanged, RoleDefined, RoleRetired, Standing
from projections.base import At, Once, Row
from projections.query import LIMIT, Db, Page, columns_for, page, rows, sql, start

MONEY: bool = False


class RoleRow(Row, kw_only=True, array_like=True, gc=False):
    key = ("role_id",)

    role_id: UUID
    defined: Once[int | None] = None
    defined_at: Once[datetime | None] = None
    system: Once[bool | None] = None
    name: str | None = None
    description: str | None = None
    retired_at: datetime | None = None


TABLE: type[Row] = RoleRow


def project(event: RoleDefined | RoleChanged | RoleRetired, at: At) -> Sequence[Row]:
    row = RoleRow(role_id=event.role_id)
    match event:
        case RoleDefined():
            row.defined, row.defined_at = at.position, at.occurred_at
            row.system = event.system
            row.name, row.description = event.name, event.description
        case RoleChanged():
            row.name, row.description = event.name, event.description
        case RoleRetired():
            row.retired_at = at.occurred_at
    return (row,)


class Role(Struct, frozen=True):
    """``defined`` is the position of its first fact, ``holders`` how many people have it now."""

    role_id: UUID
    name: str
    description: str
    system: bool
    permissions: list[str]
    holders: int
    defined_at: datetime
    defined: int
    position: int


_PERMISSIONS = """coalesce((SELECT array_agg(p.permission ORDER BY p.permission)
      FROM rm.role_permissions p WHERE p.role_id = r.role_id AND p.held), '{{}}')"""
_LIVE = "g.held AND (g.lasting OR g.expires_at > now())"
_HOLDERS = "(SELECT count(*) FROM rm.user_roles g WHERE g.role_id = r.role_id AND {live})"
_COLUMNS = columns_for(
    Role, "r", permissions=_PERMISSIONS.format(), holders=_HOLDERS.format(live=_LIVE)
)
#: Whoever may not see roles sees those that they have.
_SEEN = f"""r.retired_at IS NULL AND (%s OR EXISTS (SELECT FROM rm.user_roles g
     WHERE g.role_id = r.role_id AND g.user_id = %s AND {_LIVE}))"""
_ONE = sql(
    "SELECT {columns} FROM rm.roles r WHERE {seen} AND r.role_id = %s",
    columns=_COLUMNS,
    seen=_SEEN,
)
_ALL = sql(
    "SELECT {columns} FROM rm.roles r WHERE {seen} AND r.defined < %s"
    " ORDER BY r.defined DESC LIMIT %s",
    columns=_COLUMNS,
    seen=_SEEN,
)


def _seeing(viewer: Standing) -> tuple[bool, UUID]:
    return viewer.may("roles:read"), viewer.user_id


async def one(db: Db, viewer: Standing, role_id: UUID) -> Role:
    found = await rows(db, _ONE, (*_seeing(viewer), role_id))
    if not found:
        raise NotFound("ROLE_UNKNOWN", role_id=str(role_id))
    return Role(**found[0])


async def seen_by(
    db: Db, viewer: Standing, *, limit: int = LIMIT, cursor: str | None = None
) -> Page[Role]:
    """Newest first."""
    (before,) = start(limit, cursor)
    found = await rows(db, _ALL, (*_seeing(viewer), before, limit + 1))
    return page([Role(**row) for row in found], limit, lambda role: (role.defined,))

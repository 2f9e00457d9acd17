"""Approvals: what waits for a second person, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct

from domain.compliance import (
    ApprovalConcluded,
    ApprovalGranted,
    ApprovalRefused,
    ApprovalRequested,
    ApprovalStatus,
)
from domain.errors import NotFound
from domain.identity import Standing
from projections.base import At, Json, Once, Row, as_json
from projections.query import LIMIT, Db, Page, columns_for, page, rows, sql, start

MONEY: bool = False


class ApprovalRow(Row, kw_only=True, array_like=True, gc=False):
    key = ("approval_id",)
    indexes = ("(permission, requested DESC)", "(requested_by, requested DESC)")

    approval_id: UUID
    command: Once[str | None] = None
    arguments: Once[Json | None] = None
    permission: Once[str | None] = None
    requested_by: Once[str | None] = None
    requested: Once[int | None] = None
    requested_at: Once[datetime | None] = None
    reason: Once[str | None] = None
    expires_at: Once[datetime | None] = None
    status: ApprovalStatus | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    note: str | None = None
    code: str | None = None


TABLE: type[Row] = ApprovalRow


def project(
    event: ApprovalRequested | ApprovalGranted | ApprovalRefused | ApprovalConcluded, at: At
) -> Sequence[Row]:
    row = ApprovalRow(approval_id=event.approval_id)
    match event:
        case ApprovalRequested():
            row.status = ApprovalStatus.PENDING
            row.command = event.command
            row.arguments = as_json(event.arguments)
            row.permission = event.permission
            row.requested_by = event.requested_by
            row.requested = at.position
            row.requested_at = at.occurred_at
            row.reason = event.reason
            row.expires_at = event.expires_at
        case ApprovalGranted():
            row.status = ApprovalStatus.GRANTED
            row.decided_by, row.note = event.approved_by, event.reason
            row.decided_at = at.occurred_at
        case ApprovalRefused():
            row.status = ApprovalStatus.REFUSED
            row.decided_by, row.note = event.refused_by, event.reason
            row.decided_at = at.occurred_at
        case ApprovalConcluded():
            row.status = ApprovalStatus.FAILED if event.code else ApprovalStatus.DONE
            row.code = event.code
    return (row,)


class Approval(Struct, frozen=True):
    """
    ``status`` is PENDING, GRANTED, REFUSED, DONE or FAILED (then ``code`` says why).

    One that is pending after ``expires_at`` can only be refused.
    """

    approval_id: UUID
    command: str
    arguments: dict[str, Any]
    permission: str
    requested_by: str
    requested_at: datetime
    reason: str
    expires_at: datetime
    status: str
    decided_by: str | None
    decided_at: datetime | None
    note: str | None
    code: str | None
    requested: int
    position: int


_SEEN = "(permission = ANY(%s) OR requested_by = %s)"
_COLUMNS = columns_for(Approval, "a")
_ONE = sql(
    "SELECT {columns} FROM rm.approvals a WHERE approval_id = %s AND {seen}",
    columns=_COLUMNS,
    seen=_SEEN,
)
_SEEN_BY = sql(
    """
SELECT {columns} FROM rm.approvals a
 WHERE {seen} AND (%s::text IS NULL OR status = %s) AND requested < %s
 ORDER BY requested DESC LIMIT %s
""",
    columns=_COLUMNS,
    seen=_SEEN,
)


async def one(db: Db, viewer: Standing, approval_id: UUID) -> Approval:
    """404 for whoever neither asked for it nor could approve it."""
    found = await rows(db, _ONE, (approval_id, sorted(viewer.permissions), viewer.actor))
    if not found:
        raise NotFound("APPROVAL_UNKNOWN", approval_id=str(approval_id))
    return Approval(**found[0])


async def seen_by(
    db: Db,
    viewer: Standing,
    *,
    status: str | None = None,
    limit: int = LIMIT,
    cursor: str | None = None,
) -> Page[Approval]:
    """What this person asked for or could approve, newest first."""
    (before,) = start(limit, cursor)
    values = (sorted(viewer.permissions), viewer.actor, status, status, before, limit + 1)
    found = await rows(db, _SEEN_BY, values)
    return page([Approval(**row) for row in found], limit, lambda one: (one.requested,))

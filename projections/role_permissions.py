"""What each role may do, and since when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from domain.identity import PermissionGranted, PermissionWithdrawn, RoleDefined
from projections.base import At, Row

MONEY: bool = False


class RolePermissionRow(Row, kw_only=True, array_like=True, gc=False):
    """``since`` is when it was granted or withdrawn last, and ``reason`` why."""

    key = ("role_id", "permission")

    role_id: UUID
    permission: str
    held: bool
    since: datetime
    reason: str


TABLE: type[Row] = RolePermissionRow


def project(event: RoleDefined | PermissionGranted | PermissionWithdrawn, at: At) -> Sequence[Row]:
    permissions = event.permissions if isinstance(event, RoleDefined) else (event.permission,)
    return [
        RolePermissionRow(
            role_id=event.role_id,
            permission=permission,
            held=not isinstance(event, PermissionWithdrawn),
            since=at.occurred_at,
            reason=event.reason,
        )
        for permission in permissions
    ]

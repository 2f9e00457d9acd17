"""Alerts: what each person waits to be told, and what they were told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from msgspec import Struct, json

from domain.errors import NotFound
from domain.market import AlertCancelled, AlertExpired, AlertSet, AlertTriggered
from projections.base import At, Json, Once, Row, as_json
from projections.query import LIMIT, Amount, Db, Page, columns_for, page, rows, sql, start

MONEY: bool = False


class AlertStatus(StrEnum):
    OPEN = "OPEN"
    TRIGGERED = "TRIGGERED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"


class AlertRow(Row, kw_only=True, array_like=True, gc=False):
    key = ("alert_id",)
    indexes = ("(user_id, created DESC)", "(status) WHERE status = 'OPEN'")

    alert_id: UUID
    user_id: Once[UUID | None] = None
    symbol: Once[str | None] = None
    condition: Once[Json | None] = None
    reference: Once[Decimal | None] = None
    threshold: Once[Decimal | None] = None
    rising: Once[bool | None] = None
    expires_at: Once[datetime | None] = None
    created: Once[int | None] = None
    set_at: Once[datetime | None] = None
    status: AlertStatus | None = None
    value: Decimal | None = None
    evidence: str | None = None
    ended_at: datetime | None = None

    @property
    def is_final(self) -> bool:
        return self.ended_at is not None


TABLE: type[Row] = AlertRow


def project(
    event: AlertSet | AlertTriggered | AlertCancelled | AlertExpired, at: At
) -> Sequence[Row]:
    row = AlertRow(alert_id=event.alert_id)
    match event:
        case AlertSet():
            _set(row, event)
            row.created, row.set_at, row.status = at.position, at.occurred_at, AlertStatus.OPEN
            return (row,)
        case AlertTriggered():
            row.status = AlertStatus.TRIGGERED
            row.value, row.evidence = event.value, as_json(event.evidence)
        case AlertCancelled():
            row.status = AlertStatus.CANCELLED
        case AlertExpired():
            row.status = AlertStatus.EXPIRED
    row.ended_at = at.occurred_at
    return (row,)


def _set(row: AlertRow, event: AlertSet) -> None:
    row.user_id = event.user_id
    row.symbol = event.symbol
    row.condition = as_json(event.condition)
    row.reference = event.reference
    row.threshold = event.threshold
    row.rising = event.rising
    row.expires_at = event.expires_at


class Alert(Struct, frozen=True):
    """
    ``condition`` is as it was set; ``threshold`` what a price is held against (or a value of an
    indicator), ``rising`` whether it is reached from below.  ``value`` and ``evidence`` (the
    slice of the market) are there once it has triggered.
    """

    alert_id: UUID
    symbol: str
    status: AlertStatus
    condition: dict[str, Any]
    reference: Amount | None
    threshold: Amount | None
    rising: bool | None
    expires_at: datetime | None
    set_at: datetime
    ended_at: datetime | None
    value: Amount | None
    evidence: dict[str, Any] | None
    created: int
    position: int


_COLUMNS = columns_for(Alert, "a")
_ONE = sql(
    "SELECT {columns} FROM rm.alerts a WHERE alert_id = %s AND user_id = %s", columns=_COLUMNS
)
_OF_USER = sql(
    """
SELECT {columns} FROM rm.alerts a
 WHERE user_id = %s AND (%s::text IS NULL OR status = %s) AND (%s::text IS NULL OR symbol = %s)
   AND created < %s
 ORDER BY created DESC LIMIT %s
""",
    columns=_COLUMNS,
)


async def one(db: Db, user_id: UUID, alert_id: UUID) -> Alert:
    """One's own; anybody else's is not there."""
    found = await rows(db, _ONE, (alert_id, user_id))
    if not found:
        raise NotFound("ALERT_UNKNOWN", alert_id=str(alert_id))
    return _alert(found[0])


async def of_user(
    db: Db,
    user_id: UUID,
    *,
    status: AlertStatus | None = None,
    symbol: str | None = None,
    limit: int = LIMIT,
    cursor: str | None = None,
) -> Page[Alert]:
    """Newest first."""
    (before,) = start(limit, cursor)
    values = (user_id, status, status, symbol, symbol, before, limit + 1)
    found = [_alert(row) for row in await rows(db, _OF_USER, values)]
    return page(found, limit, lambda alert: (alert.created,))


def _alert(row: dict[str, Any]) -> Alert:
    evidence = row["evidence"] and json.decode(row["evidence"])
    return Alert(**row | {"status": AlertStatus(row["status"]), "evidence": evidence})

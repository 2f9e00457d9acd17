"""Risk status: what holds trading back in every scope, who set it, and which limits are set."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct, json

from domain.trading import (
    KillSwitchActivated,
    KillSwitchReleased,
    RiskLimitBreached,
    RiskLimitsSet,
    TradingStateChanged,
)
from projections.base import At, Row, as_json
from projections.query import Db, columns_for, rows, sql

MONEY: bool = False


class RiskStatusRow(Row, kw_only=True, array_like=True, gc=False):
    """One party in one scope; the switch columns are of the party KILL_SWITCH alone."""

    key = ("scope", "party")

    scope: str
    party: str
    state: str | None = None
    reason: str | None = None
    until: str | None = None
    limits: str | None = None
    later: str | None = None
    later_from: str | None = None
    switched_on: bool | None = None
    cancel_orders: bool | None = None
    flatten: bool | None = None
    stop_bots: bool | None = None
    breach: str | None = None


TABLE: type[Row] = RiskStatusRow


def project(
    event: TradingStateChanged
    | RiskLimitsSet
    | KillSwitchActivated
    | KillSwitchReleased
    | RiskLimitBreached,
    at: At,
) -> Sequence[Row]:
    match event:
        case TradingStateChanged():
            row = RiskStatusRow(
                scope=event.scope,
                party=event.party,
                state=event.new,
                reason=event.reason,
                until=event.until.isoformat() if event.until else "",
            )
        case RiskLimitsSet():
            row = RiskStatusRow(
                scope=event.scope,
                party=event.party,
                limits=as_json(event.limits),
                later=as_json(event.later),
                later_from=event.later_from.isoformat() if event.later_from else "",
            )
        case KillSwitchActivated():
            row = RiskStatusRow(
                scope=event.scope,
                party="KILL_SWITCH",
                switched_on=True,
                cancel_orders=event.cancel_orders,
                flatten=event.flatten,
                stop_bots=event.stop_bots,
            )
        case KillSwitchReleased():
            row = RiskStatusRow(scope=event.scope, party="KILL_SWITCH", switched_on=False)
        case RiskLimitBreached():
            row = RiskStatusRow(scope=event.scope, party="POLICY", breach=as_json(event))
    return (row,)


class RiskStatus(Struct, frozen=True):
    """
    What one party says in one scope.

    ``state`` is its hold (ACTIVE: none) until ``until``; ``limits`` count now, ``later`` from
    ``later_from`` on; ``breach`` is the limit that was broken last.
    """

    scope: str
    party: str
    state: str | None
    reason: str | None
    until: str | None
    limits: dict[str, Any] | None
    later: dict[str, Any] | None
    later_from: str | None
    switched_on: bool | None
    cancel_orders: bool | None
    flatten: bool | None
    stop_bots: bool | None
    breach: dict[str, Any] | None
    updated_at: datetime
    position: int


_OF_SCOPES = sql(
    "SELECT {columns} FROM rm.risk_status r WHERE scope = ANY(%s) ORDER BY scope, party",
    columns=columns_for(RiskStatus, "r"),
)


async def of_scopes(db: Db, _: UUID, scopes: Sequence[str]) -> list[RiskStatus]:
    """Of these scopes, by scope and party; whoever asks has been asked already."""
    found = await rows(db, _OF_SCOPES, (list(scopes),))
    return [_shown(row) for row in found]


def _shown(row: dict[str, Any]) -> RiskStatus:
    for name in ("limits", "later", "breach"):
        if isinstance(row[name], str):
            row[name] = json.decode(row[name])
    for name in ("until", "later_from"):
        row[name] = row[name] or None
    return RiskStatus(**row)

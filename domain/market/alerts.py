"""
Alerts: what somebody wants to be told of the market, once.

A condition is held against a threshold: a price, a price so many percent away from that of the
moment at which the alert was set, or the value of an indicator after a candle.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from immutables import Map
from msgspec import Struct, field
from msgspec.structs import replace

from domain.base import Event, State
from domain.market.candle import Timeframe
from domain.market.indicators import Study
from domain.market.quote import Evidence


class AlertKind(StrEnum):
    PRICE = "PRICE"
    PERCENT = "PERCENT"
    INDICATOR = "INDICATOR"


class Way(StrEnum):
    """At or above, at or below, or to the other side, wherever the value is now."""

    ABOVE = "ABOVE"
    BELOW = "BELOW"
    CROSSES = "CROSSES"


class Condition(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    What is waited for.

    ``level`` is a price, percent, or a value of the indicator; an indicator without a level is
    held against the close of its candle: ABOVE is a close above the line.  ``line`` names one of
    several lines (the first by default).
    """

    kind: AlertKind
    way: Way
    level: Decimal | None = None
    study: Study | None = None
    line: str | None = None
    timeframe: Timeframe | None = None


class AlertSet(Event, frozen=True, kw_only=True):
    """
    Somebody wants to be told when this is so.

    ``reference`` is the price when it was set, ``threshold`` what a price is held against from
    then on, ``rising`` whether it is reached from below; both are None where only the
    indicator's own value can tell.
    """

    alert_id: UUID
    user_id: UUID
    symbol: str
    condition: Condition
    reference: Decimal | None = None
    threshold: Decimal | None = None
    rising: bool | None = None
    expires_at: datetime | None = None


class AlertTriggered(Event, frozen=True, kw_only=True):
    """It is so: ``value`` is what was held against the threshold, ``evidence`` the slice."""

    alert_id: UUID
    user_id: UUID
    symbol: str
    value: Decimal
    evidence: Evidence


class AlertCancelled(Event, frozen=True, kw_only=True):
    alert_id: UUID
    user_id: UUID


class AlertExpired(Event, frozen=True, kw_only=True):
    alert_id: UUID
    user_id: UUID


class Alerts(State, frozen=True):
    """The alerts of one person that still wait."""

    open: Map[UUID, AlertSet] = field(default_factory=Map)

    def evolve(self, event: Event) -> Alerts:
        match event:
            case AlertSet():
                return replace(self, open=self.open.set(event.alert_id, event))
            case AlertTriggered() | AlertCancelled() | AlertExpired():
                if event.alert_id in self.open:
                    return replace(self, open=self.open.delete(event.alert_id))
                return self
            case _:
                return self

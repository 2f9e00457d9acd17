"""Alerts: to be told, once, when a price or an indicator is somewhere."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from commands.base import Caller, Command
from domain.base import Events, Role
from domain.errors import Illegal, Invalid, NotFound
from domain.market.alerts import (
    AlertCancelled,
    AlertExpired,
    AlertKind,
    Alerts,
    AlertSet,
    AlertTriggered,
    Condition,
    Way,
)
from domain.market.candle import DAY, Timeframe
from domain.market.indicators import INTRADAY_ONLY, lines, study_faults
from domain.market.quote import Evidence
from domain.money import is_amount, tidy

#: Alerts of one person that wait at the same time.
OPEN_MAX = 100
EXPIRY_MAX = timedelta(days=366)
PERCENT_MAX = Decimal(1000)
HUNDRED = Decimal(100)
#: The candles that indicators are watched over.
FRAMES = tuple(frame for frame in Timeframe if timedelta(minutes=1) <= frame.length <= DAY)
FRAMES_OF_A_DAY = tuple(frame for frame in FRAMES if frame.length < DAY)


class AlertCommand(Command, frozen=True, kw_only=True):
    """One of these concerns the alerts of one person."""

    state = Alerts
    allowed = Role.SYSTEM

    user_id: UUID
    alert_id: UUID

    @property
    def stream(self) -> str:
        return f"alerts-{self.user_id}"

    def authorise(self, state: Alerts, by: Caller) -> None:
        """Of somebody else's alerts nobody learns whether there are any."""
        super().authorise(state, by)
        if not (by.roles & Role.SYSTEM or by.actor == f"user:{self.user_id}"):
            raise NotFound("ALERT_UNKNOWN", alert_id=str(self.alert_id))


class SetAlert(AlertCommand, frozen=True, kw_only=True):
    """Have the market watched for one condition; ``reference`` is the price now, if known."""

    allowed = Role.TRADER

    symbol: str
    condition: Condition
    reference: Decimal | None = None
    expires_at: datetime | None = None

    def decide(self, alerts: Alerts) -> Events:
        for field, rule in self._faults():
            raise Invalid("VALIDATION", f"{field}: {rule}", field=field, rule=rule)
        if len(alerts.open) >= OPEN_MAX:
            raise Illegal("ALERT_LIMIT", limit=OPEN_MAX)
        threshold, rising = self._aim()
        return (
            AlertSet(
                alert_id=self.alert_id,
                user_id=self.user_id,
                symbol=self.symbol,
                condition=self.condition,
                reference=self.reference,
                threshold=threshold,
                rising=rising,
                expires_at=self.expires_at,
            ),
        )

    def _faults(self) -> Iterator[tuple[str, str]]:
        if self.expires_at is not None and not (self.at < self.expires_at <= self.at + EXPIRY_MAX):
            yield "expires_at", f"after now, within {EXPIRY_MAX.days} days"
        if self.condition.kind is AlertKind.INDICATOR:
            yield from _faults_of_study(self.condition)
        else:
            yield from _faults_of_level(self.condition)

    def _aim(self) -> tuple[Decimal | None, bool | None]:
        """What a price is held against, and whether it comes from below."""
        condition, level = self.condition, self.condition.level
        if condition.kind is AlertKind.INDICATOR:
            rising = None if condition.way is Way.CROSSES else condition.way is Way.ABOVE
            return level or Decimal(0), rising
        assert level is not None, "a price or percent, or it was refused"
        if condition.kind is AlertKind.PRICE and condition.way is not Way.CROSSES:
            return level, condition.way is Way.ABOVE
        if self.reference is None:
            raise Illegal("MARKET_NO_REFERENCE_PRICE", symbol=self.symbol)
        if condition.kind is AlertKind.PERCENT:
            rising = condition.way is Way.ABOVE
            share = level / HUNDRED if rising else -level / HUNDRED
            return tidy(self.reference * (1 + share)), rising
        if level == self.reference:
            rule = "another price than that of now"
            raise Invalid("VALIDATION", f"level: {rule}", field="level", rule=rule)
        return level, level > self.reference


def _faults_of_level(condition: Condition) -> Iterator[tuple[str, str]]:
    level, percent = condition.level, condition.kind is AlertKind.PERCENT
    if condition.study or condition.line or condition.timeframe:
        yield "kind", "only INDICATOR has an indicator, a line and a timeframe"
    if level is None or not is_amount(level):
        yield "level", "an amount above 0"
    elif percent and condition.way is Way.BELOW and level >= HUNDRED:
        yield "level", "nothing falls by 100 percent or more"
    elif percent and level > PERCENT_MAX:
        yield "level", f"at most {PERCENT_MAX} percent"
    if percent and condition.way is Way.CROSSES:
        yield "way", "ABOVE (so much up) or BELOW (so much down)"


def _faults_of_study(condition: Condition) -> Iterator[tuple[str, str]]:
    study, frame = condition.study, condition.timeframe
    if study is None:
        yield "indicator", "required"
        return
    yield from study_faults(study)
    frames = FRAMES_OF_A_DAY if study.indicator in INTRADAY_ONLY else FRAMES
    if frame not in frames:
        yield "timeframe", "one of " + ", ".join(frames)
    if condition.line is not None and condition.line not in lines(study):
        yield "line", "one of " + ", ".join(lines(study))
    if condition.level is not None and not (condition.level.is_finite()):
        yield "level", "a number"


class CancelAlert(AlertCommand, frozen=True, kw_only=True):
    """Do not want to be told any more."""

    allowed = Role.TRADER | Role.SYSTEM

    def decide(self, alerts: Alerts) -> Events:
        if self.alert_id not in alerts.open:
            raise NotFound("ALERT_UNKNOWN", alert_id=str(self.alert_id))
        return (AlertCancelled(alert_id=self.alert_id, user_id=self.user_id),)


class TriggerAlert(AlertCommand, frozen=True, kw_only=True):
    """Tell that it is so; once, however often it is asked."""

    value: Decimal
    evidence: Evidence

    def decide(self, alerts: Alerts) -> Events:
        alert: Any = alerts.open.get(self.alert_id)
        if alert is None:
            return ()
        return (
            AlertTriggered(
                alert_id=self.alert_id,
                user_id=self.user_id,
                symbol=alert.symbol,
                value=self.value,
                evidence=self.evidence,
            ),
        )


class ExpireAlert(AlertCommand, frozen=True, kw_only=True):
    """The time of the alert is over."""

    def decide(self, alerts: Alerts) -> Events:
        alert = alerts.open.get(self.alert_id)
        if alert is None or alert.expires_at is None or self.at < alert.expires_at:
            return ()
        return (AlertExpired(alert_id=self.alert_id, user_id=self.user_id),)

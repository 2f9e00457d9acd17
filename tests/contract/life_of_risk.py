"""Facts of risk, out of the commands that make them, for the golden files."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from commands.base import Command
from commands.trading import (
    ActivateDeskKillSwitch,
    AnnounceCorporateAction,
    ReleaseDeskKillSwitch,
    SetDeskLimits,
)
from domain.base import Event, fold
from domain.trading import ActionKind, Announced, Desks, Limits, RiskLimitBreached
from tests.spec.trading import ME, NOW

ONE_DAY = timedelta(days=1)
TOMORROW = NOW + ONE_DAY


def of_risk() -> tuple[Event, ...]:
    scope = f"user:{ME}"
    facts: tuple[Event, ...] = ()
    for limits in (Limits(max_order_qty=Decimal(10)), Limits(max_open_orders=3)):
        command = SetDeskLimits(
            at=NOW, scope=scope, limits=limits, next_session=TOMORROW, reason="a losing week"
        )
        facts += _decided(command, facts)
    for kill in (
        ActivateDeskKillSwitch(at=NOW, scope="platform", flatten=True, reason="wrong prices"),
        ReleaseDeskKillSwitch(at=NOW, scope="platform", reason="prices are right"),
    ):
        facts += _decided(kill, facts)
    breach = RiskLimitBreached(
        scope="account:1",
        limit_name="daily_loss_limit",
        limit=Decimal(100),
        value=Decimal("100.05"),
        equity=Decimal("99899.95"),
    )
    return (*reversed(facts), breach, *splitting(NOW).decide(Announced()))


def splitting(now: datetime) -> AnnounceCorporateAction:
    """Three for two, from tomorrow on."""
    return AnnounceCorporateAction(
        at=now,
        kind=ActionKind.SPLIT,
        symbol="ACME",
        ex_at=now + ONE_DAY,
        numerator=Decimal(3),
        denominator=Decimal(2),
        reference_price=Decimal("66.7"),
        source="circular 7 of the exchange",
        reason="as the company has announced",
    )


def a_day(now: datetime) -> Iterator[tuple[Command, str]]:
    """A trader who limits himself, and a house that halts everybody for a while."""
    scope, risk = f"user:{ME}", "user:9"
    limits = Limits(max_order_qty=Decimal(10), never=("DUST",))
    yield (
        SetDeskLimits(
            at=now, scope=scope, limits=limits, next_session=now + ONE_DAY, reason='"why"'
        ),
        scope,
    )
    yield ActivateDeskKillSwitch(at=now, scope="platform", reason="wrong prices"), risk
    yield ReleaseDeskKillSwitch(at=now, scope="platform", reason="prices are right"), risk
    yield splitting(now), risk


def _decided(command: Command, facts: tuple[Event, ...]) -> tuple[Event, ...]:
    return command.decide(fold(Desks(), facts))

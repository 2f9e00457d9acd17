"""Facts of alerts, out of the commands that make them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from commands.base import Command
from commands.market import CancelAlert, ExpireAlert, SetAlert, TriggerAlert
from domain.base import Event, fold
from domain.market import AlertKind, Alerts, Condition, Way, witness
from domain.market.candle import Timeframe
from domain.market.indicators import Indicator, Study
from tests.spec.trading import ME, NOW, quote

PRICE = Condition(kind=AlertKind.PRICE, way=Way.CROSSES, level=Decimal("105.05"))
PERCENT = Condition(kind=AlertKind.PERCENT, way=Way.BELOW, level=Decimal("2.5"))
STUDIED = Condition(
    kind=AlertKind.INDICATOR,
    way=Way.ABOVE,
    study=Study(Indicator.BOLLINGER, 30, deviations=Decimal("2.5")),
    line="upper",
    timeframe=Timeframe.M5,
)


def a_day(now: datetime) -> Iterator[tuple[Command, str]]:
    """One is told, one thinks better of it, one waits in vain, and one still waits."""
    mine: dict[str, Any] = {"at": now, "user_id": ME}
    me, lookout = f"user:{ME}", "system:lookout"
    soon = now + timedelta(hours=1)
    ids = [UUID(int=number) for number in range(61, 65)]
    wanted = ((PRICE, None), (PERCENT, None), (STUDIED, soon), (PRICE, soon))
    for name, (condition, expires) in zip(ids, wanted, strict=True):
        yield (
            SetAlert(
                **mine,
                alert_id=name,
                symbol="SPY",
                condition=condition,
                reference=Decimal("100.5"),
                expires_at=expires,
            ),
            me,
        )
    evidence = witness(quote(), NOW, rule="PRICE_CROSSES", model="ALERTS@1")
    value = Decimal("105.1")
    yield TriggerAlert(**mine, alert_id=ids[0], value=value, evidence=evidence), lookout
    yield CancelAlert(**mine, alert_id=ids[1]), me
    yield ExpireAlert(**mine | {"at": soon}, alert_id=ids[2]), lookout


def of_alerts() -> Iterator[Event]:
    alerts = Alerts()
    for command, _ in a_day(NOW):
        facts = command.decide(alerts)
        alerts = fold(alerts, facts)
        yield from facts

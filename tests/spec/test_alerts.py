"""Alerts: what may be waited for, and that everybody is told once."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from commands.base import Caller
from commands.market import CancelAlert, ExpireAlert, SetAlert, TriggerAlert
from commands.market.alerts import OPEN_MAX
from domain.base import Role, fold
from domain.errors import Forbidden, Illegal, Invalid, NotFound
from domain.market import (
    AlertCancelled,
    AlertExpired,
    AlertKind,
    Alerts,
    AlertSet,
    AlertTriggered,
    Condition,
    Way,
    witness,
)
from domain.market.candle import Timeframe
from domain.market.indicators import Indicator, Study
from tests.spec.given import given
from tests.spec.trading import ME, NOW, quote

FIRST, SOON = UUID(int=1), NOW + timedelta(hours=1)
EVIDENCE = witness(quote(), NOW, rule="PRICE_ABOVE", model="ALERTS@1")


def price(way: str, level: str | None = "105", **more: Any) -> Condition:
    asked = None if level is None else Decimal(level)
    return Condition(kind=AlertKind.PRICE, way=Way(way), level=asked, **more)


def percent(way: str, level: str) -> Condition:
    return Condition(kind=AlertKind.PERCENT, way=Way(way), level=Decimal(level))


def studied(way: str, indicator: str = "RSI", frame: str = "5m", **more: Any) -> Condition:
    asked: dict[str, Any] = {"study": Study(Indicator(indicator)), "level": Decimal(70), **more}
    return Condition(kind=AlertKind.INDICATOR, way=Way(way), timeframe=Timeframe(frame), **asked)


def wanting(condition: Condition, reference: str | None = "100", **more: Any) -> SetAlert:
    known = Decimal(reference) if reference else None
    of: dict[str, Any] = {"at": NOW, "user_id": ME, "alert_id": FIRST, "symbol": "ACME", **more}
    return SetAlert(**of, condition=condition, reference=known)


def alert(condition: Condition | None = None, **more: Any) -> AlertSet:
    (fact,) = wanting(condition or price("ABOVE"), **more).decide(Alerts())
    assert isinstance(fact, AlertSet)
    return fact


TRIGGER = TriggerAlert(
    at=NOW, user_id=ME, alert_id=FIRST, value=Decimal("105.5"), evidence=EVIDENCE
)
TRIGGERED = AlertTriggered(
    alert_id=FIRST, user_id=ME, symbol="ACME", value=Decimal("105.5"), evidence=EVIDENCE
)
CANCEL = CancelAlert(at=NOW, user_id=ME, alert_id=FIRST)
CANCELLED = AlertCancelled(alert_id=FIRST, user_id=ME)
EXPIRED = AlertExpired(alert_id=FIRST, user_id=ME)


@pytest.mark.parametrize(
    ("condition", "threshold", "rising"),
    [
        (price("ABOVE"), "105", True),
        (price("BELOW"), "105", False),
        (price("CROSSES"), "105", True),
        (price("CROSSES", "95"), "95", False),
        (percent("ABOVE", "2.5"), "102.5", True),
        (percent("BELOW", "2.5"), "97.5", False),
        (studied("ABOVE"), "70", True),
        (studied("BELOW"), "70", False),
        (studied("CROSSES"), "70", None),
        (studied("ABOVE", "BOLLINGER", line="upper", level=None), "0", True),
    ],
)
def test_what_is_waited_for_is_settled_when_it_is_set(
    condition: Condition, threshold: str, rising: bool | None
) -> None:
    fact = alert(condition)
    assert (fact.threshold, fact.rising) == (Decimal(threshold), rising)


@pytest.mark.parametrize(
    ("condition", "field"),
    [
        (price("ABOVE", None), "level"),
        (price("ABOVE", "-1"), "level"),
        (price("CROSSES", "100"), "level"),
        (price("ABOVE", timeframe=Timeframe.M5), "kind"),
        (percent("CROSSES", "5"), "way"),
        (percent("BELOW", "100"), "level"),
        (percent("ABOVE", "1000.5"), "level"),
        (studied("ABOVE", study=None), "indicator"),
        (studied("ABOVE", study=Study(Indicator.RSI, 0)), "period"),
        (studied("ABOVE", line="upper"), "line"),
        (studied("ABOVE", frame="1s"), "timeframe"),
        (studied("ABOVE", frame="1M"), "timeframe"),
        (studied("ABOVE", "VWAP", "1D"), "timeframe"),
    ],
)
def test_what_makes_no_sense_is_named(condition: Condition, field: str) -> None:
    error = given().when(wanting(condition)).then_fails(Invalid, "VALIDATION")
    assert error.context["field"] == field


@pytest.mark.parametrize("expires_at", [NOW, NOW + timedelta(days=367)])
def test_an_alert_expires_within_a_year(expires_at: Any) -> None:
    wanted = wanting(price("ABOVE"), expires_at=expires_at)
    assert given().when(wanted).then_fails(Invalid, "VALIDATION").context["field"] == "expires_at"


@pytest.mark.parametrize("condition", [price("CROSSES"), percent("ABOVE", "1")])
def test_what_is_measured_from_the_price_of_now_needs_one(condition: Condition) -> None:
    given().when(wanting(condition, None)).then_fails(Illegal, "MARKET_NO_REFERENCE_PRICE")
    given().when(wanting(price("ABOVE"), None)).then_only(AlertSet, threshold=Decimal(105))


def test_nobody_waits_for_more_than_a_hundred_things() -> None:
    many = [replace(alert(), alert_id=UUID(int=n)) for n in range(OPEN_MAX)]
    given(*many).when(wanting(price("ABOVE"))).then_fails(Illegal, "ALERT_LIMIT")
    over = AlertCancelled(alert_id=many[0].alert_id, user_id=ME)
    given(*many, over).when(wanting(price("ABOVE"))).then_only(AlertSet)


def test_an_alert_triggers_once() -> None:
    given(alert()).when(TRIGGER).then(TRIGGERED)
    for over in (TRIGGERED, CANCELLED, EXPIRED):
        given(alert(), over).when(TRIGGER).then()


def test_an_alert_that_waits_can_be_taken_back() -> None:
    given(alert()).when(CANCEL).then(CANCELLED)
    for over in (TRIGGERED, CANCELLED, EXPIRED):
        given(alert(), over).when(CANCEL).then_fails(NotFound, "ALERT_UNKNOWN")


def test_an_alert_expires_when_its_time_has_come() -> None:
    expiring, over = alert(expires_at=SOON), ExpireAlert(at=SOON, user_id=ME, alert_id=FIRST)
    given(expiring).when(over).then(EXPIRED)
    given(expiring).when(replace(over, at=NOW)).then()
    given(expiring, TRIGGERED).when(over).then()
    given(alert()).when(over).then()


def test_only_its_owner_sets_or_cancels_and_only_the_house_triggers() -> None:
    state = fold(Alerts(), [alert()])
    owner = Caller(actor=f"user:{ME}", roles=Role.TRADER, correlation_id=FIRST)
    other = replace(owner, actor=f"user:{UUID(int=99)}")
    house = replace(owner, actor="system:lookout", roles=Role.SYSTEM)
    CANCEL.authorise(state, owner)
    CANCEL.authorise(state, house)
    TRIGGER.authorise(state, house)
    for command in (CANCEL, wanting(price("ABOVE"))):
        with pytest.raises(NotFound):
            command.authorise(state, other)
    with pytest.raises(Forbidden):
        TRIGGER.authorise(state, owner)

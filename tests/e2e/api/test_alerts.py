"""Alerts of a running service: set over HTTP, told by the market, listed, cancelled."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.e2e.service import Person, Service, eventually

ASKED = {"symbol": "RELIANCE", "kind": "PRICE", "way": "ABOVE"}


@pytest.fixture(scope="module")
def mine(someone: Person) -> list[dict[str, Any]]:
    """One that is so already, one that never will be, and one that wants an indicator."""
    study = {"kind": "INDICATOR", "indicator": "RSI", "timeframe": "1m", "level": "100"}
    wanted = ({"level": "1"}, {"level": "1000000"}, study | {"way": "CROSSES"})
    return [someone.post("/alerts", ASKED | each) for each in wanted]


def test_an_alert_is_told_with_the_slice_that_did_it(
    someone: Person, mine: list[dict[str, Any]]
) -> None:
    path = f"/alerts/{mine[0]['alert_id']}"
    told = eventually(lambda: someone.get(path), lambda alert: alert["status"] != "OPEN")
    assert (told["status"], told["threshold"], told["rising"]) == ("TRIGGERED", "1", True)
    assert float(told["value"]) > 1
    assert Decimal(told["evidence"]["last"]) == Decimal(told["value"])
    assert told["position"] > told["created"]


def test_alerts_are_listed_newest_first_by_state(
    someone: Person, mine: list[dict[str, Any]]
) -> None:
    listed = someone.ask("GET", "/alerts?status=OPEN&symbol=RELIANCE", 200)["items"]
    assert [one["alert_id"] for one in listed] == [one["alert_id"] for one in mine[:0:-1]]
    first = someone.get("/alerts", limit=1)
    rest = someone.get("/alerts", limit=9, cursor=first["next"])["items"]
    assert [one["alert_id"] for one in rest] == [one["alert_id"] for one in mine[1::-1]]
    studied = first["items"][0]["condition"]
    assert (studied["study"]["indicator"], studied["timeframe"]) == ("RSI", "1m")


def test_an_alert_is_cancelled_once(someone: Person, mine: list[dict[str, Any]]) -> None:
    path = f"/alerts/{mine[1]['alert_id']}"
    assert someone.ask("DELETE", path, 200)["status"] == "CANCELLED"
    assert someone.ask("DELETE", path, 404)["code"] == "ALERT_UNKNOWN"
    assert someone.get(path)["status"] == "CANCELLED"


def test_alerts_of_others_are_not_there(
    service: Service, someone: Person, mine: list[dict[str, Any]]
) -> None:
    path = f"/alerts/{mine[2]['alert_id']}"
    with service.person() as other:
        assert other.get("/alerts")["items"] == []
        for method in ("GET", "DELETE"):
            assert other.ask(method, path, 404)["code"] == "ALERT_UNKNOWN"
    assert someone.get(path)["status"] == "OPEN"


@pytest.mark.parametrize(
    ("body", "status", "code", "pointer"),
    [
        ({"symbol": "NOSUCH", "level": "1"}, 404, "INSTRUMENT_UNKNOWN", None),
        ({}, 422, "VALIDATION", "/level"),
        ({"level": "0"}, 422, "VALIDATION", "/level"),
        ({"level": "NaN"}, 422, "VALIDATION", "/level"),
        ({"level": "1", "way": "SIDEWAYS"}, 422, "VALIDATION", "/way"),
        ({"level": "1", "note": "x"}, 422, "VALIDATION", "/note"),
        ({"level": "1", "timeframe": "5m"}, 422, "VALIDATION", "/kind"),
        ({"kind": "INDICATOR", "level": "1"}, 422, "VALIDATION", "/indicator"),
        ({"kind": "PERCENT", "level": "5000"}, 422, "VALIDATION", "/level"),
        ({"level": "1", "expires_at": "2020-01-01T00:00:00Z"}, 422, "VALIDATION", "/expires_at"),
        ({"level": "1", "expires_at": "2020-01-01T00:00:00"}, 422, "VALIDATION", "/expires_at"),
    ],
)
def test_what_makes_no_sense_is_refused(
    someone: Person, body: dict[str, str], status: int, code: str, pointer: str | None
) -> None:
    problem = someone.post("/alerts", ASKED | body, status)
    assert problem["code"] == code
    assert [fault["pointer"] for fault in problem.get("errors", [])] == [pointer] * bool(pointer)

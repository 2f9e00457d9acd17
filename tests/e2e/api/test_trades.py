"""Trades noted by hand: recorded, corrected and taken out again, and no version is ever lost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.e2e.api.refusals import names, refusal
from tests.e2e.service import Person, Service

BOUGHT = {
    "stock_ticker": "INFY",
    "quantity": "10",
    "buy_price": "1500",
    "order_executed_at": "2026-11-20T09:30:00+05:30",
    "brokerage_charge": "20",
    "mtf_charge": "0",
    "tags": ["swing"],
}
SOLD = BOUGHT | {"sell_price": "1520.5", "reason": "it is sold by now"}
WHY = {"reason": "it was never mine"}


@pytest.fixture(scope="module")
def ada(service: Service) -> Iterator[Person]:
    with service.person() as one:
        yield one


@pytest.fixture
def noted(ada: Person) -> Any:
    return ada.post("/trades", BOUGHT)


def change(
    who: Person, method: str, trade: str, body: object, version: object = 1
) -> httpx.Response:
    headers = {} if version is None else {"If-Match": f'"{version}"'}
    return who.http.request(method, f"/trades/{trade}", json=body, headers=headers)


def test_a_trade_is_noted_corrected_and_taken_out(ada: Person, noted: Any) -> None:
    trade = noted["trade_id"]
    assert (noted["origin"], noted["status"], noted["version"]) == ("MANUAL", "ACTIVE", 1)
    assert (noted["stage"], noted["net_pnl"]) == ("OPEN", None)
    answer = change(ada, "PUT", trade, SOLD)
    assert answer.status_code == 200, answer.text
    assert answer.headers["ETag"] == '"2"'
    assert (answer.json()["stage"], answer.json()["net_pnl"]) == ("CLOSED", "185")
    assert answer.json()["exec_ref_id"] == noted["exec_id"]
    assert ada.http.get(f"/trades/{trade}").headers["ETag"] == '"2"'
    gone = change(ada, "DELETE", trade, WHY, 2)
    assert (gone.status_code, gone.json()["status"]) == (200, "ANNULLED")
    again = change(ada, "DELETE", trade, WHY, 2)
    assert again.json() == gone.json(), "asking twice changes nothing"
    history = ada.get(f"/trades/{trade}/history")["items"]
    assert [one["status"] for one in history] == ["ACTIVE", "CORRECTED", "ANNULLED"]
    assert [one["reason"] for one in history] == [None, SOLD["reason"], WHY["reason"]]
    refusal(change(ada, "PUT", trade, SOLD, 3), 409, "TRADE_ALREADY_ANNULLED")


def test_a_list_leaves_out_what_was_taken_out_unless_asked(ada: Person, noted: Any) -> None:
    change(ada, "DELETE", noted["trade_id"], WHY)
    listed = ada.get("/trades", origin="MANUAL")["items"]
    assert noted["trade_id"] not in [one["trade_id"] for one in listed]
    whole = ada.get("/trades", origin="MANUAL", include="annulled")["items"]
    assert whole[0]["trade_id"] == noted["trade_id"], "what was told last comes first"


def test_nobody_changes_what_they_have_not_seen(ada: Person, noted: Any) -> None:
    trade = noted["trade_id"]
    refusal(change(ada, "PUT", trade, SOLD, None), 428, "VERSION_REQUIRED")
    refusal(change(ada, "DELETE", trade, WHY, None), 428, "VERSION_REQUIRED")
    assert change(ada, "PUT", trade, SOLD).status_code == 200
    stale = refusal(change(ada, "PUT", trade, SOLD | {"quantity": "9"}), 412, "VERSION_STALE")
    assert stale["context"] == {"current": "2"}
    refusal(change(ada, "DELETE", trade, WHY, 1), 412, "VERSION_STALE")
    names(refusal(change(ada, "PUT", trade, SOLD, "x"), 422, "VALIDATION"), "/If-Match", "")


def test_a_journal_is_nobody_elses(ada: Person, noted: Any, service: Service) -> None:
    trade = noted["trade_id"]
    with service.person() as ben:
        refusal(ben.http.get(f"/trades/{trade}"), 404, "TRADE_UNKNOWN")
        refusal(ben.http.get(f"/trades/{trade}/history"), 404, "TRADE_UNKNOWN")
        refusal(change(ben, "PUT", trade, SOLD), 404, "TRADE_UNKNOWN")
        refusal(change(ben, "DELETE", trade, WHY), 404, "TRADE_UNKNOWN")
        assert ben.get("/trades", origin="MANUAL")["items"] == []


def test_a_trade_of_the_engine_is_only_read_by_its_owner(ada: Person) -> None:
    account = ada.account()
    order = ada.order(account)["order_id"]
    ada.filled(order)
    (fill,) = ada.get(f"/orders/{order}/fills")["items"]
    shown = ada.http.get(f"/trades/{fill['exec_id']}")
    assert (shown.json()["origin"], shown.headers["ETag"]) == ("ENGINE", '"1"')
    assert shown.json()["price"] == fill["price"]
    refusal(change(ada, "PUT", fill["exec_id"], SOLD), 403, "TRADE_CORRECTION_FORBIDDEN")
    refusal(change(ada, "DELETE", fill["exec_id"], WHY), 403, "TRADE_CORRECTION_FORBIDDEN")
    made = ada.http.post("/trades", json=BOUGHT | {"account_id": account})
    refusal(made, 405, "TRADE_CREATED_BY_ENGINE_ONLY")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("quantity", "0"),
        ("buy_price", "NaN"),
        ("mtf_charge", "-1"),
        ("order_executed_at", "2026-11-20T09:30:00"),
        ("colour", "blue"),
    ],
)
def test_nonsense_is_not_noted(ada: Person, field: str, value: str) -> None:
    problem = refusal(ada.http.post("/trades", json=BOUGHT | {field: value}), 422, "VALIDATION")
    assert problem["errors"][0]["pointer"] == f"/{field}"


def test_a_correction_says_why(ada: Person, noted: Any) -> None:
    short = SOLD | {"reason": "oops"}
    names(refusal(change(ada, "PUT", noted["trade_id"], short), 422, "VALIDATION"), "/reason", "")
    names(refusal(ada.http.get("/trades"), 422, "VALIDATION"), "/account_id", "required")

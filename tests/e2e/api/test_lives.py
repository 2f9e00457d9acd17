"""The lives of an account: a reset begins another and loses nothing, closing ends the last."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.api.refusals import refusal
from tests.e2e.service import Person, Service

WHY = {"reason": "a new beginning"}


@pytest.fixture(scope="module")
def ada(service: Service) -> Iterator[Person]:
    with service.person() as one:
        yield one


def test_a_reset_marks_out_what_is_held_and_keeps_what_was(ada: Person) -> None:
    account = ada.account()
    ada.filled(ada.order(account)["order_id"])
    resting = ada.resting(account)["order_id"]
    before = ada.position
    begun = ada.post(f"/accounts/{account}/reset", WHY | {"opening_capital": "5000"}, 200)
    assert (begun["epoch_no"], begun["opening_capital"]) == (2, "5000")
    assert (begun["canceled"], begun["marked_out"]) == ([resting], 1)
    assert begun["closed_cash"] == begun["closed_equity"], "flat, so all of it is cash"
    wallet = ada.get("/wallet", account_id=account)
    assert (wallet["cash"], wallet["equity"], wallet["reserved_orders"]) == ("5000", "5000", "0")
    assert (wallet["realised_wac"], wallet["fees_total"]) == ("0", "0")
    (position,) = ada.get("/positions", account_id=account)["items"]
    assert (position["quantity"], position["realised_wac"]) == ("0", "0")
    assert ada.get(f"/accounts/{account}")["epoch_no"] == 2
    fills = ada.get("/fills", account_id=account)["items"]
    assert [one["side"] for one in fills] == ["SELL", "BUY"]
    assert fills[0]["evidence"]["rule"] == "CLOSE_PRICE"
    then = ada.get(f"/accounts/{account}", as_of=before)
    assert [one["quantity"] for one in then["positions"]] == ["10"], "the past stays readable"
    assert then["orders"][0]["order_id"] == resting
    ada.filled(ada.order(account, quantity="1")["order_id"])


def test_an_account_begins_anew_three_times_a_day(ada: Person) -> None:
    account = ada.account("777")
    for nth in (2, 3, 4):
        begun = ada.post(f"/accounts/{account}/reset", WHY, 200)
        assert (begun["epoch_no"], begun["opening_capital"]) == (nth, "777")
    refused = ada.http.post(f"/accounts/{account}/reset", json=WHY)
    assert refusal(refused, 409, "RESET_QUOTA")["context"]["limit"] == "3"


def test_a_closed_account_is_only_read(ada: Person) -> None:
    account = ada.account("100000")
    order = ada.order(account)["order_id"]
    ada.filled(order)
    close = f"/accounts/{account}/close"
    refusal(ada.http.post(close, json=WHY), 409, "ACCOUNT_NOT_FLAT")
    (position,) = ada.get("/positions", account_id=account)["items"]
    sold = ada.post(f"/positions/{position['position_id']}/close", {})
    ada.filled(sold["order_id"])
    ended = ada.post(close, WHY, 200)
    assert ended["cash"] == ada.get("/wallet", account_id=account)["cash"]
    assert ada.post(close, WHY, 200)["cash"] is None, "asking twice changes nothing"
    assert ada.get(f"/accounts/{account}")["state"] == "CLOSED"
    refusal(ada.http.post(f"/accounts/{account}/reset", json=WHY), 409, "ACCOUNT_CLOSED")
    money = {"amount": "1", "reason": "more of it"}
    refusal(ada.http.post(f"/accounts/{account}/deposits", json=money), 409, "ACCOUNT_CLOSED")


def test_an_account_is_begun_and_ended_by_its_owner_alone(ada: Person, service: Service) -> None:
    account = ada.account()
    with service.person() as ben:
        for word in ("reset", "close"):
            answer = ben.http.post(f"/accounts/{account}/{word}", json=WHY)
            refusal(answer, 404, "ACCOUNT_UNKNOWN")
    for word in ("reset", "close"):
        refusal(ada.http.post(f"/accounts/{account}/{word}", json={}), 422, "VALIDATION")

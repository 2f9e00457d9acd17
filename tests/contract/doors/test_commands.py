"""Commands: what goes in, what comes out, and what the same key gets again."""

from __future__ import annotations

import asyncio
from pathlib import Path
from uuid import UUID

import pytest

from tests.contract.doors.rig import Doors

pytestmark = pytest.mark.anyio


ORDER = {
    "symbol": "ACME",
    "side": "BUY",
    "quantity": "10",
    "order_type": "LIMIT",
    "price": "99.95",
}


async def test_an_order_goes_in_and_its_facts_come_out(house: Doors) -> None:
    ticket = {"account_id": await house.account(), **ORDER, "client_order_id": "mine"}
    response = await house.http.post("/api/v1/orders", json=ticket)
    assert response.status_code == 201
    answer = response.json()
    assert answer == {
        "order_id": answer["order_id"],
        "account_id": ticket["account_id"],
        "status": "NEW",
        "message": "BUY 10 ACME at 99.95. Working at paper, no worse than 99.95.",
        "position": 3,
        "client_order_id": "mine",
    }
    assert response.headers["X-Position"] == "3"
    names = [type(fact.event).__name__ for fact in house.tape.facts(0, 10)]
    assert names == ["AccountOpened", "OrderPlaced", "OrderAccepted"]


async def test_an_order_is_named_after_the_time_it_came(house: Doors) -> None:
    account = await house.account()
    ids = []
    for _ in range(3):
        answer = await house.http.post("/api/v1/orders", json={"account_id": account, **ORDER})
        ids.append(UUID(answer.json()["order_id"]))
    assert ids == sorted(ids)
    assert {one.version for one in ids} == {7}


async def test_the_same_key_gets_the_same_answer(house: Doors) -> None:
    account = await house.account()
    for key, changes in (("one", {}), ("two", {"quantity": "1000000", "price": "5000"})):
        ticket = {"account_id": account, **ORDER, **changes}
        headers = {"Idempotency-Key": key}
        first = await house.http.post("/api/v1/orders", json=ticket, headers=headers)
        again = await house.http.post("/api/v1/orders", json=ticket, headers=headers)
        assert (first.status_code, again.status_code) in {(201, 201), (409, 409)}
        same = ("order_id", "position", "status")
        assert [first.json()[name] for name in same] == [again.json()[name] for name in same]
        assert first.headers["X-Position"] == again.headers["X-Position"]
        assert "Idempotency-Replayed" not in first.headers
        assert again.headers["Idempotency-Replayed"] == "true"


async def test_requests_of_one_key_at_the_same_time_are_done_once(house: Doors) -> None:
    ticket = {"account_id": await house.account(), **ORDER}
    headers = {"Idempotency-Key": "at-once"}
    asks = (house.http.post("/api/v1/orders", json=ticket, headers=headers) for _ in range(20))
    answers = await asyncio.gather(*asks)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["order_id"] for answer in answers}) == 1
    assert house.tape.head().position == 3


async def test_a_key_counts_for_one_person_and_one_route(house: Doors, keys: Path) -> None:
    headers = {"Idempotency-Key": "mine"}
    body = {"kind": "PAPER", "currency": "INR", "opening_capital": "1"}
    first = await house.http.post("/api/v1/accounts", json=body, headers=headers)
    account = first.json()["account_id"]
    amount = {"amount": "1"}
    deposit = await house.http.post(
        f"/api/v1/accounts/{account}/deposits", json=amount, headers=headers
    )
    assert deposit.status_code == 201
    token = house.house.tokens.issue(house.house.ids())
    other = {**headers, "Authorization": f"Bearer {token}"}
    second = await house.http.post("/api/v1/accounts", json=body, headers=other)
    assert second.status_code == 201
    assert second.json()["account_id"] != account


async def test_a_key_used_for_another_request_is_refused(house: Doors) -> None:
    ticket = {"account_id": await house.account(), **ORDER}
    headers = {"Idempotency-Key": "once"}
    await house.http.post("/api/v1/orders", json=ticket, headers=headers)
    facts = house.tape.head().position
    for change in ({"quantity": "11"}, {"side": "SELL"}, {"client_order_id": "x"}):
        response = await house.http.post("/api/v1/orders", json=ticket | change, headers=headers)
        assert (response.status_code, response.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    respelled = dict(reversed(ticket.items()))
    response = await house.http.post("/api/v1/orders", json=respelled, headers=headers)
    assert response.headers["Idempotency-Replayed"] == "true"
    assert house.tape.head().position == facts


async def test_an_order_is_found_by_its_id_alone_but_by_its_owner_only(house: Doors) -> None:
    ticket = {"account_id": await house.account(), **ORDER}
    order = (await house.http.post("/api/v1/orders", json=ticket)).json()["order_id"]
    stranger = {"Authorization": f"Bearer {house.house.tokens.issue(house.house.ids())}"}
    refused = await house.http.delete(f"/api/v1/orders/{order}", headers=stranger)
    assert (refused.status_code, refused.json()["code"]) == (404, "ORDER_UNKNOWN")
    assert ticket["account_id"] not in refused.text
    canceled = await house.http.delete(f"/api/v1/orders/{order}")
    assert (canceled.status_code, canceled.json()["status"]) == (200, "CANCELED")


async def test_while_the_tape_is_away_commands_say_so(house: Doors) -> None:
    account = await house.account()
    house.tape.available = False
    response = await house.http.post("/api/v1/orders", json={"account_id": account, **ORDER})
    assert (response.status_code, response.json()["code"]) == (503, "TAPE_UNAVAILABLE")
    assert int(response.headers["Retry-After"]) >= 1
    house.tape.available = True
    response = await house.http.post("/api/v1/orders", json={"account_id": account, **ORDER})
    assert response.status_code == 201

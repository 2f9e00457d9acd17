"""Orders of every kind over HTTP: what is placed, what is held, and what becomes of several."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.contract.doors.desk import LISTED, MARKET, ORDER, STOP, listed
from tests.contract.doors.rig import Doors, doors

pytestmark = pytest.mark.anyio


@pytest.fixture
async def market(keys: Path) -> Any:
    async with doors(keys, instruments={one.symbol: one for one in LISTED}) as house:
        listed(house)
        yield house


async def ask(market: Doors, path: str, **body: Any) -> Any:
    account = await market.account()
    return await market.http.post(f"/api/v1/{path}", json={"account_id": account, **body})


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({}, "NEW"),
        (MARKET, "NEW"),
        ({"product": "MIS", "side": "SELL"}, "NEW"),
        ({"symbol": "FUT", "product": "NRML", "side": "SELL"}, "NEW"),
        ({"symbol": "LENT", "product": "MTF"}, "NEW"),
        (STOP, "HELD"),
        ({"order_type": "STOP_LIMIT", "price": "106", "stop_price": "105"}, "HELD"),
        ({"order_type": "MIT", "price": None, "stop_price": "95"}, "HELD"),
        ({"order_type": "TRAILING_STOP", "price": None, "trail_pct": "2"}, "HELD"),
        ({"tif": "IOC"}, "NEW"),
        ({"tif": "FOK"}, "NEW"),
        ({"tif": "OPG", "symbol": "SHUT", **MARKET}, "NEW"),
        ({"tif": "CLS"}, "NEW"),
        ({"tif": "GTC"}, "NEW"),
        ({"tif": "GTD", "expires_at": "2099-01-01T00:00:00Z"}, "NEW"),
        ({"post_only": True}, "NEW"),
        ({"display_qty": "5"}, "NEW"),
        ({"symbol": "SHUT"}, "NEW"),
        ({"symbol": "SHUT", "after_market": True, **MARKET}, "HELD"),
        ({"symbol": "FRZ", "quantity": "100", "auto_slice": True}, "NEW"),
    ],
)
async def test_every_kind_of_order_can_be_placed(
    market: Doors, change: dict[str, Any], status: str
) -> None:
    answer = await ask(market, "orders", **{**ORDER, **change})
    assert (answer.status_code, answer.json().get("status")) == (201, status), answer.text


@pytest.mark.parametrize("nonsense", ["1e3", "NaN", "-1", "0", "", "1_0", [], {}, True])
@pytest.mark.parametrize("field", ["stop_price", "trail_pct", "display_qty"])
async def test_no_nonsense_passes_a_new_field(market: Doors, field: str, nonsense: object) -> None:
    answer = await ask(market, "orders", **{**ORDER, field: nonsense})
    assert answer.status_code == 422


async def test_a_stop_can_be_moved_and_taken_back(market: Doors) -> None:
    placed = (await ask(market, "orders", **{**ORDER, **STOP})).json()
    path = f"/api/v1/orders/{placed['order_id']}"
    moved = await market.http.patch(path, json={"stop_price": "106"})
    assert (moved.status_code, moved.json()["status"]) == (200, "REPLACED"), moved.text
    gone = await market.http.delete(path)
    assert gone.json()["status"] == "CANCELED"
    late = await market.http.patch(path, json={"stop_price": "107"})
    assert (late.status_code, late.json()["code"]) == (409, "ORDER_TOO_LATE")


async def test_a_basket_says_what_became_of_each_leg(market: Doors) -> None:
    legs = [{**ORDER, "side": "SELL"}, ORDER, {**ORDER, "symbol": "HALT"}]
    answer = await ask(market, "orders/basket", legs=legs)
    assert answer.status_code == 201, answer.text
    outcomes = [(one["status"], one["code"]) for one in answer.json()["orders"]]
    assert outcomes == [
        ("NEW", None),
        ("REJECTED", "INSTRUMENT_SUSPENDED"),
        ("REJECTED", "SHORT_NOT_ALLOWED"),
    ]


async def test_a_basket_of_all_or_none_is_refused_as_a_whole(market: Doors) -> None:
    legs = [ORDER, {**ORDER, "symbol": "HALT"}]
    answer = await ask(market, "orders/basket", legs=legs, all_or_none=True)
    assert (answer.status_code, answer.json()["code"]) == (409, "BASKET_LEG_REJECTED")
    assert answer.json()["context"]["index"] == "1"
    names = [type(fact.event).__name__ for fact in market.tape.facts(0, 10)]
    assert names == ["AccountOpened", "OrderRejected"]
    for count in (0, 21):
        answer = await ask(market, "orders/basket", legs=[ORDER] * count)
        assert (answer.status_code, answer.json()["code"]) == (422, "GROUP_INVALID")
    answer = await ask(market, "orders/basket", legs=[ORDER, {**ORDER, "quantity": "0.5"}])
    assert answer.json()["errors"][0]["pointer"] == "/legs/1/quantity"


async def test_a_bracket_is_an_entry_and_two_exits_that_wait_for_it(market: Doors) -> None:
    exits = {"take_profit": "110", "stop_loss": "95"}
    answer = await ask(market, "orders/bracket", **ORDER, **exits)
    assert [one["status"] for one in answer.json()["orders"]] == ["NEW", "HELD", "HELD"]
    for wrong in ({"take_profit": "90"}, {"stop_loss": "105"}, {}, {"stop_limit": "1"}):
        answer = await ask(market, "orders/bracket", **ORDER, **wrong)
        assert (answer.status_code, answer.json()["code"]) == (422, "GROUP_INVALID")


async def test_of_two_orders_one_cancels_the_other(market: Doors) -> None:
    legs = [{**ORDER, "price": "99"}, {**ORDER, **STOP}]
    answer = await ask(market, "orders/oco", legs=legs)
    assert [one["status"] for one in answer.json()["orders"]] == ["NEW", "HELD"], answer.text
    answer = await ask(market, "orders/oco", legs=[*legs, ORDER])
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION")
    answer = await ask(market, "orders/oco", legs=[ORDER, {**ORDER, "quantity": "11"}])
    assert (answer.status_code, answer.json()["code"]) == (422, "GROUP_INVALID")
    assert answer.json()["errors"][0]["pointer"] == "/legs/1/quantity"
    answer = await ask(market, "orders/oco", legs=[ORDER, {**ORDER, "price": "99.99"}])
    assert answer.json()["errors"][0]["pointer"] == "/legs/1/price"


async def test_an_amount_of_money_is_spent_at_the_market(market: Doors) -> None:
    spend = {**MARKET, "symbol": "COIN", "side": "BUY", "notional": "1000"}
    answer = await ask(market, "orders", **spend)
    assert answer.status_code == 201, answer.text
    assert answer.json()["message"].startswith("BUY 9.61 COIN at the market.")


async def test_of_two_triggers_both_are_held_until_one_goes_off(market: Doors) -> None:
    triggers = [
        {"trigger_price": "90", "quantity": "5", "price": "89"},
        {"trigger_price": "110", "quantity": "5"},
    ]
    gtt = {"symbol": "ACME", "side": "SELL", "triggers": triggers}
    answer = await ask(market, "orders/gtt", **gtt)
    assert [one["status"] for one in answer.json()["orders"]] == ["HELD", "HELD"], answer.text
    answer = await ask(market, "orders/gtt", **{**gtt, "triggers": triggers * 2})
    assert answer.json()["code"] == "GROUP_INVALID"
    answer = await ask(market, "orders/gtt", **gtt, expires_at="2099-01-01T00:00:00Z")
    assert answer.json()["code"] == "ORDER_EXPIRY_INVALID"
    answer = await ask(market, "orders/gtt", **{**gtt, "symbol": "COLD"})
    assert answer.json()["code"] == "MARKET_NO_REFERENCE_PRICE"


async def test_a_smart_order_trades_what_is_missing_and_then_nothing(market: Doors) -> None:
    account = await market.account()
    smart = {"account_id": account, "symbol": "ACME", "target_position": "7", "price": "99"}
    first = await market.http.post("/api/v1/orders/smart", json=smart)
    again = await market.http.post("/api/v1/orders/smart", json=smart)
    assert len(first.json()["orders"]) == 1, first.text
    assert (again.status_code, again.json()["orders"]) == (201, [])
    for nonsense in ("1e3", "NaN", "", "--1"):
        smart["target_position"] = nonsense
        answer = await market.http.post("/api/v1/orders/smart", json=smart)
        assert answer.status_code == 422


async def test_all_orders_of_a_kind_are_taken_back_at_once(market: Doors) -> None:
    account = await market.account()
    for product in ("CNC", "MIS", "MIS"):
        order = {"account_id": account, **ORDER, "product": product}
        assert (await market.http.post("/api/v1/orders", json=order)).status_code == 201
    scope = {"account_id": account, "product": "MIS"}
    answer = await market.http.post("/api/v1/orders/cancel-all", json=scope)
    assert [one["status"] for one in answer.json()["orders"]] == ["CANCELED"] * 2
    rest = await market.http.post("/api/v1/orders/cancel-all", json={"account_id": account})
    assert len(rest.json()["orders"]) == 1


async def test_a_client_order_id_of_slices_is_used_once_too(market: Doors) -> None:
    account = await market.account()
    order = {
        **ORDER,
        "account_id": account,
        "symbol": "FRZ",
        "quantity": "100",
        "auto_slice": True,
        "client_order_id": "cut",
    }
    first = await market.http.post("/api/v1/orders", json=order)
    assert first.json()["client_order_id"] == "cut#1"
    again = await market.http.post("/api/v1/orders", json=order)
    assert (again.status_code, again.json()["code"]) == (409, "ORDER_DUPLICATE_CLIENT_ID")
    whole = {**order, "quantity": "10", "auto_slice": False}
    again = await market.http.post("/api/v1/orders", json=whole)
    assert again.json()["code"] == "ORDER_DUPLICATE_CLIENT_ID"

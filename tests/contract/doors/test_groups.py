"""Orders of every kind over HTTP: what is placed, held, refused, and under which code."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from domain.market import Instrument, InstrumentStatus, InstrumentType, Quote, Shortable
from tests.contract.doors.rig import SHARE, Doors, doors, now

pytestmark = pytest.mark.anyio

LISTED = (
    SHARE,
    replace(SHARE, symbol="LENT", mtf_own_funds_rate=Decimal("0.25")),
    replace(SHARE, symbol="SHY", shortable=Shortable.NONE),
    replace(SHARE, symbol="HALT", status=InstrumentStatus.SUSPENDED),
    replace(SHARE, symbol="GONE", status=InstrumentStatus.EXPIRED),
    replace(SHARE, symbol="NUM", type=InstrumentType.IDX),
    replace(SHARE, symbol="SHUT", exchange="NOWHERE"),
    replace(SHARE, symbol="BAND", lower_band=Decimal(90), upper_band=Decimal(110)),
    replace(SHARE, symbol="BIG", min_notional=Decimal(1000)),
    replace(SHARE, symbol="COLD"),
    replace(SHARE, symbol="FRZ", max_qty=Decimal(40)),
    replace(
        SHARE,
        symbol="FUT",
        type=InstrumentType.FUT,
        underlying="ACME",
        expiry=date(2027, 1, 28),
    ),
)
ORDER: dict[str, Any] = {
    "symbol": "ACME",
    "side": "BUY",
    "quantity": "10",
    "order_type": "LIMIT",
    "price": "99.95",
}
MARKET = {"order_type": "MARKET", "price": None}
STOP = {"order_type": "STOP", "price": None, "stop_price": "105"}


def listed(house: Doors) -> dict[str, Instrument]:
    for one in LISTED:
        if one.symbol not in ("COLD", "ACME"):
            house.house.board.publish(
                Quote(
                    one.symbol,
                    "test",
                    1,
                    now(),
                    now(),
                    Decimal(100),
                    Decimal(9),
                    Decimal(101),
                    Decimal(9),
                    Decimal(100),
                )
            )
    return {one.symbol: one for one in LISTED}


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


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("ORDER_PRICE_NOT_ON_TICK", {"price": "99.99"}),
        ("ORDER_PRICE_NOT_ON_TICK", {**STOP, "stop_price": "105.01"}),
        ("ORDER_QTY_NOT_LOT", {"quantity": "1.5"}),
        ("ORDER_QTY_BELOW_MIN", {"quantity": "0.5"}),
        ("ORDER_QTY_ABOVE_FREEZE", {"symbol": "FRZ", "quantity": "50"}),
        ("ORDER_QTY_ABOVE_FREEZE", {"symbol": "FRZ", "quantity": "801", "auto_slice": True}),
        ("ORDER_NOTIONAL_BELOW_MIN", {"symbol": "BIG", "quantity": "1"}),
        ("ORDER_PRODUCT_UNSUPPORTED", {"product": "NRML"}),
        ("ORDER_PRODUCT_UNSUPPORTED", {"product": "MTF"}),
        ("ORDER_TIF_UNSUPPORTED", {"product": "MIS", "tif": "GTC"}),
        (
            "ORDER_TIF_UNSUPPORTED",
            {"order_type": "TRAILING_STOP", "price": None, "trail_amount": "1", "tif": "IOC"},
        ),
        ("ORDER_STOP_SIDE_INVALID", {**STOP, "symbol": "BAND", "stop_price": "95"}),
        ("ORDER_PRICE_OUT_OF_BAND", {"symbol": "BAND", "price": "89.95"}),
        ("ORDER_EXPIRY_INVALID", {"tif": "GTD", "expires_at": "2020-01-01T00:00:00Z"}),
        ("ORDER_FIELDS_CONFLICT", {"tif": "GTD"}),
        ("ORDER_FIELDS_CONFLICT", {"stop_price": "105"}),
        ("ORDER_FIELDS_CONFLICT", {"order_type": "TRAILING_STOP", "price": None}),
        ("ORDER_FIELDS_CONFLICT", {"post_only": True, "tif": "IOC"}),
        (
            "ORDER_FIELDS_CONFLICT",
            {"order_type": "STOP_LIMIT", "price": "104", "stop_price": "105"},
        ),
        ("ORDER_WOULD_TAKE", {"post_only": True, "price": "101"}),
        ("INSTRUMENT_SUSPENDED", {"symbol": "HALT"}),
        ("INSTRUMENT_EXPIRED", {"symbol": "GONE"}),
        ("INSTRUMENT_NOT_TRADABLE", {"symbol": "NUM"}),
        ("INSTRUMENT_UNKNOWN", {"symbol": "NIL"}),
        ("MARKET_CLOSED", {"symbol": "SHUT", **MARKET}),
        ("MARKET_CLOSED", {"symbol": "SHUT", "tif": "FOK"}),
        ("MARKET_NO_REFERENCE_PRICE", {"symbol": "COLD", **MARKET}),
        ("FUNDS_INSUFFICIENT", {"quantity": "20000"}),
        ("MARGIN_INSUFFICIENT", {"quantity": "60000", "product": "MIS"}),
        ("SHORT_NOT_ALLOWED", {"side": "SELL"}),
        ("SHORT_NOT_ALLOWED", {"symbol": "SHY", "product": "MIS", "side": "SELL"}),
        ("REDUCE_ONLY_NO_POSITION", {"reduce_only": True, "product": "MIS"}),
    ],
)
async def test_every_refusal_has_its_code_and_its_status(
    market: Doors, code: str, change: dict[str, Any]
) -> None:
    answer = await ask(market, "orders", **{**ORDER, **change})
    known = (await market.http.get("/problems")).json()
    assert answer.json()["code"] == code, answer.text
    assert answer.status_code == known[code]["status"]
    assert answer.headers["content-type"] == "application/problem+json"


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

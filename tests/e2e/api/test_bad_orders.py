"""Orders that make no sense are refused by name and rule, and leave no fact."""

from __future__ import annotations

import json

import pytest

from tests.e2e.api.refusals import JSON, UNKNOWN, names, refusal, ticket
from tests.e2e.service import Person

PLAIN = "a plain decimal above 0"


@pytest.mark.usefixtures("facts")
@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"quantity": "NaN"}, ("VALIDATION", "/quantity", PLAIN)),
        ({"quantity": "sNaN"}, ("VALIDATION", "/quantity", PLAIN)),
        ({"quantity": "Infinity"}, ("VALIDATION", "/quantity", PLAIN)),
        ({"price": "-Infinity"}, ("VALIDATION", "/price", PLAIN)),
        ({"quantity": "1e3"}, ("VALIDATION", "/quantity", PLAIN)),
        ({"quantity": 1e21}, ("VALIDATION", "/quantity", PLAIN)),
        ({"quantity": "1" + "0" * 40}, ("VALIDATION", "/quantity", PLAIN)),
        ({"quantity": 10**40}, ("VALIDATION", "/quantity", PLAIN)),
        ({"price": 10**40}, ("VALIDATION", "/price", PLAIN)),
        ({"quantity": "-1"}, ("VALIDATION", "/quantity", PLAIN)),
        ({"quantity": -1}, ("VALIDATION", "/quantity", PLAIN)),
        ({"price": "-0.05"}, ("VALIDATION", "/price", PLAIN)),
        ({"quantity": "0"}, ("VALIDATION", "/quantity", PLAIN)),
        ({"quantity": 0}, ("VALIDATION", "/quantity", PLAIN)),
        ({"quantity": "0.000000001"}, ("VALIDATION", "/quantity", PLAIN)),
        ({"quantity": "1_000"}, ("VALIDATION", "/quantity", PLAIN)),
        ({"quantity": " 1"}, ("VALIDATION", "/quantity", PLAIN)),
        ({"quantity": ""}, ("VALIDATION", "/quantity", PLAIN)),
        ({"quantity": True}, ("VALIDATION", "/quantity", PLAIN)),
        ({"quantity": ["10"]}, ("VALIDATION", "/quantity", PLAIN)),
        ({"quantity": None}, ("VALIDATION", "/quantity", "required")),
        (
            {"price": "1000.01"},
            ("ORDER_PRICE_NOT_ON_TICK", "/price", "a multiple of the tick 0.05"),
        ),
        ({"quantity": "1.5"}, ("ORDER_QTY_NOT_LOT", "/quantity", "a multiple of 1")),
        ({"quantity": "0.5"}, ("ORDER_QTY_BELOW_MIN", "/quantity", "at least 1")),
        (
            {"symbol": "BTCINR", "quantity": "0.000011", "price": "9000000"},
            ("ORDER_QTY_NOT_LOT", "/quantity", "a multiple of 0.00001"),
        ),
        ({"quantity": "100001"}, ("ORDER_QTY_ABOVE_FREEZE", "/quantity", "at most 100000")),
        (
            {"quantity": "100000", "price": "1000000000000"},
            ("ORDER_NOTIONAL_ABOVE_MAX", "/quantity", "at most 10^15"),
        ),
        ({"price": None}, ("ORDER_FIELDS_CONFLICT", "/price", "required for a LIMIT order")),
        (
            {"order_type": "MARKET"},
            ("ORDER_FIELDS_CONFLICT", "/price", "absent from a MARKET order"),
        ),
        ({"product": "SPOT"}, ("ORDER_PRODUCT_UNSUPPORTED", "/product", "CNC")),
        ({"product": "BO"}, ("VALIDATION", "/product", "one of CNC, SPOT, MTF, MIS, NRML")),
        ({"side": "SHORT"}, ("VALIDATION", "/side", "one of BUY, SELL")),
        ({"side": 1}, ("VALIDATION", "/side", "Expected str, got int")),
        ({"side": None}, ("VALIDATION", "/side", "required")),
        (
            {"order_type": "STOP"},
            ("ORDER_FIELDS_CONFLICT", "/price", "absent from a STOP order"),
        ),
        ({"order_type": "PEGGED"}, ("VALIDATION", "/order_type", "one of MARKET, LIMIT, STOP")),
        ({"tif": "AON"}, ("VALIDATION", "/tif", "one of DAY, GTC, IOC, FOK, GTD, OPG, CLS")),
        (
            {"tif": "GTD", "expires_at": "2030-01-01T00:00:00"},
            ("VALIDATION", "/expires_at", "Expected datetime with a timezone component"),
        ),
        ({"symbol": 7}, ("VALIDATION", "/symbol", "Expected str, got int")),
        ({"account_id": "mine"}, ("VALIDATION", "/account_id", "Invalid UUID")),
        ({"account_id": None}, ("VALIDATION", "/account_id", "required")),
        ({"client_order_id": "a b"}, ("VALIDATION", "/client_order_id", "1 to 36 characters")),
        ({"client_order_id": "x" * 37}, ("VALIDATION", "/client_order_id", "1 to 36 characters")),
        ({"client_order_id": "a\x00"}, ("VALIDATION", "/client_order_id", "1 to 36 characters")),
        ({"client_order_id": ""}, ("VALIDATION", "/client_order_id", "1 to 36 characters")),
        ({"order_id": UNKNOWN}, ("VALIDATION", "/order_id", "unknown field")),
        ({"status": "FILLED"}, ("VALIDATION", "/status", "unknown field")),
        ({"multiplier": "100"}, ("VALIDATION", "/multiplier", "unknown field")),
    ],
)
def test_an_order_that_makes_no_sense(
    someone: Person, account: str, changes: dict[str, object], expected: tuple[str, str, str]
) -> None:
    code, pointer, rule = expected
    response = someone.http.post("/orders", json=ticket(account, **changes))
    names(refusal(response, 422, code), pointer, rule)


@pytest.mark.usefixtures("facts")
@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_a_number_that_is_none(someone: Person, account: str, number: str) -> None:
    body = json.dumps(ticket(account)).replace('"10"', number)
    response = someone.http.post("/orders", content=body, headers=JSON)
    names(refusal(response, 422, "VALIDATION"), "/quantity", "a finite number")


@pytest.mark.usefixtures("facts")
def test_a_field_given_twice(someone: Person, account: str) -> None:
    body = json.dumps(ticket(account))[:-1] + ', "quantity": "20"}'
    response = someone.http.post("/orders", content=body, headers=JSON)
    names(refusal(response, 422, "VALIDATION"), "/quantity", "given more than once")


@pytest.mark.usefixtures("facts")
def test_a_symbol_that_is_not_listed(someone: Person, account: str) -> None:
    problem = refusal(
        someone.http.post("/orders", json=ticket(account, symbol="RELIANCF")),
        404,
        "INSTRUMENT_UNKNOWN",
    )
    assert problem["context"] == {"symbol": "RELIANCF", "nearest": ["RELIANCE"]}
    unquoted = someone.http.get("/market/quotes", params={"symbols": "TCS,NOSUCH"})
    assert "NOSUCH" in str(refusal(unquoted, 404, "INSTRUMENT_UNKNOWN")["detail"])


@pytest.mark.usefixtures("facts")
@pytest.mark.parametrize(
    ("change", "code", "pointer"),
    [
        ({}, "VALIDATION", "/quantity"),
        ({"quantity": "0"}, "VALIDATION", "/quantity"),
        ({"price": "1.01"}, "ORDER_PRICE_NOT_ON_TICK", "/price"),
        ({"quantity": "1.5"}, "ORDER_QTY_NOT_LOT", "/quantity"),
        ({"side": "SELL"}, "VALIDATION", "/side"),
    ],
)
def test_a_change_that_makes_no_sense(
    someone: Person, order: str, change: dict[str, str], code: str, pointer: str
) -> None:
    response = someone.http.patch(f"/orders/{order}", json=change)
    names(refusal(response, 422, code), pointer, "")

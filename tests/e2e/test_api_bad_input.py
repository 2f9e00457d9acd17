"""What makes no sense is refused by name and rule, never with a 5xx, and leaves no fact."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from adapters.servers import located
from tests.e2e.service import Person, Service

JSON = {"Content-Type": "application/json"}
UNKNOWN = "01a204d1-a11d-7382-ad2f-510b83abaf2f"
COUNT = "select count(*) from es.event where actor = %s"


@pytest.fixture(scope="module")
def tape(service: Service) -> Iterator[psycopg.Connection]:
    with psycopg.connect(located(service.data.resolve()).admin_dsn, autocommit=True) as db:
        yield db


@pytest.fixture(scope="module")
def someone(service: Service) -> Iterator[Person]:
    with service.person() as person:
        yield person


@pytest.fixture(scope="module")
def account(someone: Person) -> str:
    return someone.account()


@pytest.fixture(scope="module")
def order(someone: Person, account: str) -> str:
    return str(someone.resting(account)["order_id"])


@pytest.fixture
def facts(tape: psycopg.Connection, someone: Person, account: str, order: str) -> Iterator[None]:
    """Nothing that happens meanwhile becomes true."""
    before = tape.execute(COUNT, [f"user:{someone.user_id}"]).fetchone()
    yield
    assert tape.execute(COUNT, [f"user:{someone.user_id}"]).fetchone() == before


def refusal(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert problem.keys() >= {"type", "title", "status", "code", "detail", "request_id"}
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["type"] == f"/problems/{code}"
    assert problem["request_id"] == response.headers["X-Request-ID"]
    return problem


def names(problem: dict[str, Any], pointer: str, rule: str) -> None:
    (fault,) = problem["errors"]
    assert fault["pointer"] == pointer
    assert rule in fault["rule"]


def ticket(account: str, **changes: object) -> dict[str, object]:
    """An order that would be taken, but for what is changed; None leaves a field out."""
    order = {
        "account_id": account,
        "symbol": "RELIANCE",
        "side": "BUY",
        "quantity": "10",
        "order_type": "LIMIT",
        "price": "1000.05",
    }
    return {name: value for name, value in (order | changes).items() if value is not None}


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
        ({"product": "MIS"}, ("VALIDATION", "/product", "one of CNC, SPOT")),
        ({"side": "SHORT"}, ("VALIDATION", "/side", "one of BUY, SELL")),
        ({"side": 1}, ("VALIDATION", "/side", "Expected str, got int")),
        ({"side": None}, ("VALIDATION", "/side", "required")),
        ({"order_type": "STOP"}, ("VALIDATION", "/order_type", "one of MARKET, LIMIT")),
        ({"tif": "FOK"}, ("VALIDATION", "/tif", "one of DAY, GTC, IOC")),
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
@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 422, "VALIDATION"),
        (b"{", 400, "BODY_MALFORMED"),
        (b"\xff\xfe", 400, "BODY_MALFORMED"),
        (b'{"symbol": "\\ud800"}', 400, "BODY_MALFORMED"),
        (b"symbol=RELIANCE", 400, "BODY_MALFORMED"),
        (b"[]", 422, "VALIDATION"),
        (b"null", 422, "VALIDATION"),
        (b'"BUY"', 422, "VALIDATION"),
        (b"[" * 60_000, 422, "VALIDATION"),
        (b'{"note":' * 8_000, 422, "VALIDATION"),
        (b" " * 70_000, 413, "BODY_TOO_LARGE"),
    ],
)
def test_a_body_that_is_none(someone: Person, body: bytes, status: int, code: str) -> None:
    refusal(someone.http.post("/orders", content=body, headers=JSON), status, code)


@pytest.mark.usefixtures("facts")
def test_a_body_that_does_not_tell_its_size(someone: Person) -> None:
    chunks = (b" " * 10_000 for _ in range(10))
    refusal(someone.http.post("/orders", content=chunks, headers=JSON), 413, "BODY_TOO_LARGE")


@pytest.mark.usefixtures("facts")
@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_body_that_is_not_called_json(someone: Person, account: str, media_type: str) -> None:
    body = json.dumps(ticket(account))
    response = someone.http.post("/orders", content=body, headers={"Content-Type": media_type})
    refusal(response, 415, "MEDIA_TYPE_UNSUPPORTED")


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
    ("method", "path", "body", "code"),
    [
        ("POST", "/orders", ticket(UNKNOWN), "ACCOUNT_UNKNOWN"),
        ("POST", f"/accounts/{UNKNOWN}/deposits", {"amount": "1"}, "ACCOUNT_UNKNOWN"),
        ("POST", f"/accounts/{UNKNOWN}/withdrawals", {"amount": "1"}, "ACCOUNT_UNKNOWN"),
        ("GET", f"/accounts/{UNKNOWN}", None, "ACCOUNT_UNKNOWN"),
        ("GET", f"/accounts/{UNKNOWN}?as_of=1", None, "ACCOUNT_UNKNOWN"),
        ("GET", f"/accounts/{UNKNOWN}/equity", None, "ACCOUNT_UNKNOWN"),
        ("GET", f"/orders?account_id={UNKNOWN}", None, "ACCOUNT_UNKNOWN"),
        ("GET", f"/fills?account_id={UNKNOWN}", None, "ACCOUNT_UNKNOWN"),
        ("GET", f"/positions?account_id={UNKNOWN}", None, "ACCOUNT_UNKNOWN"),
        ("GET", f"/lots?account_id={UNKNOWN}", None, "ACCOUNT_UNKNOWN"),
        ("GET", f"/wallet?account_id={UNKNOWN}", None, "ACCOUNT_UNKNOWN"),
        ("GET", f"/ledger?account_id={UNKNOWN}", None, "ACCOUNT_UNKNOWN"),
        ("GET", f"/orders/{UNKNOWN}", None, "ORDER_UNKNOWN"),
        ("GET", f"/orders/{UNKNOWN}/fills", None, "ORDER_UNKNOWN"),
        ("PATCH", f"/orders/{UNKNOWN}", {"quantity": "1"}, "ORDER_UNKNOWN"),
        ("DELETE", f"/orders/{UNKNOWN}", None, "ORDER_UNKNOWN"),
        ("GET", f"/positions/{UNKNOWN}", None, "POSITION_UNKNOWN"),
        ("DELETE", f"/positions/{UNKNOWN}", None, "POSITION_UNKNOWN"),
        ("POST", f"/positions/{UNKNOWN}/close", None, "POSITION_UNKNOWN"),
        ("GET", "/nowhere", None, "ROUTE_UNKNOWN"),
    ],
)
def test_an_id_that_nobody_has(
    someone: Person, method: str, path: str, body: object, code: str
) -> None:
    refusal(someone.http.request(method, path, json=body), 404, code)


def test_what_is_somebody_elses_is_not_there(
    service: Service, someone: Person, account: str, order: str
) -> None:
    paths = [
        ("POST", "/orders", ticket(account)),
        ("POST", f"/accounts/{account}/deposits", {"amount": "1"}),
        ("POST", f"/accounts/{account}/withdrawals", {"amount": "1"}),
        ("GET", f"/accounts/{account}", None),
        ("GET", f"/accounts/{account}?as_of={someone.position}", None),
        ("GET", f"/accounts/{account}/equity", None),
        *(
            ("GET", f"/{what}?account_id={account}", None)
            for what in ("orders", "fills", "positions", "lots", "wallet", "ledger")
        ),
        ("GET", f"/orders/{order}", None),
        ("GET", f"/orders/{order}/fills", None),
        ("PATCH", f"/orders/{order}", {"quantity": "1"}),
        ("DELETE", f"/orders/{order}", None),
    ]
    before = someone.get(f"/orders/{order}")
    with service.person() as stranger:
        for method, path, body in paths:
            response = stranger.http.request(method, path, json=body)
            code = "ORDER_UNKNOWN" if path.startswith("/orders/") else "ACCOUNT_UNKNOWN"
            problem = refusal(response, 404, code)
            assert account not in str(problem) or account in path + str(body)
        assert stranger.get("/accounts")["items"] == []
    assert someone.get(f"/orders/{order}") == before


@pytest.mark.usefixtures("facts")
@pytest.mark.parametrize(
    ("path", "pointer", "rule"),
    [
        ("/orders", "/account_id", "required"),
        ("/orders?account_id=", "/account_id", "Invalid UUID"),
        ("/orders?account_id=mine", "/account_id", "Invalid UUID"),
        ("/orders?account_id={account}&limit=0", "/limit", "1 to 500"),
        ("/orders?account_id={account}&limit=501", "/limit", "1 to 500"),
        ("/orders?account_id={account}&limit=ten", "/limit", "Expected int"),
        ("/orders?account_id={account}&limit=1.5", "/limit", "Expected int"),
        ("/orders?account_id={account}&cursor=!", "/cursor", "a cursor"),
        ("/orders?account_id={account}&cursor=%00", "/cursor", "a cursor"),
        ("/orders?account_id={account}&only_open=maybe", "/only_open", "Expected bool"),
        ("/orders/mine", "/order_id", "Invalid UUID"),
        ("/accounts/{account}?as_of=yesterday", "/as_of", "a position, or an RFC 3339"),
        ("/accounts/{account}?as_of=-1", "/as_of", "a position, or an RFC 3339"),
        ("/accounts/{account}?as_of=2026-01-01T00:00:00", "/as_of", "with its offset"),
        ("/dashboard?min_position=soon", "/min_position", "a position on the tape"),
        ("/dashboard?min_position=-1", "/min_position", "a position on the tape"),
        ("/dashboard?min_position=9223372036854775807", "/min_position", "at most"),
        ("/dashboard?min_position=99999999999999999999", "/min_position", "a position"),
    ],
)
def test_a_question_that_makes_no_sense(
    someone: Person, account: str, path: str, pointer: str, rule: str
) -> None:
    problem = refusal(someone.http.get(path.format(account=account)), 422, "VALIDATION")
    names(problem, pointer, rule)
    place = "path" if path.startswith("/orders/") else "query"
    assert problem["errors"][0]["in"] == place


@pytest.mark.usefixtures("facts")
@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("/accounts", {"kind": "LIVE"}, "/kind"),
        ("/accounts", {"currency": "XXX"}, "/currency"),
        ("/accounts", {"currency": 7}, "/currency"),
        ("/accounts", {"opening_capital": "0"}, "/opening_capital"),
        ("/accounts", {"opening_capital": "1e6"}, "/opening_capital"),
        ("/accounts", {"opening_capital": "1000000000000.01"}, "/opening_capital"),
        ("/accounts", {"label": "x" * 201}, "/label"),
        ("/accounts", {"label": "a\x00b"}, "/label"),
        ("/accounts", {"owner_id": UNKNOWN}, "/owner_id"),
        ("/accounts/{account}/deposits", {"amount": "NaN"}, "/amount"),
        ("/accounts/{account}/deposits", {"amount": "-1"}, "/amount"),
        ("/accounts/{account}/deposits", {"amount": "1", "reason": "\n"}, "/reason"),
        ("/accounts/{account}/withdrawals", {"amount": "0"}, "/amount"),
        ("/accounts/{account}/withdrawals", {}, "/amount"),
    ],
)
def test_an_account_or_a_transfer_that_makes_no_sense(
    someone: Person, account: str, path: str, body: dict[str, object], pointer: str
) -> None:
    if path == "/accounts":
        body = {"kind": "PAPER", "currency": "INR", "opening_capital": "1000", **body}
    response = someone.http.post(path.format(account=account), json=body)
    names(refusal(response, 422, "VALIDATION"), pointer, "")


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


@pytest.mark.usefixtures("facts")
def test_more_money_than_there_is(someone: Person, account: str) -> None:
    response = someone.http.post(f"/accounts/{account}/withdrawals", json={"amount": "1000001"})
    problem = refusal(response, 409, "FUNDS_INSUFFICIENT")
    assert "need=1000001" in str(problem["detail"])
    deposit = someone.http.post(f"/accounts/{account}/deposits", json={"amount": "1000000000000"})
    refusal(deposit, 409, "CAPITAL_OUT_OF_RANGE")


@pytest.mark.usefixtures("facts")
@pytest.mark.parametrize("key", ["", "a" * 256, "with space", "naïve"])
def test_a_key_that_is_none(someone: Person, account: str, key: str) -> None:
    headers = {"Idempotency-Key": key.encode("latin-1")}
    response = someone.http.post("/orders", json=ticket(account), headers=headers)  # type: ignore[arg-type]
    problem = refusal(response, 422, "VALIDATION")
    names(problem, "/Idempotency-Key", "1 to 255 visible ASCII characters")


@pytest.mark.parametrize("path", ["/orders", f"/orders/{uuid4()}", "/wallet", "/auth/login"])
def test_a_method_that_a_path_does_not_have(someone: Person, path: str) -> None:
    response = someone.http.put(path, json={})
    refusal(response, 405, "METHOD_NOT_ALLOWED")
    allowed = response.headers["Allow"].split(", ")
    assert allowed
    assert "PUT" not in allowed

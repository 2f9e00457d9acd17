"""Whatever else makes no sense is refused by name and rule, and leaves no fact."""

from __future__ import annotations

import json
from uuid import UUID

import pytest

from tests.e2e.api.refusals import JSON, UNKNOWN, names, refusal, ticket
from tests.e2e.service import Person, Service


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
        ("/accounts", {"currency": "XXX"}, "/currency"),  # ISO 4217: no currency
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


@pytest.mark.parametrize("path", ["/orders", f"/orders/{UUID(int=7)}", "/wallet", "/auth/login"])
def test_a_method_that_a_path_does_not_have(someone: Person, path: str) -> None:
    response = someone.http.put(path, json={})
    refusal(response, 405, "METHOD_NOT_ALLOWED")
    allowed = response.headers["Allow"].split(", ")
    assert allowed
    assert "PUT" not in allowed

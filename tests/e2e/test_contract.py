"""The contract that others hold us to: paths, bodies, answers, line by line."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import httpx
import pytest

from tests.e2e.service import PASSWORD, Person, Service, eventually

PROBLEM = "application/problem+json"
EXPONENT = re.compile(r"-?\d+(\.\d*)?[eE][+-]?\d+").fullmatch
#: The only numbers in an answer: places, counts and ages.  Amounts are strings.
COUNTS = frozenset(
    (
        "position", "placed", "opened", "line", "seq", "age_ms",
        "accounts", "orders", "open_orders", "rejected", "fills",
    )
)  # fmt: skip


def assert_plain(answer: object, name: str = "") -> None:
    """No amount is a JSON number, and none is written with an exponent."""
    match answer:
        case dict():
            for key, value in answer.items():
                assert_plain(value, str(key))
        case list():
            for value in answer:
                assert_plain(value, name)
        case str():
            assert not EXPONENT(answer), f"{name}: {answer}"
        case bool() | None:
            pass
        case _:
            assert isinstance(answer, int), f"{name}: {answer}"
            assert name in COUNTS, f"{name}: {answer}"


def test_signing_up_and_logging_in(service: Service) -> None:
    person = {"email": "grace@example.com", "password": PASSWORD}
    with httpx.Client(base_url=service.api) as stranger:
        assert stranger.post("/auth/signup", json=person).status_code == 201
        answer = stranger.post("/auth/login", json=person)
        assert answer.status_code == 200
        login = answer.json()
        assert login.keys() >= {"access_token", "token_type", "refresh_token"}
        assert login["token_type"] == "bearer"
        again = stranger.post("/auth/signup", json=person)
        assert (again.status_code, again.json()["code"]) == (409, "USER_EMAIL_TAKEN")
        wrong = stranger.post("/auth/login", json=person | {"password": "something else"})
        assert (wrong.status_code, wrong.json()["code"]) == (401, "AUTH_INVALID")
        assert wrong.headers["Content-Type"] == PROBLEM
        assert PASSWORD not in again.text + wrong.text


def test_an_account_is_opened(trader: Person) -> None:
    body = {"kind": "PAPER", "currency": "INR", "opening_capital": "1000000"}
    answer = trader.post("/accounts", body, 201)
    assert answer.keys() >= {"account_id"}
    account = answer["account_id"]
    wallet = trader.get("/wallet", account_id=account)
    assert wallet["cash"] == wallet["available"] == wallet["equity"] == "1000000"
    assert account in {one["account_id"] for one in trader.get("/accounts")["items"]}


@pytest.mark.parametrize("tif", ["DAY", "IOC", "GTC"])
@pytest.mark.parametrize("order_type", ["MARKET", "LIMIT"])
def test_an_order_is_taken_and_filled(trader: Person, order_type: str, tif: str) -> None:
    account = trader.account()
    ticket = {
        "account_id": account,
        "symbol": "RELIANCE",
        "side": "BUY",
        "quantity": "10",
        "order_type": order_type,
        "tif": tif,
        "client_order_id": f"mine-{order_type}-{tif}",
    }
    if order_type == "LIMIT":
        ticket["price"] = trader.price("1.02")
    response = trader.http.post("/orders", json=ticket)
    assert response.status_code == 201, response.text
    answer = response.json()
    assert answer.keys() >= {"order_id", "status", "message"}
    assert int(response.headers["X-Position"]) == answer["position"] > 0
    trader.position = answer["position"]
    order = trader.filled(answer["order_id"])
    assert order["client_order_id"] == ticket["client_order_id"]
    assert_plain(order)
    (fill,) = trader.get("/fills", account_id=account)["items"]
    assert fill["order_id"] == answer["order_id"]
    assert_plain(fill)


def test_without_tif_an_order_is_for_the_day(trader: Person) -> None:
    order = trader.order(trader.account())
    assert trader.get(f"/orders/{order['order_id']}")["tif"] == "DAY"


def test_a_refused_order_has_the_status_of_the_catalogue_and_an_id(trader: Person) -> None:
    account = trader.account("1000")
    response = trader.http.post("/orders", json=_ticket(account))
    problem = response.json()
    assert (response.status_code, problem["code"]) == (409, "FUNDS_INSUFFICIENT")
    assert response.headers["Content-Type"] == PROBLEM
    assert int(response.headers["X-Position"]) == problem["position"]
    trader.position = problem["position"]
    order = trader.get(f"/orders/{problem['order_id']}")
    assert (order["status"], order["reject_code"]) == ("REJECTED", "FUNDS_INSUFFICIENT")
    assert trader.get("/wallet", account_id=account)["available"] == "1000"


def test_an_order_is_changed_and_taken_back(trader: Person) -> None:
    account = trader.account()
    order_id = trader.resting(account, quantity="10", client_order_id="far")["order_id"]
    price = trader.price("0.7")
    changes: list[dict[str, str]] = [{"quantity": "4"}, {"price": price}]
    for change in changes:
        trader.ask("PATCH", f"/orders/{order_id}", 200, json=change)
    order = trader.get(f"/orders/{order_id}")
    assert (order["quantity"], order["price"]) == ("4", price)
    reserved = trader.get("/wallet", account_id=account)["reserved_orders"]
    assert Decimal(reserved) >= 4 * Decimal(price)
    trader.ask("DELETE", f"/orders/{order_id}", 200)
    assert trader.get(f"/orders/{order_id}")["status"] == "CANCELED"
    assert trader.get("/wallet", account_id=account)["reserved_orders"] == "0"
    assert trader.ask("DELETE", f"/orders/{order_id}", 409)["code"] == "ORDER_TOO_LATE"
    late = trader.ask("PATCH", f"/orders/{order_id}", 409, json={"quantity": "1"})
    assert late["code"] == "ORDER_TOO_LATE"


def test_every_query_answers_what_the_contract_says(trader: Person) -> None:
    account = trader.account()
    order_id = trader.order(account)["order_id"]
    trader.filled(order_id)
    answers: dict[str, Any] = {
        path: trader.get(path, account_id=account)
        for path in ("/orders", "/fills", "/positions", "/wallet", "/ledger")
    }
    answers["one order"] = trader.get(f"/orders/{order_id}")
    answers["/dashboard"] = trader.get("/dashboard")
    answers["/market/instruments"] = trader.get("/market/instruments")
    answers["/market/quotes"] = trader.get("/market/quotes", symbols="RELIANCE,TCS")
    for answer in answers.values():
        assert_plain(answer)
    assert answers["/wallet"].keys() >= {
        "account_id", "currency", "cash", "reserved_orders", "margin_used", "available", "equity",
        "fees_total", "realised_wac", "realised_fifo",
    }  # fmt: skip
    (position,) = answers["/positions"]["items"]
    assert position.keys() >= {
        "symbol", "quantity", "average_price", "cost_basis", "mark", "unrealised", "realised_wac",
        "realised_fifo",
    }  # fmt: skip
    assert (position["symbol"], position["quantity"]) == ("RELIANCE", "10")
    assert [one["symbol"] for one in answers["/market/quotes"]["items"]] == ["RELIANCE", "TCS"]
    assert len(answers["/market/instruments"]["items"]) >= 12


def test_what_was_bought_can_be_sold_and_the_books_agree(trader: Person) -> None:
    account = trader.account()
    trader.filled(trader.order(account)["order_id"])
    trader.filled(trader.order(account, side="SELL", quantity="4")["order_id"])
    (position,) = trader.get("/positions", account_id=account)["items"]
    assert position["quantity"] == "6"
    wallet = trader.get("/wallet", account_id=account)
    assert wallet["realised_wac"] == position["realised_wac"] == wallet["realised_fifo"]
    turnover = sum(
        (1 if order["side"] == "SELL" else -1) * Decimal(order["turnover"])
        for order in trader.get("/orders", account_id=account)["items"]
    )
    assert Decimal(wallet["cash"]) == 1_000_000 + turnover
    cost, realised = Decimal(position["cost_basis"]), Decimal(position["realised_wac"])
    assert Decimal(wallet["cash"]) + cost == 1_000_000 + realised


def test_a_query_waits_for_the_position_that_it_is_given(trader: Person) -> None:
    account = trader.account()
    for quantity in ("1", "2", "3"):
        placed = trader.resting(account, quantity=quantity)
        seen = {"X-Min-Position": str(placed["position"])}
        order = trader.ask("GET", f"/orders/{placed['order_id']}", 200, headers=seen)
        assert order["quantity"] == quantity


def test_a_query_that_would_have_to_show_less_is_told_so(service: Service, trader: Person) -> None:
    projector = service.part("run project")
    projector.suspend()
    try:
        account = trader.account()
        behind = trader.http.get("/wallet", params={"account_id": account}, headers=_seen(trader))
    finally:
        projector.resume()
    problem = behind.json()
    assert (behind.status_code, problem["code"]) == (503, "PROJECTION_BEHIND")
    assert int(behind.headers["Retry-After"]) > 0
    assert problem["context"]["lag"] > 0
    assert trader.get("/wallet", account_id=account)["cash"] == "1000000"


def _seen(person: Person) -> dict[str, str]:
    return {"X-Min-Position": str(person.position)}


def test_a_key_gets_the_same_answer_and_nothing_is_done_twice(trader: Person) -> None:
    account = trader.account()
    key = {"Idempotency-Key": "only-once"}
    ticket = _ticket(account, symbol="TCS", quantity="1")
    first, second = (trader.http.post("/orders", json=ticket, headers=key) for _ in range(2))
    assert first.status_code == second.status_code == 201
    assert first.json() == second.json()
    assert first.headers["X-Position"] == second.headers["X-Position"]
    assert second.headers["Idempotency-Replayed"] == "true"
    other = trader.http.post("/orders", json=ticket | {"quantity": "2"}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    trader.position = int(first.headers["X-Position"])
    assert len(trader.get("/orders", account_id=account)["items"]) == 1


def test_a_client_order_id_is_taken_once(trader: Person) -> None:
    account = trader.account()
    trader.resting(account, client_order_id="mine")
    again = trader.order(account, 409, client_order_id="mine")
    assert again["code"] == "ORDER_DUPLICATE_CLIENT_ID"
    assert again["order_id"]


def test_long_lists_come_in_pages_that_neither_repeat_nor_skip(trader: Person) -> None:
    account = trader.account("1000000000")
    placed = [trader.resting(account, symbol="RELIANCE")["order_id"] for _ in range(105)]
    first = trader.get("/orders", account_id=account)
    assert len(first["items"]) == 100
    newest = trader.resting(account)["order_id"]
    second = trader.get("/orders", account_id=account, cursor=first["next"])
    seen = [order["order_id"] for order in first["items"] + second["items"]]
    assert seen == placed[::-1], "newest first"
    assert newest not in seen
    assert second["next"] is None
    small: list[str] = []
    page = trader.get("/orders", account_id=account, limit=40)
    while True:
        small += [order["order_id"] for order in page["items"]]
        if page["next"] is None:
            break
        page = trader.get("/orders", account_id=account, limit=40, cursor=page["next"])
    assert small == [newest, *seen]


def test_the_past_is_asked_for_by_position_and_by_time(trader: Person) -> None:
    account = trader.account()
    before = trader.position
    order = trader.filled(trader.order(account)["order_id"])
    for as_of in (before, order["placed_at"].replace("Z", "+00:00")):
        then = trader.get(f"/accounts/{account}", as_of=as_of)
        assert_plain(then["wallet"])
        assert (then["wallet"]["cash"], then["positions"]) == ("1000000", [])
    at_fill = trader.get(f"/accounts/{account}", as_of=order["position"])
    assert [held["quantity"] for held in at_fill["positions"]] == ["10"]
    assert trader.get(f"/accounts/{account}", 404, as_of=before - 1)["code"] == "ACCOUNT_UNKNOWN"


def test_a_position_is_closed(trader: Person) -> None:
    account = trader.account()
    trader.filled(trader.order(account)["order_id"])
    (held,) = trader.get("/positions", account_id=account)["items"]
    closing = trader.post(f"/positions/{held['position_id']}/close", {}, 201)
    trader.filled(closing["order_id"])
    (flat,) = trader.get("/positions", account_id=account)["items"]
    assert (flat["quantity"], flat["average_price"]) == ("0", None)


def test_money_is_paid_in_and_out(trader: Person) -> None:
    account = trader.account("100")
    trader.post(f"/accounts/{account}/deposits", {"amount": "50.25"})
    trader.post(f"/accounts/{account}/withdrawals", {"amount": "0.25"})
    assert trader.get("/wallet", account_id=account)["cash"] == "150"
    lines = trader.get("/ledger", account_id=account)["items"]
    assert_plain(lines)
    too_much = trader.post(f"/accounts/{account}/withdrawals", {"amount": "150.01"}, 409)
    assert too_much["code"] == "FUNDS_INSUFFICIENT"


def test_an_equity_curve_is_there_for_every_account(trader: Person) -> None:
    account = trader.account()
    trader.filled(trader.order(account)["order_id"])
    points = eventually(
        lambda: trader.get(f"/accounts/{account}/equity")["items"], lambda seen: len(seen) >= 2
    )
    assert_plain(points)


def _ticket(account: str, **other: str) -> dict[str, str]:
    order = {"symbol": "RELIANCE", "side": "BUY", "quantity": "10", "order_type": "MARKET"}
    return {"account_id": account, **order, **other}

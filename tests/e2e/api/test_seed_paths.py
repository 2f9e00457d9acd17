"""The paths and bodies of earlier systems still work, and say what has taken their place."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.e2e.api.refusals import names, refusal
from tests.e2e.service import Person, Service


@pytest.fixture(scope="module")
def old_client(service: Service) -> Iterator[Person]:
    """Somebody with one account, whose program knows nothing of accounts."""
    with service.person() as person:
        person.account()
        yield person


def asked(person: Person, method: str, path: str, body: object = None) -> httpx.Response:
    """A path below /api, as it always was."""
    headers = {"X-Min-Position": str(person.position)}
    url = str(person.http.base_url).replace("/api/v1", "/api") + path
    answer = person.http.request(method, url, json=body, headers=headers)
    person.position = max(person.position, int(answer.headers.get("X-Position", 0)))
    return answer


def test_a_paper_order_of_old_is_placed_on_the_first_account(old_client: Person) -> None:
    body = {"symbol": "RELIANCE", "side": "BUY", "quantity": "5", "price": old_client.price("1.02")}
    answer = asked(old_client, "POST", "/paper-trading/orders", body)
    assert answer.status_code == 201
    assert answer.headers["deprecation"].startswith("@")
    assert answer.headers["link"] == '</api/v1/orders>; rel="successor-version"'
    order = old_client.filled(answer.json()["order_id"])
    assert (order["order_type"], order["quantity"]) == ("LIMIT", "5")


def test_a_paper_order_without_a_price_is_a_market_order(old_client: Person) -> None:
    body = {"symbol": "RELIANCE", "side": "BUY", "quantity": 1}
    answer = asked(old_client, "POST", "/paper-trading/orders", body)
    assert old_client.filled(answer.json()["order_id"])["order_type"] == "MARKET"


def test_buying_and_selling_have_paths_of_their_own(old_client: Person) -> None:
    for side, named in (("buy", {}), ("sell", {"order_type": "sell"})):
        body = {"stock_ticker": "TCS", "quantity": "2", **named}
        answer = asked(old_client, "POST", f"/v1/dashboard/order/{side}", body)
        assert answer.status_code == 201, answer.text
        order = old_client.filled(answer.json()["order_id"])
        assert (order["side"], order["symbol"]) == (side.upper(), "TCS")


def test_a_side_that_is_not_that_of_the_path_is_refused(old_client: Person) -> None:
    body = {"stock_ticker": "TCS", "quantity": "2", "order_type": "sell"}
    answer = asked(old_client, "POST", "/v1/dashboard/order/buy", body)
    names(refusal(answer, 422, "SIDE_MISMATCH"), "/order_type", "buy, as in the path")


@pytest.mark.parametrize(
    ("path", "successor"),
    [
        ("/paper-trading/orders", "/api/v1/orders"),
        ("/paper-trading/positions", "/api/v1/positions"),
    ],
)
def test_lists_of_old_are_the_lists_of_today(old_client: Person, path: str, successor: str) -> None:
    answer = asked(old_client, "GET", path)
    assert answer.status_code == 200
    assert answer.headers["link"].startswith(f"<{successor}>")
    account = old_client.get("/accounts")["items"][-1]["account_id"]
    today = old_client.get(successor.removeprefix("/api/v1"), account_id=account)
    mine = [item.get("order_id") or item.get("position_id") for item in answer.json()["items"]]
    assert mine == [item.get("order_id") or item.get("position_id") for item in today["items"]]


def test_the_journal_of_old_is_written_over_and_every_version_stays(old_client: Person) -> None:
    body = {"stock_ticker": "TCS", "quantity": 2, "buy_price": "4000", "brokerage_charge": 0}
    made = asked(old_client, "POST", "/v1/trade/trade", body | {"status": "OPEN", "type": "eq"})
    assert made.status_code == 201, made.text
    assert made.headers["link"] == '</api/v1/trades>; rel="successor-version"'
    trade = made.json()["trade_id"]
    path = f"/v1/trade/trade/{trade}"
    sold = asked(old_client, "PUT", path, body | {"sell_price": "4010"})
    assert (sold.status_code, sold.json()["net_pnl"]) == (200, "20")
    executed_at = made.json()["order_executed_at"]
    assert asked(old_client, "GET", path).json()["order_executed_at"] == executed_at
    for listed in ("/v1/trade/trades", "/trades"):
        (one,) = asked(old_client, "GET", listed).json()["items"]
        assert (one["trade_id"], one["version"]) == (trade, 2)
    named = {"id": trade, "symbol": "TCS", "quantity": "2", "price": "3990", "sell_price": "4010"}
    assert asked(old_client, "PUT", "/trades", named).json()["net_pnl"] == "40"
    gone = asked(old_client, "DELETE", f"/trades?id={trade}")
    assert (gone.status_code, gone.json()["status"]) == (200, "ANNULLED")
    assert asked(old_client, "GET", "/trades").json()["items"] == []
    history = old_client.get(f"/trades/{trade}/history")["items"]
    assert [one["version"] for one in history] == [1, 2, 3, 4]


def test_parts_of_the_dashboard_are_of_the_first_account(old_client: Person) -> None:
    account = old_client.get("/accounts")["items"][-1]["account_id"]
    stats = old_client.get("/dashboard/stats")
    assert stats["account_id"] == account
    recent = old_client.get("/dashboard/recent-trades", limit=1)["items"]
    assert [one["account_id"] for one in recent] == [account]
    curve = old_client.get("/dashboard/equity", points=5)["items"]
    assert 1 <= len(curve) <= 5
    assert curve == old_client.get(f"/accounts/{account}/equity", points=5)["items"]


def test_wallet_and_dashboard_are_where_they_were(old_client: Person) -> None:
    wallet = asked(old_client, "GET", "/paper-trading/wallet")
    assert wallet.json()["currency"] == "INR"
    board = asked(old_client, "GET", "/v1/dashboard/dashboard")
    assert board.status_code == 200
    assert "deprecation" in board.headers


def test_deleting_a_position_closes_it(old_client: Person) -> None:
    body = {"symbol": "ITC", "side": "BUY", "quantity": "3"}
    bought = asked(old_client, "POST", "/paper-trading/orders", body).json()
    old_client.filled(bought["order_id"])
    held = asked(old_client, "GET", "/paper-trading/positions").json()["items"]
    (itc,) = [position for position in held if position["symbol"] == "ITC"]
    answer = asked(old_client, "DELETE", f"/paper-trading/positions/{itc['position_id']}")
    assert answer.status_code == 202
    assert old_client.filled(answer.json()["order_id"])["side"] == "SELL"


def test_whoever_has_no_account_is_told_to_open_one(service: Service) -> None:
    with service.person() as person:
        told = refusal(asked(person, "GET", "/paper-trading/wallet"), 404, "ACCOUNT_UNKNOWN")
        assert "open an account first" in told["detail"]


def test_strangers_are_told_to_sign_in_there_as_well(service: Service) -> None:
    with httpx.Client(base_url=service.api.replace("/api/v1", "/api")) as http:
        assert http.get("/paper-trading/wallet").status_code == 401


def test_what_a_paper_broker_holds_is_the_virtual_money(old_client: Person) -> None:
    account_id = old_client.account("5000")
    found = old_client.get("/broker/balance", account_id=account_id)
    assert found["items"] == [
        {"account_id": account_id, "broker": "paper", "currency": "INR", "total": "5000",
         "available": "5000"}
    ]  # fmt: skip

"""Trades that were wrong: two people correct them, and the account is as if they never were."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import psycopg
import pytest

from domain.identity import role_id_of
from tests.e2e.service import Person, Service, eventually

WHY = "the feed was wrong at noon"
RESTATED = """
select count(*) from es.event
 where type in ('TradeCorrected', 'TradeAnnulled', 'PositionRestated', 'ApprovalRequested')
"""


@pytest.fixture(scope="module")
def desk(service: Service, admin: Person) -> Iterator[tuple[Person, Person]]:
    """Two people of the risk desk."""
    role = role_id_of("risk")
    with ExitStack() as stack:
        people = [stack.enter_context(service.person()) for _ in range(2)]
        for one in people:
            path = f"/admin/users/{one.user_id}/roles/{role}"
            admin.ask("PUT", path, 200, json={"reason": WHY})
        yield people[0], people[1]


@pytest.fixture(scope="module")
def owner(service: Service) -> Iterator[Person]:
    with service.person() as one:
        yield one


def bought(person: Person, account: str, side: str = "BUY") -> Any:
    """The only fill of an order for ten."""
    order = person.order(account, side=side)["order_id"]
    person.filled(order)
    (fill,) = person.get(f"/orders/{order}/fills")["items"]
    return fill


def ask(
    who: Person, what: str, trade: str, version: int | None = 1, **body: object
) -> httpx.Response:
    headers = {} if version is None else {"If-Match": f'"{version}"'}
    path = f"/admin/trades/{trade}/{what}"
    return who.http.post(path, json={"reason": WHY} | body, headers=headers)


def said(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def agreed(desk: tuple[Person, Person], answer: httpx.Response) -> str:
    """What has become of it once the other has agreed."""
    assert answer.status_code == 202, answer.text
    ada, ben = desk
    ada.position = max(ada.position, int(answer.headers["X-Position"]))
    path = f"/admin/approvals/{answer.json()['approval_id']}"
    own = ada.http.post(f"{path}/approve", json={"reason": WHY})
    assert said(own) == (403, "APPROVAL_OWN")
    ben.ask("POST", f"{path}/approve", 200, json={"reason": WHY})
    done = eventually(lambda: ada.get(path), lambda one: one["status"] in {"DONE", "FAILED"})
    return str(done["code"] or done["status"])


def test_a_correction_restates_position_and_wallet_to_the_last_digit(
    desk: tuple[Person, Person], owner: Person
) -> None:
    account = owner.account()
    fill = bought(owner, account)
    before = owner.get("/wallet", account_id=account)
    answer = ask(desk[0], "correct", fill["exec_id"], price="1000")
    assert agreed(desk, answer) == "DONE"
    wallet = eventually(
        lambda: owner.get("/wallet", account_id=account), lambda one: one["cash"] != before["cash"]
    )
    assert wallet["cash"] == "990000", "ten at 1,000 each, as if it had always been so"
    (position,) = owner.get("/positions", account_id=account)["items"]
    assert (position["quantity"], position["cost_basis"]) == ("10", "10000")
    order = owner.get(f"/orders/{fill['order_id']}")
    assert (order["status"], order["avg_px"]) == ("FILLED", "1000")
    lines = owner.get("/ledger", account_id=account)["items"]
    assert lines[0]["balance_after"] == "990000"
    assert len(lines) == 3, "opening and trade stay as they were: one line makes up the difference"
    (first, second) = desk[0].get(f"/admin/trades/{fill['exec_id']}")["items"]
    assert (first["status"], first["price"]) == ("ACTIVE", fill["price"])
    assert (second["status"], second["price"], second["version"]) == ("CORRECTED", "1000", 2)
    assert second["exec_ref_id"] == first["exec_id"]


def test_who_looked_at_an_older_version_is_told_so(
    desk: tuple[Person, Person], owner: Person
) -> None:
    trade = bought(owner, owner.account())["exec_id"]
    assert said(ask(desk[0], "correct", trade, None, price="1")) == (428, "VERSION_REQUIRED")
    assert said(ask(desk[0], "correct", trade, 2, price="1")) == (412, "VERSION_STALE")
    answers = [ask(desk[0], "correct", trade, price=price) for price in ("1000", "1001")]
    assert [agreed(desk, answer) for answer in answers] == ["DONE", "VERSION_STALE"]
    shown = desk[0].http.get(f"/admin/trades/{trade}")
    assert shown.headers["ETag"] == '"2"'
    assert said(ask(desk[0], "annul", trade, 1)) == (412, "VERSION_STALE")


def test_an_annulled_trade_never_was(desk: tuple[Person, Person], owner: Person) -> None:
    account = owner.account()
    trade = bought(owner, account)["exec_id"]
    assert agreed(desk, ask(desk[0], "annul", trade)) == "DONE"
    wallet = eventually(
        lambda: owner.get("/wallet", account_id=account), lambda one: one["cash"] == "1000000"
    )
    assert (wallet["equity"], wallet["fees_total"]) == ("1000000", "0")
    assert said(ask(desk[0], "annul", trade, 2)) == (409, "TRADE_ALREADY_ANNULLED")
    assert said(ask(desk[0], "correct", trade, 2, price="5")) == (409, "TRADE_ALREADY_ANNULLED")
    assert owner.get("/fills", account_id=account)["items"][0]["status"] == "ANNULLED"


def test_a_dry_run_tells_what_would_change_and_leaves_no_fact(
    desk: tuple[Person, Person], owner: Person, db: psycopg.Connection
) -> None:
    account = owner.account()
    trade = bought(owner, account)["exec_id"]
    count = db.execute(RESTATED).fetchone()
    for what, body in (("annul", {}), ("correct", {"price": "1000", "quantity": "4"})):
        path = f"/admin/trades/{trade}/{what}"
        headers = {"If-Match": '"1"'}
        answer = desk[0].http.post(
            path, params={"dry_run": "true"}, json={"reason": WHY} | body, headers=headers
        )
        assert answer.status_code == 200, answer.text
        told = answer.json()
        assert told["account_id"] == account
        assert told["quantity_after"] == ("0" if what == "annul" else "4")
        assert told["cash_after"] == ("1000000" if what == "annul" else "996000")
        assert told["breaks"] is None
    assert db.execute(RESTATED).fetchone() == count


def test_what_would_break_the_account_is_refused_without_force(
    desk: tuple[Person, Person], owner: Person
) -> None:
    account = owner.account()
    trade = bought(owner, account)["exec_id"]
    bought(owner, account, side="SELL")
    refused = ask(desk[0], "annul", trade)
    assert said(refused) == (409, "ANNULMENT_BREAKS_POSITION")
    assert refused.json()["context"]["quantity"] == "-10"
    assert agreed(desk, ask(desk[0], "annul", trade, force=True)) == "DONE"
    answer = eventually(
        lambda: owner.http.post("/orders", json={
            "account_id": account, "symbol": "RELIANCE", "side": "BUY", "quantity": "99",
            "order_type": "MARKET",
        }),
        lambda answer: answer.status_code == 409,
    )  # fmt: skip
    assert answer.json()["code"] == "TRADING_REDUCING_ONLY"


def test_what_was_converted_since_is_not_corrected(
    desk: tuple[Person, Person], owner: Person
) -> None:
    account = owner.account()
    trade = bought(owner, account)["exec_id"]
    (position,) = owner.get("/positions", account_id=account)["items"]
    convert = {"quantity": "10", "to_product": "MIS"}
    converted = owner.http.post(f"/positions/{position['position_id']}/convert", json=convert)
    assert converted.is_success, converted.text
    assert said(ask(desk[0], "annul", trade)) == (409, "TRADE_NOT_CORRECTABLE")


def test_nonsense_is_refused_before_anybody_is_asked_to_agree(
    desk: tuple[Person, Person], owner: Person
) -> None:
    trade = bought(owner, owner.account())["exec_id"]
    assert said(ask(desk[0], "correct", trade)) == (422, "VALIDATION")
    assert said(ask(desk[0], "correct", trade, quantity="11")) == (409, "EXEC_OVERFILL")
    assert said(ask(desk[0], "correct", trade, price="NaN")) == (422, "VALIDATION")
    late = "2999-01-01T00:00:00Z"
    assert said(ask(desk[0], "correct", trade, executed_at=late)) == (422, "VALIDATION")
    assert said(ask(desk[0], "correct", owner.user_id, price="1")) == (404, "TRADE_UNKNOWN")
    assert said(ask(owner, "correct", trade, price="1")) == (403, "ACCESS_DENIED")

"""S26 to S30, S33: what ends a session, for whom, and how soon."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import psycopg
import pytest

from tests.e2e.api.doorstep import me, refused, sign_in, sign_up, somebody
from tests.e2e.service import Person, Service
from tests.security.browser import Browser

AGES = """
update ops.refresh r set {what} from ops.session s
where r.session_id = s.session_id and s.user_id = %s
"""


def renew(http: httpx.Client, token: str, device: str | None = None) -> httpx.Response:
    headers = {"X-Device": device} if device else {}
    return http.post("/auth/refresh", json={"refresh_token": token}, headers=headers)


def facts_of(db: psycopg.Connection, user_id: str) -> list[tuple[str, dict[str, Any]]]:
    query = "select type, payload from es.event where stream = %s order by position"
    return [(type_, payload) for type_, payload in db.execute(query, [f"sessions-{user_id}"])]


def order(http: httpx.Client, token: str, account: str) -> httpx.Response:
    ticket = {
        "account_id": account, "symbol": "RELIANCE", "side": "BUY", "quantity": "1",
        "order_type": "LIMIT", "price": "1000",
    }  # fmt: skip
    return http.post("/orders", json=ticket, headers={"Authorization": f"Bearer {token}"})


@pytest.mark.parametrize("how", ["here", "everywhere", "from another device", "all the others"])
def test_s26_whoever_signs_out_can_do_nothing_with_the_old_token(person: Person, how: str) -> None:
    account = person.account()
    other = sign_in(person.http, person.identity)["access_token"]
    ended = person.token
    assert order(person.http, ended, account).status_code == 201
    headers = {"Authorization": f"Bearer {other}"}
    session = person.http.get("/auth/sessions", headers={"Authorization": f"Bearer {ended}"}).json()
    (current,) = (one["session_id"] for one in session["items"] if one["current"])
    match how:
        case "here":
            answer = person.http.post("/auth/logout", headers={"Authorization": f"Bearer {ended}"})
        case "everywhere":
            answer = person.http.post("/auth/logout?all=true", headers=headers)
        case "from another device":
            answer = person.http.delete(f"/auth/sessions/{current}", headers=headers)
        case _:
            answer = person.http.delete("/auth/sessions", headers=headers)
    assert answer.status_code == 200, answer.text
    assert current in answer.json()["ended"]
    began = time.monotonic()
    refused(order(person.http, ended, account))
    refused(me(person.http, ended))
    assert time.monotonic() - began < 1
    left = 401 if how == "everywhere" else 200
    assert me(person.http, other).status_code == left


def test_s26_no_refresh_token_outlives_its_session(person: Person) -> None:
    session = sign_in(person.http, person.identity)
    headers = {"Authorization": f"Bearer {session['access_token']}"}
    assert person.http.post("/auth/logout", headers=headers).status_code == 200
    refused(renew(person.http, session["refresh_token"]))


def test_s26_a_restored_row_does_not_bring_a_session_back(
    person: Person, db: psycopg.Connection
) -> None:
    """What is on the tape counts, whatever an old copy of the table says."""
    session = sign_in(person.http, person.identity)
    copy = "create temp table {0} as select * from ops.{0} where session_id = %s"
    for table in ("session", "refresh"):
        db.execute(f"drop table if exists pg_temp.{table}")
        db.execute(copy.format(table), [session["session_id"]])
    headers = {"Authorization": f"Bearer {session['access_token']}"}
    person.http.post("/auth/logout", headers=headers)
    for table in ("session", "refresh"):
        db.execute(f"insert into ops.{table} select * from pg_temp.{table}")
    refused(renew(person.http, session["refresh_token"]))


def test_s26_who_is_shut_out_is_out_at_once(person: Person, admin: Person) -> None:
    account = person.account()
    session = sign_in(person.http, person.identity)
    admin.post(f"/admin/users/{person.user_id}/suspend", {"reason": "as the test agreed"}, 200)
    assert order(person.http, person.token, account).status_code in (401, 403)
    assert renew(person.http, session["refresh_token"]).status_code in (401, 403)
    answer = person.http.post("/auth/login", json=person.identity)
    refused(answer, 403, "USER_SUSPENDED")


def test_s27_a_refresh_token_that_is_used_again_ends_the_session_for_both(
    stranger: httpx.Client, db: psycopg.Connection
) -> None:
    who = somebody()
    user_id = sign_up(stranger, who)
    first = sign_in(stranger, who)
    thief = renew(stranger, first["refresh_token"]).json()
    thief = renew(stranger, thief["refresh_token"]).json()
    refused(renew(stranger, first["refresh_token"]))
    refused(renew(stranger, thief["refresh_token"]))
    for token in (first["access_token"], thief["access_token"]):
        refused(me(stranger, token))
    kind, payload = facts_of(db, user_id)[-1]
    assert (kind, payload["reason"]) == ("TokenFamilyRevoked", "REUSED")
    assert payload["session_id"] == first["session_id"]


def test_s28_fifty_refreshes_at_once_get_the_same_successor(service: Service) -> None:
    who = somebody()
    with httpx.Client(base_url=service.api, timeout=60) as http, ThreadPoolExecutor(50) as threads:
        sign_up(http, who)
        token = sign_in(http, who)["refresh_token"]
        answers = list(threads.map(lambda _: renew(http, token), range(50)))
        assert {answer.status_code for answer in answers} == {200}
        (successor,) = {answer.json()["refresh_token"] for answer in answers}
        assert renew(http, successor).status_code == 200


def test_s29_grace_is_for_the_last_token_only(stranger: httpx.Client) -> None:
    who = somebody()
    sign_up(stranger, who)
    first = sign_in(stranger, who)["refresh_token"]
    second = renew(stranger, first).json()["refresh_token"]
    assert renew(stranger, first).json()["refresh_token"] == second
    third = renew(stranger, second).json()["refresh_token"]
    refused(renew(stranger, first))
    refused(renew(stranger, third))


def test_s29_a_token_on_another_device_ends_the_session(
    stranger: httpx.Client, db: psycopg.Connection
) -> None:
    who = somebody()
    user_id = sign_up(stranger, who)
    mine = {"X-Device": "a secret of my laptop"}
    for stolen_by in ("a secret of their laptop", None):
        login = stranger.post("/auth/login", json=who, headers=mine).json()
        refused(renew(stranger, login["refresh_token"], stolen_by))
        refused(renew(stranger, login["refresh_token"], mine["X-Device"]))
        refused(me(stranger, login["access_token"]))
        kind, payload = facts_of(db, user_id)[-1]
        assert (kind, payload["reason"]) == ("TokenFamilyRevoked", "OTHER_DEVICE")
    login = stranger.post("/auth/login", json=who, headers=mine).json()
    assert renew(stranger, login["refresh_token"], mine["X-Device"]).status_code == 200


def test_s29_cookies_copied_without_their_device_are_worth_nothing(
    stranger: httpx.Client,
) -> None:
    owner, thief = Browser(stranger), Browser(stranger)
    owner.sign_up()
    thief.cookies = {"__Host-refresh": owner.cookies["__Host-refresh"]}
    thief.csrf = owner.csrf
    refused(thief.send("POST", "/auth/refresh"))
    refused(owner.send("GET", "/auth/me"))


@pytest.mark.parametrize(
    "change",
    [
        "expires_at = now() - interval '1 s'",  # seven days without a visit
        "expires_at = now() + interval '1 d'",  # but thirty days are over, below
    ],
)
def test_s30_a_session_ends_when_nobody_comes_and_after_thirty_days(
    stranger: httpx.Client, db: psycopg.Connection, change: str
) -> None:
    who = somebody()
    user_id = sign_up(stranger, who)
    token = sign_in(stranger, who)["refresh_token"]
    (life,) = db.execute(
        "select extract(day from ends_at - began_at) from ops.session where user_id = %s", [user_id]
    ).fetchone() or (0,)
    assert life == 30
    db.execute(AGES.format(what=change), [user_id])
    if "+" in change:
        over = "update ops.session set ends_at = now() - interval '1 s' where user_id = %s"
        db.execute(over, [user_id])
    refused(renew(stranger, token))


def test_s33_everybody_sees_where_they_are_signed_in_and_nobody_else_does(
    person: Person, service: Service
) -> None:
    agent = {"User-Agent": "desk/1.0 <script>"}
    other = person.http.post("/auth/login", json=person.identity, headers=agent).json()
    items = person.get("/auth/sessions")["items"]
    assert [one["current"] for one in items].count(True) == 1
    (found,) = (one for one in items if one["session_id"] == other["session_id"])
    assert found["methods"] == ["PASSWORD"]
    assert found["agent"] == "desk/1.0 <script>"
    with service.person() as stranger:
        path = f"/auth/sessions/{other['session_id']}"
        stranger.ask("DELETE", path, 404)
        assert other["session_id"] not in str(stranger.get("/auth/sessions"))
    assert me(person.http, other["access_token"]).status_code == 200
    person.ask("DELETE", f"/auth/sessions/{other['session_id']}", 200)
    person.ask("DELETE", f"/auth/sessions/{other['session_id']}", 404)

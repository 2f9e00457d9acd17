"""S67 to S69: what is written of all this, by whom it can be read, and what is in it of nobody."""

from __future__ import annotations

import json
import time
from secrets import token_hex
from typing import Any

import httpx
import psycopg
import pytest

from tests.e2e.api.doorstep import somebody
from tests.e2e.service import Person, Service, eventually
from tests.security.browser import Browser

REFUSED = "select payload, actor, correlation_id from es.event where stream like 'doors-%%' and "


@pytest.fixture(autouse=True, scope="module")
def room_in_the_doorbook() -> None:
    """What was refused to the tests before has used up what is recorded in a short while."""
    time.sleep(3)


def seen(db: psycopg.Connection, where: str, *values: object) -> list[Any]:
    found: list[Any] = eventually(lambda: db.execute(REFUSED + where, values).fetchall(), len, 5)
    return found


def test_s69_whoever_signs_in_is_a_fact_with_address_and_device(
    stranger: httpx.Client, db: psycopg.Connection
) -> None:
    browser = Browser(stranger)
    who = browser.sign_up()
    user_id = browser.send("GET", "/auth/me").json()["user_id"]
    query = "select payload, actor, on_behalf_of from es.event where stream = %s order by position"
    ((payload, actor, on_behalf_of),) = db.execute(query, [f"sessions-{user_id}"]).fetchall()
    assert (actor, on_behalf_of) == ("system:doors", f"user:{user_id}")
    assert payload["methods"] == ["PASSWORD"]
    assert len(payload["ip_hash"]) == len(payload["device_hash"]) == 32
    browser.sign_in(who)
    again = db.execute(query, [f"sessions-{user_id}"]).fetchall()[-1][0]
    for name in ("ip_hash", "device_hash"):
        assert again[name] == payload[name], "the same place is told to be the same"
    assert browser.cookies["__Host-device"] not in json.dumps(payload)


def test_s69_whoever_fails_to_is_a_fact_too(stranger: httpx.Client, db: psycopg.Connection) -> None:
    browser = Browser(stranger)
    who = browser.sign_up()
    user_id = browser.send("GET", "/auth/me").json()["user_id"]
    answer = stranger.post("/auth/login", json=who | {"password": "not this one"})
    found = seen(db, "payload->>'user_id' = %s", user_id)
    payload, actor, correlation_id = found[0]
    assert (payload["reason"], actor) == ("PASSWORD_WRONG", "system:doors")
    assert str(correlation_id) == answer.json()["request_id"]
    assert who["email"] not in json.dumps(payload)
    nobody = somebody()
    stranger.post("/auth/login", json=nobody)
    unknown = seen(db, "type = 'LoginFailed' and payload->>'user_id' is null")
    assert unknown[-1][0]["name_hash"] != payload["name_hash"]


def test_s69_every_kind_of_refusal_is_a_fact(
    person: Person, stranger: httpx.Client, db: psycopg.Connection
) -> None:
    address = {"User-Agent": "probe"}
    person.http.get("/auth/me", headers={"Authorization": "Bearer a.b.c", **address})
    person.http.get("/admin/users")
    browser = Browser(stranger)
    browser.send("POST", "/auth/login", json=somebody(), headers={"Sec-Fetch-Site": "cross-site"})
    for code in ("AUTH_INVALID", "ACCESS_DENIED", "CSRF_REJECTED"):
        payload, _, _ = seen(db, "payload->>'code' = %s", code)[-1]
        assert payload["route"].startswith("/api/v1/"), payload
        assert len(payload["ip_hash"]) == 32


def test_s69_a_flood_of_refusals_is_a_few_facts_that_count_the_others(
    service: Service, db: psycopg.Connection
) -> None:
    count = "select count(*) from es.event where stream like 'doors-%'"
    (before,) = db.execute(count).fetchone() or (0,)
    with httpx.Client(base_url=service.api) as http:
        for number in range(300):
            http.get("/auth/me", headers={"Authorization": f"Bearer a.b.{number}"})
    (after,) = db.execute(count).fetchone() or (0,)
    assert after - before <= 5


def test_s67_no_secret_is_in_any_log_fact_row_or_answer(
    service: Service, db: psycopg.Connection
) -> None:
    canary = token_hex(16)
    who = {"email": f"{canary}@example.com", "password": f"pass {canary} word"}
    with httpx.Client(base_url=service.api, timeout=30) as http:
        http.post("/auth/signup", json=who)
        login = http.post("/auth/login", json=who, headers={"X-Device": canary}).json()
        bearer = {"Authorization": f"Bearer {login['access_token']}"}
        expires = "2026-12-31T00:00:00Z"
        key = http.post(
            "/auth/keys",
            json={"label": "bot", "scopes": ["read"], "expires_at": expires},
            headers=bearer,
        ).json()["api_key"]
        canaries = [canary, login["access_token"], login["refresh_token"], key]
        answers = []
        for path in ("/auth/login", "/auth/refresh", "/auth/signup", "/accounts", "/orders"):
            for body in (
                {"password": canary, "refresh_token": canary, "email": canary},
                [canary],
                canary,
            ):
                answers.append(http.post(path, json=body, headers=bearer))
            answers.append(http.post(path, content=f'{{"{canary}', headers=bearer))
        for value in canaries:
            answers.append(http.get("/auth/me", headers={"Authorization": f"Bearer {value}x"}))
            answers.append(http.get("/auth/me", headers={"Authorization": f"Basic {value}"}))
            answers.append(http.get("/auth/me", headers={"Cookie": f"__Host-access={value}x"}))
            answers.append(http.get(f"/nowhere/{value}", params={"token": value}))
        for answer in answers:
            assert answer.status_code < 500
            for secret in canaries[1:]:
                assert secret not in answer.text
    tables = db.execute(
        "select quote_ident(schemaname) || '.' || quote_ident(tablename) from pg_tables"
        " where schemaname in ('es', 'rm', 'ops')"
    ).fetchall()
    for (table,) in tables:
        rows = "\n".join(row for (row,) in db.execute(f"select t::text from {table} t").fetchall())
        for secret in canaries:
            assert secret not in rows, table
    logs = [*(service.data / "logs").glob("*.log*"), service.data.with_name("log")]
    assert logs
    for log in logs:
        text = log.read_text()
        for secret in canaries:
            assert secret not in text, log


def test_s68_a_log_line_is_one_line_whatever_is_in_it(service: Service) -> None:
    mark = token_hex(8)
    with httpx.Client(base_url=service.api, timeout=30) as http:
        for hostile in ("%0d%0a{}", "%1b[2J", "\u202e", '"}{"level":"error'):
            http.get(f"/{mark}{hostile}")
            http.get("/auth/me", params={mark: hostile})
    logs = [service.data / "logs" / f"{name}.log" for name in ("app", "errors", "trades")]
    for log in logs:
        for line in log.read_text().splitlines():
            json.loads(line)
            assert mark not in line
            assert "\x1b" not in line

"""S34, S32: what is dangerous asks for a proof of a moment ago, by the token and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import httpx
import psycopg
import pytest

from adapters.ids import Ids
from adapters.tokens import Tokens
from api.auth.middleware import PROOF_LIFE_S
from tests.e2e.api.doorstep import PASSWORD, refused, renew, sign_in, sign_up, somebody
from tests.e2e.service import Person, Service
from tests.security.authenticator import set_up
from tests.security.browser import Browser
from tests.security.generated import Operation, operations

FRESH = Path(__file__).with_name("fresh.txt")


@pytest.fixture(scope="module")
def dangerous(service: Service) -> list[Operation]:
    return [one for one in operations(service.url) if one.spec.get("x-fresh-proof")]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def long_ago(keys: Path, user_id: str, age_s: float) -> dict[str, str]:
    """A token of a session whose person has proved it so many seconds ago."""
    ids, then = Ids(), datetime.now(UTC) - timedelta(seconds=age_s)
    token = Tokens(keys, ids).issue(UUID(user_id), session_id=ids(), auth_time=then)
    return bearer(token)


def test_s34_what_is_dangerous_is_what_was_agreed(dangerous: list[Operation]) -> None:
    written = "".join(f"{one.name}\n" for one in dangerous)
    assert written == FRESH.read_text(), written


def test_s34_an_old_proof_opens_no_dangerous_door_not_even_to_the_administrator(
    service: Service, dangerous: list[Operation], admin: Person, keys: Path
) -> None:
    old = long_ago(keys, admin.user_id, PROOF_LIFE_S + 2)
    new = long_ago(keys, admin.user_id, PROOF_LIFE_S - 60)
    with httpx.Client(base_url=service.url, timeout=30) as http:
        opened, shut = [], []
        for one in dangerous:
            url, query = one.url({}), one.query({})
            answer = http.request(one.method, url, params=query, json={}, headers=old)
            if answer.status_code != 403 or answer.json()["code"] != "REAUTH_REQUIRED":
                opened.append(f"{one.name}: {answer.status_code} {answer.text[:100]}")
            if one.method == "DELETE" or one.body is None:
                continue  # the control changes nothing: a body without what is required
            answer = http.request(one.method, url, params=query, json={}, headers=new)
            if answer.status_code != 422:
                shut.append(f"{one.name}: {answer.status_code} {answer.text[:100]}")
    assert opened == []
    assert shut == []


def test_s34_nothing_else_asks_for_it(stranger: httpx.Client, keys: Path) -> None:
    user_id = sign_up(stranger, somebody())
    old = long_ago(keys, user_id, 24 * 3600)
    assert stranger.get("/auth/me", headers=old).status_code == 200
    account = {"kind": "PAPER", "currency": "INR", "opening_capital": "1000"}
    assert stranger.post("/accounts", json=account, headers=old).status_code == 201


def test_s34_refreshing_is_no_proof_and_stepping_up_is(
    stranger: httpx.Client, db: psycopg.Connection
) -> None:
    who = somebody()
    sign_up(stranger, who)
    session = sign_in(stranger, who)
    db.execute(
        "update ops.session set auth_time = auth_time - interval '1 hour' where session_id = %s",
        [session["session_id"]],
    )
    renewed = renew(stranger, session["refresh_token"]).json()
    old = bearer(renewed["access_token"])
    until = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    key = {"label": "mine", "scopes": ["trade"], "expires_at": until}
    refused(stranger.post("/auth/keys", json=key, headers=old), 403, "REAUTH_REQUIRED")
    refused(stranger.post("/auth/step-up", json={"password": "not it"}, headers=old))
    answer = stranger.post("/auth/step-up", json={"password": PASSWORD}, headers=old)
    assert answer.status_code == 200, answer.text
    new = bearer(answer.json()["access_token"])
    assert stranger.post("/auth/keys", json=key, headers=new).status_code == 201
    refused(stranger.get("/auth/me", headers=old))  # the old session is over
    refused(renew(stranger, renewed["refresh_token"]))


def test_s34_whoever_has_an_authenticator_steps_up_with_both_proofs(
    stranger: httpx.Client, keys: Path
) -> None:
    who = somebody()
    user_id = sign_up(stranger, who)
    token = sign_in(stranger, who)["access_token"]
    both = {"password": PASSWORD, "code": "123456"}
    refused(
        stranger.post("/auth/step-up", json=both, headers=bearer(token)), 422, "VALIDATION"
    )  # no authenticator yet
    mine, codes = set_up(stranger, token)
    old = long_ago(keys, user_id, 3600)
    refused(stranger.delete("/auth/totp", headers=old), 403, "REAUTH_REQUIRED")
    refused(
        stranger.post("/auth/step-up", json={"password": PASSWORD}, headers=old), 422, "VALIDATION"
    )
    wrong = {"password": PASSWORD, "code": mine.wrong()}
    refused(stranger.post("/auth/step-up", json=wrong, headers=old))
    right = {"password": PASSWORD, "code": mine.next()}
    new = stranger.post("/auth/step-up", json=right, headers=old).json()["access_token"]
    refused(stranger.post("/auth/step-up", json=right, headers=bearer(new)))  # a code is good once
    lost = {"password": PASSWORD, "recovery_code": codes[0]}
    newer = stranger.post("/auth/step-up", json=lost, headers=bearer(new)).json()["access_token"]
    assert stranger.delete("/auth/totp", headers=bearer(newer)).status_code == 200


def test_s34_guesses_at_stepping_up_have_to_wait(
    stranger: httpx.Client, keys: Path, db: psycopg.Connection
) -> None:
    user_id = sign_up(stranger, somebody())
    old = long_ago(keys, user_id, 3600)
    statuses = [
        stranger.post("/auth/step-up", json={"password": "not it"}, headers=old).status_code
        for _ in range(6)
    ]
    assert statuses == [401] * 5 + [429]
    db.execute("delete from ops.attempt")


def test_s32_stepping_up_makes_another_session_and_another_csrf_token(
    stranger: httpx.Client,
) -> None:
    browser = Browser(stranger)
    browser.sign_up()
    before = browser.csrf, browser.cookies["__Host-access"], browser.cookies["__Host-refresh"]
    refused(
        browser.send(
            "POST", "/auth/step-up", json={"password": PASSWORD}, headers={"X-CSRF-Token": None}
        ),
        403,
        "CSRF_REJECTED",
    )
    answer = browser.send("POST", "/auth/step-up", json={"password": PASSWORD})
    assert answer.status_code == 200, answer.text
    after = browser.csrf, browser.cookies["__Host-access"], browser.cookies["__Host-refresh"]
    assert not set(before) & set(after)
    old = {"Cookie": f"__Host-access={before[1]}", "X-CSRF-Token": before[0]}
    refused(browser.send("GET", "/auth/me", headers=old))


def test_a_program_with_a_key_proves_nothing(person: Person) -> None:
    until = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    scopes = ["read", "trade", "manage"]
    key = person.post("/auth/keys", {"label": "x", "scopes": scopes, "expires_at": until})
    program = bearer(key["api_key"])
    answer = person.http.post("/auth/step-up", json={"password": PASSWORD}, headers=program)
    refused(answer, 403, "ACCESS_DENIED")

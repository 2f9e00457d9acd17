"""API keys: what a program can do with one, and nothing more, and no longer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest

from tests.e2e.api.doorstep import refused
from tests.e2e.service import Person

ACCOUNT = {"kind": "PAPER", "currency": "INR", "opening_capital": "1000"}
EXPIRES = (datetime.now(UTC) + timedelta(days=30)).isoformat()


def issue(person: Person, *scopes: str, **more: object) -> dict[str, Any]:
    body = {"label": "my bot", "scopes": list(scopes), "expires_at": EXPIRES, **more}
    answer: dict[str, Any] = person.post("/auth/keys", body)
    return answer


def ask(person: Person, key: str, method: str, path: str, **how: Any) -> httpx.Response:
    return person.http.request(method, path, headers={"Authorization": f"Bearer {key}"}, **how)


def test_a_key_is_shown_once_and_kept_as_a_digest(person: Person, db: psycopg.Connection) -> None:
    issued = issue(person, "read")
    key = issued["api_key"]
    assert key.startswith("ptk_")
    assert ask(person, key, "GET", "/auth/me").json()["user_id"] == person.user_id
    listed = person.get("/auth/keys")["items"][0]
    assert (listed["label"], listed["scopes"], listed["hint"]) == ("my bot", ["read"], key[-4:])
    assert listed["used_at"] is not None
    assert key not in str(listed)
    kept = db.execute("select k::text from ops.api_key k").fetchall()
    facts = db.execute("select payload::text from es.event where type = 'ApiKeyIssued'").fetchall()
    assert kept
    assert facts
    assert not [row for (row,) in (*kept, *facts) if key[4:] in row]
    assert not [row for (row,) in facts if "my bot" in row]


def test_a_key_is_good_for_its_scopes_and_for_no_management(person: Person) -> None:
    account = person.account()
    reads, trades, manages = (
        issue(person, scope)["api_key"] for scope in ("read", "trade", "manage")
    )
    cancel_all = ("DELETE", f"/positions/{account}")
    for key, granted in ((reads, {"read"}), (trades, {"trade"}), (manages, {"manage"})):
        tried = {
            "read": ask(person, key, "GET", "/accounts"),
            "trade": ask(person, key, *cancel_all),
            "manage": ask(person, key, "POST", "/accounts", json=ACCOUNT),
        }
        for scope, answer in tried.items():
            if scope in granted:
                assert answer.status_code != 403, (scope, answer.text)
            else:
                refused(answer, 403, "ACCESS_DENIED")
    everything = issue(person, "read", "trade", "manage")["api_key"]
    for method, path in (
        ("GET", "/auth/sessions"),
        ("POST", "/auth/logout"),
        ("GET", "/auth/keys"),
        ("POST", "/auth/keys"),
        ("DELETE", "/auth/sessions"),
        ("GET", "/auth/csrf"),
        ("GET", "/admin/users"),
        ("GET", "/admin/roles"),
    ):
        refused(ask(person, everything, method, path), 403, "ACCESS_DENIED")


def test_a_key_of_an_administrator_has_none_of_their_power(admin: Person, person: Person) -> None:
    account = person.account()
    key = issue(admin, "read", "trade", "manage")["api_key"]
    refused(ask(admin, key, "GET", "/admin/users"), 403, "ACCESS_DENIED")
    answer = ask(admin, key, "POST", f"/accounts/{account}/deposits", json={"amount": "1"})
    refused(answer, 404, "ACCOUNT_UNKNOWN")


def test_a_key_is_revoked_at_once(person: Person, db: psycopg.Connection) -> None:
    issued = issue(person, "read")
    key = issued["api_key"]
    assert ask(person, key, "GET", "/accounts").status_code == 200
    person.ask("DELETE", f"/auth/keys/{issued['key_id']}", 200)
    refused(ask(person, key, "GET", "/accounts"))
    person.ask("DELETE", f"/auth/keys/{issued['key_id']}", 404)
    facts = db.execute(
        "select type from es.event where stream = %s order by position",
        [f"sessions-{person.user_id}"],
    ).fetchall()
    assert [type_ for (type_,) in facts][-2:] == ["ApiKeyIssued", "ApiKeyRevoked"]


def test_a_key_ends_with_its_time_and_with_its_owner(
    person: Person, admin: Person, db: psycopg.Connection
) -> None:
    late = issue(person, "read")
    db.execute(
        "update ops.api_key set expires_at = now() - interval '1 s' where key_id = %s",
        [late["key_id"]],
    )
    refused(ask(person, late["api_key"], "GET", "/accounts"))
    good = issue(person, "read")["api_key"]
    assert ask(person, good, "GET", "/accounts").status_code == 200
    admin.post(f"/admin/users/{person.user_id}/suspend", {"reason": "as the test agreed"}, 200)
    refused(ask(person, good, "GET", "/accounts"), 403, "USER_SUSPENDED")


def test_a_key_is_good_from_the_addresses_it_names_only(person: Person) -> None:
    here = issue(person, "read", networks=["127.0.0.0/8", "2001:db8::/32"])["api_key"]
    elsewhere = issue(person, "read", networks=["203.0.113.7"])["api_key"]
    assert ask(person, here, "GET", "/accounts").status_code == 200
    headers = {"Authorization": f"Bearer {elsewhere}", "X-Forwarded-For": "203.0.113.7"}
    refused(person.http.get("/accounts", headers=headers))


def test_nobody_takes_the_key_of_another_person(person: Person, admin: Person) -> None:
    issued = issue(person, "read")
    admin.ask("DELETE", f"/auth/keys/{issued['key_id']}", 404)
    assert issued["key_id"] not in str(admin.get("/auth/keys"))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("scopes", []),
        ("scopes", ["admin"]),
        ("expires_at", "2020-01-01T00:00:00Z"),
        ("expires_at", "2999-01-01T00:00:00Z"),
        ("expires_at", "2027-01-01T00:00:00"),
        ("networks", ["everywhere"]),
        ("networks", ["10.0.0.0/99"]),
        ("label", ""),
        ("label", "a\nb"),
        ("user_id", "01a204d1-a11d-7382-ad2f-510b83abaf2f"),
    ],
)
def test_a_key_that_makes_no_sense_is_not_issued(person: Person, field: str, value: object) -> None:
    body = {"label": "my bot", "scopes": ["read"], "expires_at": EXPIRES, field: value}
    answer = person.http.post("/auth/keys", json=body)
    refused(answer, 422, "VALIDATION")
    assert field in answer.json()["errors"][0]["pointer"]


@pytest.mark.parametrize("key", ["ptk_", "ptk_" + "A" * 43, "ptk_" + "a" * 5000])
def test_a_key_that_nobody_issued(stranger: httpx.Client, key: str) -> None:
    refused(stranger.get("/accounts", headers={"Authorization": f"Bearer {key}"}))

"""A-21 to A-24: the keys of others are seen and disabled, and all that is stored sealed anew."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import psycopg
import pytest

from domain.identity import role_id_of
from tests.e2e.service import Person, Service, eventually

WHY = {"reason": "as agreed on Friday"}
REVOKED = """
select actor, payload->>'reason' from es.event
 where type = 'ApiKeyRevoked' and payload->>'key_id' = %s
"""
ROTATED = """
select payload from es.event where type = 'MasterKeyRotated' and position > %s order by position
"""


@pytest.fixture(scope="module")
def risk(service: Service, admin: Person) -> Iterator[Person]:
    """Somebody who looks after keys and has none of the other powers."""
    role = f"roles/{role_id_of('risk')}"
    with service.person() as one:
        admin.ask("PUT", f"/admin/users/{one.user_id}/{role}", 200, json=WHY)
        yield one
        admin.ask("DELETE", f"/admin/users/{one.user_id}/{role}", 200, json=WHY)


def key_of(person: Person, label: str = "bot") -> dict[str, str]:
    until = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    body = {"label": label, "scopes": ["read"], "expires_at": until}
    issued: dict[str, str] = person.post("/auth/keys", body)
    return issued


def asks(service: Service, key: str) -> int:
    bearer = {"Authorization": f"Bearer {key}"}
    return httpx.get(f"{service.api}/accounts", headers=bearer).status_code


def test_keys_of_others_are_seen_and_never_told(
    risk: Person, person: Person, db: psycopg.Connection
) -> None:
    keys = [key_of(person, label) for label in ("one", "two", "three")]
    first = risk.get("/admin/keys", user_id=person.user_id, limit=2)
    rest = risk.get("/admin/keys", user_id=person.user_id, limit=2, cursor=first["next"])
    assert [one["label"] for one in first["items"] + rest["items"]] == ["three", "two", "one"]
    assert rest["next"] is None
    one = risk.get(f"/admin/keys/{keys[0]['key_id']}")
    assert (one["user_id"], one["label"], one["used_at"]) == (person.user_id, "one", None)
    for key in keys:
        assert key["api_key"] not in json.dumps([first, rest, one])
    assert keys[2]["key_id"] == risk.get("/admin/keys", limit=1)["items"][0]["key_id"]


def test_a_key_that_is_disabled_opens_nothing_and_the_tape_says_why(
    service: Service, risk: Person, person: Person, db: psycopg.Connection
) -> None:
    key = key_of(person)
    assert asks(service, key["api_key"]) == 200
    disable = f"/admin/keys/{key['key_id']}/disable"
    assert risk.http.post(disable, json={}).status_code == 422
    assert risk.post(disable, WHY, 200)["status"] == "DONE"
    assert asks(service, key["api_key"]) == 401
    told = db.execute(REVOKED, [key["key_id"]]).fetchall()
    assert told == [(f"user:{risk.user_id}", WHY["reason"])]
    again = risk.http.post(disable, json=WHY)
    assert (again.status_code, again.json()["code"]) == (404, "API_KEY_UNKNOWN")


def test_stored_keys_are_sealed_anew_while_everybody_goes_on(
    service: Service, admin: Person, person: Person, risk: Person, db: psycopg.Connection
) -> None:
    versions = "select min(key_version), max(key_version) from ops.person"
    ((_, before),) = db.execute(versions).fetchall()
    refused = risk.http.post("/admin/keys/rotate-encryption", json=WHY)
    assert (refused.status_code, refused.json()["code"]) == (403, "ACCESS_DENIED")
    ordered = admin.post("/admin/keys/rotate-encryption", WHY, 202)["position"]
    (payload,) = eventually(lambda: db.execute(ROTATED, [ordered]).fetchone(), bool)
    assert payload["unopened"] == 0
    assert payload["version"] > before
    assert db.execute(versions).fetchone() == (payload["version"],) * 2
    assert person.get("/auth/me")["email"] == person.identity["email"]

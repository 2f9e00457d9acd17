"""The audit: facts found and explained, the chain verified, and copies that prove themselves."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import httpx
import jwt
import psycopg
import pytest

from domain.identity import role_id_of
from tests.e2e.service import Person, eventually

WHY = {"reason": "as agreed on Friday"}
AUDITOR = role_id_of("auditor")
FACTS = "/admin/audit/events"


@pytest.fixture
def trader(person: Person) -> Person:
    account = person.account()
    person.resting(account)
    return person


def types(found: Any) -> list[str]:
    return [one["type"] for one in found["items"]]


def test_facts_are_found_by_whom_they_are_about_and_who_made_them(
    admin: Person, trader: Person
) -> None:
    begun = datetime.now(UTC) - timedelta(minutes=5)
    admin.position = trader.position
    about = types(admin.get(FACTS, subject=trader.user_id))
    assert {"UserRegistered", "AccountOpened", "OrderPlaced", "OrderAccepted"} <= set(about)
    own = types(admin.get(FACTS, actor=f"user:{trader.user_id}"))
    assert set(own) >= {"OrderPlaced"}
    assert "UserRegistered" not in own
    (opened,) = admin.get(FACTS, subject=trader.user_id, type="AccountOpened")["items"]
    account = opened["payload"]["account_id"]
    assert types(admin.get(FACTS, subject=account)) == [
        "OrderAccepted", "OrderPlaced", "AccountOpened",
    ]  # fmt: skip
    (order,) = trader.get("/orders", account_id=account)["items"]
    assert types(admin.get(FACTS, subject=order["order_id"])) == ["OrderAccepted", "OrderPlaced"]
    late: dict[str, Any] = {"since": begun.isoformat(), "until": datetime.now(UTC).isoformat()}
    assert admin.get(FACTS, subject=account, **late)["items"]
    before: dict[str, Any] = {"until": begun.isoformat()}
    assert admin.get(FACTS, subject=account, **before)["items"] == []
    correlated = admin.get(FACTS, correlation_id=opened["correlation_id"])
    assert types(correlated) == ["AccountOpened"]


def test_facts_come_page_by_page_newest_first(admin: Person, trader: Person) -> None:
    first = admin.get(FACTS, limit=2)
    rest = admin.get(FACTS, limit=2, cursor=first["next"])
    positions = [one["position"] for one in (*first["items"], *rest["items"])]
    assert positions == sorted(positions, reverse=True)
    assert len(set(positions)) == 4
    admin.ask("GET", FACTS, 422, params={"since": "yesterday"})
    admin.ask("GET", FACTS, 422, params={"type": "x'; drop table es.event"})


def test_a_role_given_is_about_whoever_got_it(admin: Person, person: Person) -> None:
    path = f"/admin/users/{person.user_id}/roles/{AUDITOR}"
    admin.ask("PUT", path, 200, json=WHY)
    admin.ask("DELETE", path, 200, json=WHY)
    about = types(admin.get(FACTS, subject=person.user_id))
    assert about[:2] == ["RoleRevoked", "RoleAssigned"]


def test_a_fact_is_explained_by_what_led_to_it_and_what_followed(
    admin: Person, trader: Person
) -> None:
    (placed, *_) = admin.get(FACTS, actor=f"user:{trader.user_id}", type="OrderPlaced")["items"]
    told = admin.get(f"{FACTS}/{placed['position']}")
    assert told["fact"] == placed
    assert told["causes"] == []
    admin.get(f"{FACTS}/{10**12}", 404)


def test_the_chain_is_verified_by_a_process_of_its_own(admin: Person) -> None:
    verdict = admin.ask("GET", "/admin/audit/verify", 200, timeout=60)
    assert (verdict["sound"], verdict["bad"]) == (True, None)
    assert verdict["position"] > 0


def proven(copy: bytes, service_url: str, comment: bytes = b"") -> dict[str, Any]:
    """The manifest, after its hash and its signature were found to be right."""
    *lines, last = copy.splitlines(keepends=True)
    manifest: dict[str, Any] = json.loads(last.removeprefix(comment))["manifest"]
    assert sha256(b"".join(lines)).hexdigest() == manifest["sha256"]
    keys = jwt.PyJWKClient(f"{service_url}/.well-known/jwks.json")
    key = keys.get_signing_key_from_jwt(manifest["signature"])
    signed = jwt.decode(manifest["signature"], key, algorithms=["RS256"])
    assert {name: signed[name] for name in ("sha256", "facts", "upto", "sought")} == {
        name: manifest[name] for name in ("sha256", "facts", "upto", "sought")
    }
    return manifest


def test_a_copy_proves_that_nothing_was_changed_or_left_out(
    admin: Person, trader: Person, db: psycopg.Connection
) -> None:
    url = str(admin.http.base_url).removesuffix("/api/v1/")
    copy = admin.http.get("/admin/audit/export", params={"subject": trader.user_id})
    assert copy.headers["Content-Type"].startswith("application/x-ndjson")
    manifest = proven(copy.content, url)
    facts = [json.loads(line) for line in copy.content.splitlines()[:-1]]
    assert manifest["facts"] == len(facts) >= 4
    stored = "select payload::text, encode(hash, 'hex') from es.event where position = %s"
    for fact in facts:
        payload, digest = db.execute(stored, [fact["position"]]).fetchone() or ("", "")
        assert (fact["payload"], fact["hash"]) == (json.loads(payload), digest)
    told = admin.get(FACTS, type="TapeExported", actor=f"user:{admin.user_id}")["items"]
    assert told[0]["payload"]["sought"] == {"subject": trader.user_id}


def test_a_copy_as_a_table_proves_the_same(admin: Person, trader: Person) -> None:
    url = str(admin.http.base_url).removesuffix("/api/v1/")
    asked = {"subject": trader.user_id, "form": "csv"}
    copy = admin.http.get("/admin/audit/export", params=asked)
    manifest = proven(copy.content, url, b"# ")
    table = list(csv.DictReader(io.StringIO(copy.text.rsplit("# ", 1)[0])))
    assert len(table) == manifest["facts"]
    assert {row["type"] for row in table} >= {"AccountOpened", "OrderPlaced"}
    assert json.loads(table[-1]["payload"])["order_id"]


def test_a_signed_statement_opens_no_door(admin: Person) -> None:
    """S20: what we sign is not what lets in."""
    copy = admin.http.get("/admin/audit/export", params={"type": "Nothing"})
    signature = json.loads(copy.content.splitlines()[-1])["manifest"]["signature"]
    answer = httpx.get(
        f"{admin.http.base_url}auth/me", headers={"Authorization": f"Bearer {signature}"}
    )
    assert answer.status_code == 401


def test_the_figures_of_the_house_add_up(admin: Person, trader: Person) -> None:
    admin.position = trader.position
    shown = admin.get("/admin/stats")
    assert shown["conserved"] is True
    assert shown["users"] >= 2
    assert shown["accounts"] >= 1
    assert shown["orders_last_minute"] >= 1
    assert all(one["off"] == 0 for one in shown["money"])
    assert {"orders", "users"} <= {one["model"] for one in shown["models"]}


def test_a_read_model_is_built_anew_and_how_it_went_is_on_the_tape(admin: Person) -> None:
    def built() -> list[Any]:
        found = admin.get(FACTS, type="ProjectionRebuilt")["items"]
        return [one["payload"] for one in found]

    admin.post("/admin/projections/lots/rebuild", WHY, 202)
    payloads = eventually(built, bool, 60)
    assert payloads[0] == {"model": "lots", "code": None}
    unknown = admin.http.post("/admin/projections/nothing/rebuild", json=WHY)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "READ_MODEL_UNKNOWN")

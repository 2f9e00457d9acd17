"""S06, S16, S34, S47: what people say of themselves, and under which names they sign in."""

from __future__ import annotations

from collections.abc import Callable
from secrets import token_hex
from typing import Any

import httpx
import psycopg
import pytest

from tests.e2e.api.doorstep import PASSWORD, refused, sign_in, sign_up, somebody
from tests.e2e.service import Person, Service, eventually
from tests.security.letters import letters, proof

NEW, CHANGED = "new address?", "address was changed"


def everything(db: psycopg.Connection) -> str:
    """Every row of every table, as text."""
    tables = db.execute(
        "select quote_ident(schemaname) || '.' || quote_ident(tablename) from pg_tables"
        " where schemaname in ('es', 'rm', 'ops')"
    ).fetchall()
    return "\n".join(
        row for (table,) in tables for (row,) in db.execute(f"select t::text from {table} t")
    )


def test_s67_what_a_person_says_is_shown_to_them_and_sealed_everywhere(
    person: Person, db: psycopg.Connection
) -> None:
    canary = token_hex(8)
    first = {"full_name": f"Ada {canary} Łovelace", "mobile": "+919876543210"}
    person.ask("PATCH", "/profile", 200, json=first)
    picture = f"https://pictures.example/{canary}.png"
    person.ask("PATCH", "/profile", 200, json={"picture": picture})
    shown = person.get("/profile")
    assert {name: shown[name] for name in first} == first
    assert shown["picture"] == picture
    me = person.get("/auth/me")
    assert (me["full_name"], me["picture"]) == (first["full_name"], picture)
    person.ask("PATCH", "/profile", 200, json={"mobile": ""})
    assert person.get("/profile")["mobile"] == ""
    assert person.get("/profile")["full_name"] == first["full_name"]
    kept = everything(db)
    assert person.user_id in kept
    for said in (canary, "9876543210", "Łovelace"):
        assert said not in kept


@pytest.mark.parametrize(
    "body",
    [
        {"mobile": "9876543210"},
        {"mobile": "+1"},
        {"mobile": "+919876543210\n"},
        {"picture": "http://pictures.example/a.png"},
        {"picture": "javascript:alert(1)"},
        {"picture": f"https://{'x' * 500}"},
        {"full_name": "x" * 101},
        {"full_name": "Ada\x1b[2J"},
        {"full_name": 7},
        {"email": "other@example.com"},
        {"user_id": "01a204d1-a11d-7382-ad2f-510b83abaf2f"},
    ],
)
def test_s47_nonsense_is_no_profile(person: Person, body: dict[str, Any]) -> None:
    person.ask("PATCH", "/profile", 422, json=body)


def test_settings_are_kept_whole_and_name_an_account_of_ones_own(
    service: Service, person: Person
) -> None:
    start = person.get("/profile/settings")
    assert (start["theme"], start["locale"], start["notifications"]) == ("SYSTEM", "en", {})
    mine = {
        "locale": "en-IN",
        "theme": "DARK",
        "default_account_id": person.account(),
        "confirm_orders": False,
        "notifications": {"ORDER": "OFF"},
    }
    person.ask("PUT", "/profile/settings", 200, json=mine)
    assert person.get("/profile/settings") == mine
    person.ask("PUT", "/profile/settings", 200, json={"theme": "LIGHT"})
    assert person.get("/profile/settings") == start | {"theme": "LIGHT"}
    with service.person() as other:
        theirs = {"default_account_id": other.account()}
        answer = person.ask("PUT", "/profile/settings", 404, json=theirs)
        assert answer["code"] == "ACCOUNT_UNKNOWN"
    for bad in ({"locale": "x"}, {"notifications": {"SECURITY": "OFF"}}, {"theme": "PINK"}):
        person.ask("PUT", "/profile/settings", 422, json=bad)


def test_a_user_name_is_changed_and_the_old_one_is_free(
    service: Service, stranger: httpx.Client, person: Person, db: psycopg.Connection
) -> None:
    first, later = f"ada.{token_hex(6)}", f"eva.{token_hex(6)}"
    person.ask("PUT", "/profile/username", 200, json={"username": first})
    person.ask("PUT", "/profile/username", 200, json={"username": later})
    assert person.get("/auth/me")["username"] == later
    sign_in(stranger, {"username": later.upper(), "password": PASSWORD})
    refused(stranger.post("/auth/login", json={"username": first, "password": PASSWORD}))
    with service.person() as other:
        taken = {"username": later.title()}
        answer = other.ask("PUT", "/profile/username", 409, json=taken)
        assert answer["code"] == "USER_USERNAME_TAKEN"
        other.ask("PUT", "/profile/username", 200, json={"username": first})
    eventually(lambda: letters(service, person.identity["email"], "user name was changed"), len)
    assert later not in everything(db)


def test_another_address_counts_once_its_letter_is_read_there_and_the_old_one_is_told(
    service: Service, stranger: httpx.Client, person: Person
) -> None:
    old, new = person.identity["email"], f"{token_hex(8)}@example.com"
    asked = person.ask("POST", "/profile/email", 202, json={"email": new})
    assert asked["expires_in"] == 3600
    token = proof(service, new, NEW)
    assert letters(service, old, NEW) == []
    assert person.get("/profile")["email"] == old
    refused(stranger.post("/auth/verify-email", json={"token": token}), 401, "TOKEN_INVALID")
    assert stranger.post("/auth/confirm-email", json={"token": token}).status_code == 200
    refused(stranger.post("/auth/confirm-email", json={"token": token}), 401, "TOKEN_INVALID")
    shown = person.get("/profile")
    assert (shown["email"], shown["email_verified"]) == (new, True)
    sign_in(stranger, {"email": new, "password": PASSWORD})
    refused(stranger.post("/auth/login", json=person.identity))
    eventually(lambda: letters(service, old, CHANGED), len)
    assert letters(service, new, CHANGED) == []


def test_s06_asking_for_an_address_in_use_tells_nothing_and_its_owner_keeps_it(
    service: Service, stranger: httpx.Client, person: Person
) -> None:
    owner = somebody()
    sign_up(stranger, owner)
    known = person.ask("POST", "/profile/email", 202, json={"email": owner["email"]})
    unknown = person.ask("POST", "/profile/email", 202, json={"email": somebody()["email"]})
    assert known.keys() == unknown.keys()
    token = proof(service, owner["email"], NEW)
    answer = stranger.post("/auth/confirm-email", json={"token": token})
    refused(answer, 409, "USER_EMAIL_TAKEN")
    sign_in(stranger, owner)


def test_s13_nobody_is_flooded_by_changes_of_an_address(service: Service, person: Person) -> None:
    to = somebody()["email"]
    for _ in range(8):
        person.ask("POST", "/profile/email", 202, json={"email": to})
    last = f"{token_hex(8)}@example.com"
    with service.person() as other:
        other.ask("POST", "/profile/email", 202, json={"email": last})
    proof(service, last, NEW)
    assert len(letters(service, to, NEW)) == 5


@pytest.mark.parametrize(
    "act",
    [
        lambda http: http.get("/profile"),
        lambda http: http.patch("/profile", json={"full_name": "Eve"}),
        lambda http: http.get("/profile/settings"),
        lambda http: http.put("/profile/username", json={"username": "eve.of.old"}),
        lambda http: http.post("/profile/email", json={"email": "eve@example.com"}),
    ],
)
def test_a_program_with_a_key_is_no_person(
    person: Person, act: Callable[[httpx.Client], httpx.Response]
) -> None:
    terms = {"label": "x", "scopes": ["read", "trade", "manage"]}
    key = person.post("/auth/keys", terms | {"expires_at": "2027-01-31T00:00:00Z"})["api_key"]
    person.http.headers["Authorization"] = f"Bearer {key}"
    refused(act(person.http), 403, "ACCESS_DENIED")

"""Signing up and in: who is let in, and what nobody learns from it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.e2e.api.doorstep import me, new_id, refused, sign_in, sign_up, somebody
from tests.e2e.service import Service


def test_whoever_signed_up_is_known_by_the_token(stranger: httpx.Client) -> None:
    who = somebody()
    user_id = sign_up(stranger, who)
    login = sign_in(stranger, who)
    assert login["token_type"] == "bearer"
    assert login["expires_in"] == 300
    answer = me(stranger, login["access_token"]).json()
    assert answer == {
        "user_id": user_id,
        "email": who["email"],
        "username": None,
        "full_name": "",
        "picture": "",
        "email_verified": False,
        "second_factor": False,
        "roles": ["TRADER"],
        "permissions": [],
        "is_admin": False,
    }


def test_an_address_is_one_however_it_is_written(stranger: httpx.Client) -> None:
    who = somebody()
    sign_up(stranger, who)
    shouted = who | {"email": who["email"].upper()}
    refused(stranger.post("/auth/signup", json=shouted), 409, "USER_EMAIL_TAKEN")
    sign_in(stranger, shouted)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("p" * 100 + "a", "p" * 100 + "b"),  # nothing is cut off
        ("p\u00e4ssword", "pa\u0308ssword"),  # nothing is normalised
        (" pass phrase ", "pass phrase"),
        ("Pass phrase", "pass phrase"),
        ("pass\x00word", "pass"),
    ],
)
def test_a_password_is_taken_exactly_as_sent(
    stranger: httpx.Client, right: str, wrong: str
) -> None:
    who = somebody() | {"password": right}
    sign_up(stranger, who)
    sign_in(stranger, who)
    refused(stranger.post("/auth/login", json=who | {"password": wrong}))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("password", "seven77"),
        ("password", "p" * 1025),
        ("password", "\u00e4" * 513),
        ("password", ""),
        ("password", 12345678),
        ("password", None),
        ("email", "nobody"),
        ("email", "@example.com"),
        ("email", "a@"),
        ("email", "a@b@c"),
        ("email", "a b@example.com"),
        ("email", "a@example.com\n"),
        ("email", "a\x00@example.com"),
        ("email", "a" * 300 + "@example.com"),
        ("email", None),
        ("roles", ["ADMIN"]),
    ],
)
def test_a_sign_up_that_makes_no_sense(
    stranger: httpx.Client, db: psycopg.Connection, field: str, value: object
) -> None:
    count = "select count(*) from ops.person"
    before = db.execute(count).fetchone()
    response = stranger.post("/auth/signup", json=somebody() | {field: value})
    refused(response, 422, "VALIDATION")
    assert response.json()["errors"][0]["pointer"] == f"/{field}"
    assert db.execute(count).fetchone() == before


def test_nobody_learns_who_has_signed_up(stranger: httpx.Client) -> None:
    who = somebody()
    sign_up(stranger, who)
    answers = []
    for attempt in (who | {"password": "wrong password"}, somebody()):
        response = stranger.post("/auth/login", json=attempt)
        refused(response)
        problem = response.json()
        del problem["request_id"]
        answers.append(problem)
    assert answers[0] == answers[1]


def test_signing_in_mends_a_registration_that_was_cut_short(
    stranger: httpx.Client, db: psycopg.Connection
) -> None:
    """As if the service had been killed between the credential and the fact."""
    who = somebody()
    user_id = sign_up(stranger, who)
    cut_short = str(new_id())
    db.execute("insert into ops.person select %s, sealed_key, since from ops.person"
               " where user_id = %s", [cut_short, user_id])  # fmt: skip
    db.execute("update ops.credential set user_id = %s, on_tape = false where user_id = %s",
               [cut_short, user_id])  # fmt: skip
    query = "select type from es.event where stream = %s"
    assert db.execute(query, [f"user-{cut_short}"]).fetchall() == []
    for _ in range(2):
        sign_in(stranger, who)
        facts = db.execute(query, [f"user-{cut_short}"]).fetchall()
        assert facts == [("UserRegistered",), ("VerificationRequested",)]


def test_nothing_in_the_database_and_no_log_names_anybody(
    service: Service, stranger: httpx.Client, db: psycopg.Connection
) -> None:
    password = "photograph fifty one"  # pragma: allowlist secret
    who = {"email": "rosalind.franklin@example.com", "password": password}
    sign_up(stranger, who)
    login = sign_in(stranger, who)
    stranger.post("/auth/login", json=who | {"password": who["password"] + "!"})
    stranger.post("/auth/signup", json=who)
    secrets = (*who.values(), "rosalind", login["access_token"], login["refresh_token"])
    tables = db.execute(
        "select quote_ident(schemaname) || '.' || quote_ident(tablename) from pg_tables"
        " where schemaname in ('es', 'rm', 'ops')"
    ).fetchall()
    assert len(tables) > 10
    for (table,) in tables:
        rows = db.execute(f"select t::text from {table} t").fetchall()
        text = "\n".join(row for (row,) in rows)
        for secret in secrets:
            assert secret not in text, table
            assert secret.encode().hex() not in text, table
    logs = sorted((service.data / "logs").glob("*.log*"))
    assert logs
    for log in logs:
        text = log.read_text()
        for secret in secrets:
            assert secret not in text, log


def test_keys_may_be_read_by_nobody_else(keys: Path) -> None:
    files = {file.name: file for file in keys.iterdir()}
    assert {"access-1.pem", "people"} <= files.keys()
    for file in files.values():
        assert file.stat().st_mode & 0o077 == 0, file


def test_many_who_sign_in_at_once_are_asked_to_wait(service: Service) -> None:
    many = [somebody() for _ in range(80)]
    with httpx.Client(base_url=service.api, timeout=60) as http, ThreadPoolExecutor(40) as threads:
        answers = list(threads.map(lambda who: http.post("/auth/login", json=who), many))
        assert http.get(f"{service.url}/livez").status_code == 200
    statuses = {answer.status_code for answer in answers}
    assert statuses == {401, 503}
    for answer in answers:
        if answer.status_code == 503:
            refused(answer, 503, "SIGN_IN_BUSY")
            assert int(answer.headers["Retry-After"]) >= 1

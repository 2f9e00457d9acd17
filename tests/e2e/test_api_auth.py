"""Signing up, in, and staying so: what is let in, what is not, and what nobody learns from it."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import jwt
import psycopg
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from adapters.ids import Ids
from adapters.servers import located
from adapters.tokens import AUDIENCE, ISSUER, Tokens, Untrusted
from tests.e2e.service import Service

PASSWORD = "correct horse battery"
new_id = Ids()


@pytest.fixture(scope="module")
def db(service: Service) -> Iterator[psycopg.Connection]:
    with psycopg.connect(located(service.data.resolve()).admin_dsn, autocommit=True) as db:
        yield db


@pytest.fixture
def stranger(service: Service) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=service.api, timeout=30) as http:
        yield http


@pytest.fixture(scope="module")
def keys(service: Service) -> Path:
    return service.data / "keys"


def somebody() -> dict[str, str]:
    return {"email": f"{new_id().hex}@example.com", "password": PASSWORD}


def sign_up(http: httpx.Client, who: dict[str, str]) -> str:
    response = http.post("/auth/signup", json=who)
    assert response.status_code == 201, response.text
    return str(response.json()["user_id"])


def sign_in(http: httpx.Client, who: dict[str, str]) -> dict[str, Any]:
    response = http.post("/auth/login", json=who)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def renew(http: httpx.Client, token: str) -> httpx.Response:
    return http.post("/auth/refresh", json={"refresh_token": token})


def me(http: httpx.Client, token: str) -> httpx.Response:
    return http.get("/auth/me", headers={"Authorization": f"Bearer {token}"})


def refused(response: httpx.Response, status: int = 401, code: str = "AUTH_INVALID") -> None:
    assert (response.status_code, response.json()["code"]) == (status, code), response.text
    assert response.headers["Content-Type"] == "application/problem+json"


def test_whoever_signed_up_is_known_by_the_token(stranger: httpx.Client) -> None:
    who = somebody()
    user_id = sign_up(stranger, who)
    login = sign_in(stranger, who)
    assert login["token_type"] == "bearer"
    assert login["expires_in"] == 300
    answer = me(stranger, login["access_token"]).json()
    assert answer == {"user_id": user_id, "email": who["email"], "roles": ["TRADER"]}


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
        (" password ", "password"),
        ("Password", "password"),
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


def test_a_refresh_token_is_good_for_one_use(
    stranger: httpx.Client, db: psycopg.Connection
) -> None:
    who = somebody()
    user_id = sign_up(stranger, who)
    first = sign_in(stranger, who)["refresh_token"]
    second = renew(stranger, first).json()["refresh_token"]
    third = renew(stranger, second).json()
    assert len({first, second, third["refresh_token"]}) == 3
    assert me(stranger, third["access_token"]).json()["user_id"] == user_id
    refused(renew(stranger, first))  # somebody else has it as well
    refused(renew(stranger, third["refresh_token"]))  # so the session is over for both
    query = "select count(*) from ops.session where user_id = %s"
    assert db.execute(query, [user_id]).fetchone() == (0,)


def test_a_refresh_token_used_late_again_ends_the_session(
    stranger: httpx.Client, db: psycopg.Connection
) -> None:
    who = somebody()
    user_id = sign_up(stranger, who)
    first = sign_in(stranger, who)["refresh_token"]
    second = renew(stranger, first).json()["refresh_token"]
    db.execute(
        "update ops.refresh set used_at = used_at - interval '11 s' from ops.session"
        " where refresh.session_id = session.session_id and user_id = %s",
        [user_id],
    )
    refused(renew(stranger, first))
    refused(renew(stranger, second))


def test_a_client_that_refreshes_twice_at_once_stays_signed_in(service: Service) -> None:
    who = somebody()
    with httpx.Client(base_url=service.api, timeout=30) as http, ThreadPoolExecutor(8) as threads:
        sign_up(http, who)
        token = sign_in(http, who)["refresh_token"]
        answers = list(threads.map(lambda _: renew(http, token), range(24)))
        assert {answer.status_code for answer in answers} == {200}
        successors = {answer.json()["refresh_token"] for answer in answers}
        assert len(successors) == 1
        assert renew(http, successors.pop()).status_code == 200


def test_sessions_of_one_person_do_not_touch_each_other(stranger: httpx.Client) -> None:
    who = somebody()
    sign_up(stranger, who)
    one, other = (sign_in(stranger, who)["refresh_token"] for _ in range(2))
    for _ in range(2):
        renewed = renew(stranger, one)
        one_next = renewed.json()["refresh_token"]
    renew(stranger, one_next)
    refused(renew(stranger, one))
    assert renew(stranger, other).status_code == 200


def test_a_refresh_token_expires(stranger: httpx.Client, db: psycopg.Connection) -> None:
    who = somebody()
    user_id = sign_up(stranger, who)
    token = sign_in(stranger, who)["refresh_token"]
    db.execute(
        "update ops.refresh set expires_at = now() - interval '1 s' from ops.session"
        " where refresh.session_id = session.session_id and user_id = %s",
        [user_id],
    )
    refused(renew(stranger, token))


@pytest.mark.parametrize("token", ["x", "A" * 43, "\u2603", "x" * 128])
def test_a_refresh_token_that_is_none(stranger: httpx.Client, token: str) -> None:
    refused(renew(stranger, token))


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
        assert db.execute(query, [f"user-{cut_short}"]).fetchall() == [("UserRegistered",)]


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
    who = somebody()
    with httpx.Client(base_url=service.api, timeout=60) as http, ThreadPoolExecutor(40) as threads:
        sign_up(http, who)
        answers = list(threads.map(lambda _: http.post("/auth/login", json=who), range(80)))
        assert http.get(f"{service.url}/livez").status_code == 200
    statuses = {answer.status_code for answer in answers}
    assert 200 in statuses
    assert statuses <= {200, 503}
    for answer in answers:
        if answer.status_code == 503:
            refused(answer, 503, "SIGN_IN_BUSY")
            assert int(answer.headers["Retry-After"]) >= 1


# ── tokens that we did not make, or not so ─────────────────────────────────────────────────


@pytest.fixture(scope="module")
def private(keys: Path) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key((keys / "access-1.pem").read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


@pytest.fixture(scope="module")
def kid(service: Service) -> str:
    (key,) = httpx.get(f"{service.url}/.well-known/jwks.json").json()["keys"]
    return str(key["kid"])


def claims(**changes: object) -> dict[str, object]:
    now = int(time.time())
    right = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(new_id()),
        "jti": str(new_id()),
        "roles": ["TRADER"],
        "iat": now,
        "nbf": now,
        "exp": now + 300,
    }
    return {name: value for name, value in (right | changes).items() if value is not None}


def test_the_published_keys_check_our_tokens(service: Service, stranger: httpx.Client) -> None:
    who = somebody()
    user_id = sign_up(stranger, who)
    token = sign_in(stranger, who)["access_token"]
    response = stranger.get(f"{service.url}/.well-known/jwks.json")
    assert "max-age" in response.headers["Cache-Control"]
    header = jwt.get_unverified_header(token)
    assert (header["alg"], header["typ"]) == ("RS256", "at+jwt")
    key = jwt.PyJWKSet.from_dict(response.json())[header["kid"]]
    assert "d" not in response.json()["keys"][0]
    checked = jwt.decode(token, key, ["RS256"], audience=AUDIENCE, issuer=ISSUER)
    assert checked["sub"] == user_id
    assert {"exp", "nbf", "iat", "jti"} <= checked.keys()


def test_a_token_made_right_is_taken(
    stranger: httpx.Client, private: rsa.RSAPrivateKey, kid: str
) -> None:
    """Without this the refusals below would prove nothing."""
    token = jwt.encode(claims(), private, "RS256", {"typ": "at+jwt", "kid": kid})
    assert me(stranger, token).status_code == 200


@pytest.mark.parametrize(
    ("changes", "header"),
    [
        ({"exp": int(time.time()) - 1}, {}),
        ({"nbf": int(time.time()) + 3600}, {}),
        ({"iat": int(time.time()) + 3600}, {}),
        ({"iss": "somebody"}, {}),
        ({"aud": "another-api"}, {}),
        *[({name: None}, {}) for name in ("exp", "nbf", "iat", "iss", "aud", "sub", "jti")],
        ({"sub": "me"}, {}),
        ({"roles": ["KING"]}, {}),
        ({"roles": "TRADER"}, {}),
        ({}, {"typ": "JWT"}),
        ({}, {"typ": "refresh+jwt"}),
        ({}, {"kid": "../../etc/passwd"}),
        ({}, {"kid": "https://example.com/key"}),
        ({}, {"kid": None}),
        ({}, {"crit": ["exp"]}),
    ],
)
def test_a_token_that_is_wrong_in_one_thing_is_refused(
    stranger: httpx.Client,
    private: rsa.RSAPrivateKey,
    kid: str,
    changes: dict[str, object],
    header: dict[str, Any],
) -> None:
    headers = {"typ": "at+jwt", "kid": kid} | header
    headers = {name: value for name, value in headers.items() if value is not None}
    refused(me(stranger, jwt.encode(claims(**changes), private, "RS256", headers)))


def test_a_token_of_another_key_is_refused(stranger: httpx.Client, kid: str) -> None:
    other = rsa.generate_private_key(65537, 2048)
    refused(me(stranger, jwt.encode(claims(), other, "RS256", {"typ": "at+jwt", "kid": kid})))


def test_our_public_key_is_no_secret_to_sign_with(
    stranger: httpx.Client, private: rsa.RSAPrivateKey, kid: str
) -> None:
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )

    def part(value: object) -> bytes:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")

    for algorithm in ("HS256", "none", "None", "RS512"):
        signed = part({"alg": algorithm, "typ": "at+jwt", "kid": kid}) + b"." + part(claims())
        mac = jwt.get_algorithm_by_name("HS256").sign(signed, jwt.utils.force_bytes(public[:64]))
        for signature in (b"", base64.urlsafe_b64encode(mac).rstrip(b"=")):
            refused(me(stranger, (signed + b"." + signature).decode()))


def test_a_token_is_not_good_after_its_time_even_if_it_was_seen_before(tmp_path: Path) -> None:
    clock = [datetime.now(UTC).timestamp()]
    tokens = Tokens(tmp_path, new_id, timedelta(minutes=5), now=lambda: clock[0])
    user_id = new_id()
    token = tokens.issue(user_id)
    assert tokens.check(token).user_id == user_id
    clock[0] += 299
    assert tokens.check(token).actor == f"user:{user_id}"
    clock[0] += 2
    with pytest.raises(Untrusted):
        tokens.check(token)

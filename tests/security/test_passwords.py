"""S01 to S08: guessing who somebody is, and what it costs whom."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from secrets import token_hex

import httpx
import psycopg
import pytest

from tests.e2e.api.doorstep import refused, sign_in, sign_up, somebody
from tests.e2e.service import Service
from tests.security.likeness import TRIES, assert_alike

PHC = re.compile(r"\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([^$]+)\$([^$]+)")


def guess(http: httpx.Client, who: dict[str, str], password: str, **headers: str) -> httpx.Response:
    return http.post("/auth/login", json=who | {"password": password}, headers=headers)


def forget_attempts(db: psycopg.Connection) -> None:
    db.execute("delete from ops.attempt")


def test_s01_passwords_are_argon2id_each_with_a_salt_of_its_own(
    stranger: httpx.Client, db: psycopg.Connection
) -> None:
    who = somebody()
    sign_up(stranger, who)
    sign_up(stranger, somebody())
    salts = []
    for (stored,) in db.execute(
        "select password_hash from ops.credential where password_hash is not null"
    ).fetchall():
        found = PHC.fullmatch(stored)
        assert found is not None, "it is in the form of the PHC"
        memory, passes, lanes = (int(found[number]) for number in (1, 2, 3))
        assert (memory, passes, lanes) >= (19_456, 2, 1)
        salts.append(found[4])
    assert len(set(salts)) == len(salts) >= 2
    assert min(map(len, salts)) >= 22


def test_s01_a_weak_hash_is_made_anew_when_its_owner_signs_in(
    stranger: httpx.Client, db: psycopg.Connection
) -> None:
    from argon2 import PasswordHasher

    who = somebody()
    user_id = sign_up(stranger, who)
    weak = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(who["password"])
    db.execute("update ops.credential set password_hash = %s where user_id = %s", [weak, user_id])
    sign_in(stranger, who)
    query = "select password_hash from ops.credential where user_id = %s"
    (stored,) = db.execute(query, [user_id]).fetchone() or ("",)
    assert "m=19456,t=2" in stored


def test_s05_nobody_learns_from_time_or_words_who_has_signed_up(
    stranger: httpx.Client, db: psycopg.Connection
) -> None:
    """Guesses at those who are here and those who are not; and at user names no less."""
    known = [somebody() | {"username": f"name-{token_hex(8)}"} for _ in range(TRIES // 4)]
    for who in known:
        sign_up(stranger, who)

    def guess_at(who: dict[str, str], field: str) -> httpx.Response:
        return stranger.post("/auth/login", json={field: who[field], "password": "not it, by far"})

    fields = ("email", "username")
    here = [partial(guess_at, who, fields[n % 2]) for who in known for n in range(4)]
    strangers = [somebody() | {"username": f"name-{token_hex(8)}"} for _ in here]
    away = [partial(guess_at, who, fields[n % 2]) for n, who in enumerate(strangers)]
    assert_alike(here, away)
    forget_attempts(db)


def test_s07_guesses_at_one_person_have_to_wait_longer_and_longer(
    stranger: httpx.Client, db: psycopg.Connection
) -> None:
    who = somebody()
    sign_up(stranger, who)
    assert [guess(stranger, who, "wrong one").status_code for _ in range(5)] == [401] * 5
    waits = []
    for _ in range(4):
        answer = guess(stranger, who, who["password"])
        refused(answer, 429, "AUTH_LOCKED")
        waits.append(int(answer.headers["Retry-After"]))
        db.execute("update ops.attempt set until = now()")
        refused(guess(stranger, who, "wrong one"))
    assert waits == [1, 2, 4, 8]
    db.execute("update ops.attempt set failures = 1000, until = now()")
    guess(stranger, who, "wrong one")
    answer = guess(stranger, who, "wrong one")
    assert int(answer.headers["Retry-After"]) <= 900, "nobody is shut out for ever"
    db.execute("update ops.attempt set until = now()")
    assert guess(stranger, who, who["password"]).status_code == 200
    assert [guess(stranger, who, "wrong one").status_code for _ in range(5)] == [401] * 5


def test_s07_many_guesses_at_once_are_no_way_around(service: Service) -> None:
    who = somebody()
    with httpx.Client(base_url=service.api, timeout=60) as http, ThreadPoolExecutor(32) as threads:
        sign_up(http, who)
        answers = list(threads.map(lambda n: guess(http, who, f"guess {n}"), range(96)))
    statuses = [answer.status_code for answer in answers]
    assert statuses.count(401) <= 6, "five, and one when the first second is over"
    assert set(statuses) <= {401, 429}


def test_s07_forwarded_addresses_are_no_way_around(stranger: httpx.Client) -> None:
    who = somebody()
    sign_up(stranger, who)
    statuses = []
    for number in range(12):
        address = f"203.0.113.{number}"
        spoofed = {"X-Forwarded-For": address, "X-Real-IP": address, "Forwarded": f"for={address}"}
        statuses.append(guess(stranger, who, "wrong one", **spoofed).status_code)
    assert statuses[:5] == [401] * 5
    assert statuses[5:].count(401) <= 2
    shouted = who | {"email": who["email"].upper()}
    assert guess(stranger, shouted, "wrong one").status_code == 429


def test_s07_strangers_cannot_shut_out_whoever_comes_from_a_known_device(
    stranger: httpx.Client,
) -> None:
    who = somebody()
    sign_up(stranger, who)
    mine = {"X-Device": "a secret of my laptop"}
    assert guess(stranger, who, who["password"], **mine).status_code == 200
    for _ in range(8):
        guess(stranger, who, "wrong one")
    refused(guess(stranger, who, who["password"]), 429, "AUTH_LOCKED")
    assert guess(stranger, who, who["password"], **mine).status_code == 200
    for _ in range(5):
        guess(stranger, who, "wrong one", **mine)
    refused(guess(stranger, who, who["password"], **mine), 429, "AUTH_LOCKED")


def test_s07_an_unknown_name_has_to_wait_no_less(stranger: httpx.Client) -> None:
    who = somebody()
    statuses = [guess(stranger, who, "wrong one").status_code for _ in range(6)]
    assert statuses == [401] * 5 + [429]


@pytest.mark.parametrize("right", ["p" * 100 + "a", "p\u00e4ssword", "pass\x00word", "p" * 1024])
def test_s03_a_password_is_neither_cut_nor_made_another(stranger: httpx.Client, right: str) -> None:
    who = somebody() | {"password": right}
    sign_up(stranger, who)
    sign_in(stranger, who)
    for wrong in (right[:-1] + "b", right[:72], right.upper()):
        if wrong != right:
            refused(guess(stranger, who, wrong))

"""What a letter proves: signing in by code, another password, an address (S04, S06, S09-S13)."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import psycopg
import pytest

from tests.e2e.api.doorstep import me, new_id, refused, renew, sign_in, sign_up, somebody
from tests.e2e.service import Service, eventually
from tests.security.letters import OTP, RESET, VERIFY, letters, proof


@pytest.fixture
def who(stranger: httpx.Client) -> dict[str, str]:
    one = somebody()
    sign_up(stranger, one)
    return one


def asked(http: httpx.Client, email: str, what: str = "request-otp") -> Any:
    answer = http.post(f"/auth/{what}", json={"email": email})
    assert answer.status_code == 202, answer.text
    return answer.json()


def otp(http: httpx.Client, email: str, transaction: str, code: str) -> httpx.Response:
    body = {"email": email, "transaction_id": transaction, "code": code}
    return http.post("/auth/otp-login", json=body)


def test_a_code_from_a_letter_signs_in_once(
    service: Service, stranger: httpx.Client, who: dict[str, str]
) -> None:
    ask = asked(stranger, who["email"])
    assert ask["expires_in"] == 300
    code = proof(service, who["email"], OTP)
    answer = otp(stranger, who["email"], ask["transaction_id"], code)
    assert answer.status_code == 200, answer.text
    assert me(stranger, answer.json()["access_token"]).json()["email"] == who["email"]
    refused(otp(stranger, who["email"], ask["transaction_id"], code))


def test_s09_five_tries_a_code_however_many_at_once(
    service: Service, stranger: httpx.Client, db: psycopg.Connection, who: dict[str, str]
) -> None:
    ask = asked(stranger, who["email"])
    transaction, code = ask["transaction_id"], proof(service, who["email"], OTP)
    with ThreadPoolExecutor(16) as threads:
        guesses = [f"{n:06}" for n in range(40) if f"{n:06}" != code]
        answers = list(
            threads.map(lambda one: otp(stranger, who["email"], transaction, one), guesses)
        )
    assert {answer.status_code for answer in answers} <= {401, 429}
    query = "select attempts from ops.challenge where challenge_id = %s"
    row = db.execute(query, [transaction]).fetchone()
    assert row is not None
    assert 1 <= row[0] <= 5
    db.execute("update ops.challenge set attempts = 5 where challenge_id = %s", [transaction])
    assert otp(stranger, who["email"], transaction, code).status_code in {401, 429}


def test_s09_ten_tries_a_day(
    service: Service, stranger: httpx.Client, db: psycopg.Connection, who: dict[str, str]
) -> None:
    ask = asked(stranger, who["email"])
    code = proof(service, who["email"], OTP)
    db.execute(
        "insert into ops.challenge (challenge_id, purpose, user_id, made_at, expires_at, attempts)"
        " select %s, 'OTP', user_id, now() - interval '23 hours', now(), 10 from ops.challenge"
        " where challenge_id = %s",
        [new_id(), ask["transaction_id"]],
    )
    refused(otp(stranger, who["email"], ask["transaction_id"], code))


def test_s10_many_right_answers_at_once_make_one_session(
    service: Service, stranger: httpx.Client, who: dict[str, str]
) -> None:
    ask = asked(stranger, who["email"])
    code = proof(service, who["email"], OTP)
    with ThreadPoolExecutor(50) as threads:
        answers = list(
            threads.map(
                lambda _: otp(stranger, who["email"], ask["transaction_id"], code), range(50)
            )
        )
    assert [answer.status_code for answer in answers].count(200) == 1


def test_s11_a_code_is_good_in_its_own_transaction_for_its_own_person(
    service: Service, stranger: httpx.Client, who: dict[str, str]
) -> None:
    other = somebody()
    sign_up(stranger, other)
    first = asked(stranger, who["email"])["transaction_id"]
    old = proof(service, who["email"], OTP)
    second = asked(stranger, who["email"])["transaction_id"]
    new = proof(service, who["email"], OTP, nth=2)
    theirs = asked(stranger, other["email"])["transaction_id"]
    code = proof(service, other["email"], OTP)
    if old != new:
        refused(otp(stranger, who["email"], second, old))
    refused(otp(stranger, who["email"], theirs, code))
    refused(otp(stranger, other["email"], first, old))
    assert otp(stranger, other["email"], theirs, code).status_code == 200


def test_s12_a_code_ends_after_five_minutes_and_is_nowhere_in_the_database(
    service: Service, stranger: httpx.Client, db: psycopg.Connection, who: dict[str, str]
) -> None:
    ask = asked(stranger, who["email"])
    code = proof(service, who["email"], OTP)
    rows = db.execute("select t::text from ops.challenge t union select t::text from ops.letter t")
    assert not [row for (row,) in rows if f"{code}" in row.replace("-", " ").split()]
    db.execute(
        "update ops.challenge set expires_at = now() where challenge_id = %s",
        [ask["transaction_id"]],
    )
    refused(otp(stranger, who["email"], ask["transaction_id"], code))


def test_s13_nobody_is_flooded_with_letters(
    service: Service, stranger: httpx.Client, who: dict[str, str]
) -> None:
    for _ in range(20):
        asked(stranger, who["email"])
    last = somebody()
    sign_up(stranger, last)
    asked(stranger, last["email"])
    proof(service, last["email"], OTP)  # what was asked for before has been written by now
    assert len(letters(service, who["email"], OTP)) == 5


@pytest.mark.parametrize("what", ["request-otp", "password-reset", "verify-email/request"])
def test_s06_asking_for_a_letter_tells_nothing(
    stranger: httpx.Client, who: dict[str, str], what: str
) -> None:
    known, unknown = asked(stranger, who["email"], what), asked(stranger, "no@example.com", what)
    assert known.keys() == unknown.keys()
    assert known["expires_in"] == unknown["expires_in"]
    code = "123456"
    answers = [
        otp(stranger, email, ask["transaction_id"], code).json()
        for email, ask in ((who["email"], known), ("no@example.com", unknown))
    ]
    for answer in answers:
        del answer["request_id"]
    assert answers[0] == answers[1]


def test_an_address_is_verified_by_its_letter_once(
    service: Service, stranger: httpx.Client, db: psycopg.Connection
) -> None:
    who = somebody()
    user_id = sign_up(stranger, who)
    token = proof(service, who["email"], VERIFY)
    for bad in (token[:-2] + "xx", token[:10], "x", "é"):
        refused(stranger.post("/auth/verify-email", json={"token": bad}), 401, "TOKEN_INVALID")
    answer = stranger.post("/auth/verify-email", json={"token": token})
    assert (answer.status_code, answer.json()["user_id"]) == (200, user_id)
    refused(stranger.post("/auth/verify-email", json={"token": token}), 401, "TOKEN_INVALID")
    query = "select count(*) from es.event where stream = %s and type = 'UserVerified'"
    assert db.execute(query, [f"user-{user_id}"]).fetchone() == (1,)


def test_a_forgotten_password_is_replaced_and_everybody_is_signed_out(
    service: Service, stranger: httpx.Client, who: dict[str, str]
) -> None:
    before = sign_in(stranger, who)
    asked(stranger, who["email"], "password-reset")
    token = proof(service, who["email"], RESET)
    new = who | {"password": "another horse battery"}
    body = {"token": token, "new_password": new["password"]}
    with ThreadPoolExecutor(8) as threads:
        answers = list(
            threads.map(
                lambda _: stranger.post("/auth/password-reset/confirm", json=body), range(8)
            )
        )
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 7
    refused(stranger.post("/auth/login", json=who))
    refused(renew(stranger, before["refresh_token"]))
    sign_in(stranger, new)
    eventually(lambda: letters(service, who["email"], "was changed"), len)


def test_a_letter_of_one_kind_is_good_for_nothing_else(
    service: Service, stranger: httpx.Client, who: dict[str, str]
) -> None:
    verify = proof(service, who["email"], VERIFY)
    body = {"token": verify, "new_password": "another horse battery"}
    refused(stranger.post("/auth/password-reset/confirm", json=body), 401, "TOKEN_INVALID")
    asked(stranger, who["email"], "password-reset")
    reset = proof(service, who["email"], RESET)
    refused(stranger.post("/auth/verify-email", json={"token": reset}), 401, "TOKEN_INVALID")
    for token in (verify, reset):
        refused(me(stranger, token))


def test_a_password_is_changed_by_who_knows_it(stranger: httpx.Client, who: dict[str, str]) -> None:
    mine, other = sign_in(stranger, who), sign_in(stranger, who)
    bearer = {"Authorization": f"Bearer {mine['access_token']}"}
    new = "another horse battery"
    body = {"current_password": "not it at all", "new_password": new}
    refused(stranger.post("/profile/password", json=body, headers=bearer))
    body["current_password"] = who["password"]
    answer = stranger.post("/profile/password", json=body, headers=bearer)
    assert answer.status_code == 200, answer.text
    refused(renew(stranger, other["refresh_token"]))
    assert renew(stranger, mine["refresh_token"]).status_code == 200
    sign_in(stranger, who | {"password": new})


@pytest.mark.parametrize("password", ["password1", "QWERTYUIOP", "12345678", "iloveyou1"])
def test_s04_the_passwords_that_everybody_tries_first_are_refused(
    service: Service, stranger: httpx.Client, who: dict[str, str], password: str
) -> None:
    asked(stranger, who["email"], "password-reset")
    token = proof(service, who["email"], RESET)
    tries: list[Callable[[], httpx.Response]] = [
        lambda: stranger.post("/auth/signup", json=somebody() | {"password": password}),
        lambda: stranger.post(
            "/auth/password-reset/confirm", json={"token": token, "new_password": password}
        ),
    ]
    for attempt in tries:
        refused(attempt(), 422, "PASSWORD_WEAK")


def test_s04_nobody_is_their_own_password(stranger: httpx.Client) -> None:
    name = "Somebody.Special"
    who = somebody() | dict.fromkeys(("password",), name) | {"email": f"{name}@example.com"}
    refused(stranger.post("/auth/signup", json=who), 422, "PASSWORD_WEAK")


def test_a_user_name_signs_in_as_well_however_it_is_written(stranger: httpx.Client) -> None:
    name = f"ada.{new_id().hex[:12]}"
    who = somebody() | {"username": name}
    user_id = sign_up(stranger, who)
    by_name = {"username": name.upper(), "password": who["password"]}
    token = sign_in(stranger, by_name)["access_token"]
    assert me(stranger, token).json()["user_id"] == user_id
    form = stranger.post("/auth/signin", data=by_name | {"grant_type": "password"})
    assert form.status_code == 200, form.text
    taken = somebody() | {"username": name.title()}
    refused(stranger.post("/auth/signup", json=taken), 409, "USER_USERNAME_TAKEN")
    refused(stranger.post("/auth/signin", data={"username": name}), 422, "VALIDATION")
    refused(stranger.post("/auth/login", json={"password": "whatever it is"}), 422, "VALIDATION")


def test_the_mailbox_is_for_whoever_sits_at_the_machine(service: Service) -> None:
    url = f"{service.url}/mailbox"
    assert httpx.get(url).status_code == 200
    for headers in (
        {"Host": "papertape.example"},
        {"X-Forwarded-For": "203.0.113.9"},
        {"Forwarded": "for=203.0.113.9"},
        {"Host": "127.0.0.1.evil.example:8000"},
    ):
        assert httpx.get(url, headers=headers).status_code == 404, headers

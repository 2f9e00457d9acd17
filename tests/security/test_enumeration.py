"""
S05, S06 where every address has to be proved: nobody learns who is here, by no door.

Letters go through a real mail server.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from random import Random
from secrets import token_hex

import httpx
import psycopg
import pytest

from adapters.servers import located
from tests.e2e.api.doorstep import refused, sign_in, sign_up, somebody
from tests.e2e.service import Service, eventually, running
from tests.mail_server import HOST, Mailboxes, delivering, free_port
from tests.security.likeness import TRIES, assert_alike, deviation

_PROOF = re.compile(r"^    (\S+)\r?$", re.MULTILINE)


@pytest.fixture(scope="module")
def boxes() -> Mailboxes:
    return Mailboxes()


@pytest.fixture(scope="module")
def proving(boxes: Mailboxes) -> Iterator[Service]:
    port = free_port()
    with (
        delivering(port, boxes),
        running(
            REQUIRE_VERIFIED_EMAIL="true",
            SMTP_HOST=HOST,
            SMTP_PORT=str(port),
            SMTP_SECURITY="none",
            FEED_SEED="7",
        ) as one,
    ):
        yield one


@pytest.fixture
def http(proving: Service) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=proving.api, timeout=30) as one:
        yield one


@pytest.fixture
def db(proving: Service) -> Iterator[psycopg.Connection]:
    with psycopg.connect(located(proving.data.resolve()).admin_dsn, autocommit=True) as one:
        yield one


def proof(boxes: Mailboxes, to: str, nth: int = 1) -> str:
    """The code or token in the nth letter to this address."""
    found = eventually(lambda: boxes.to(to), lambda them: len(them) >= nth)
    body = found[nth - 1].get_body(("plain",))
    assert body is not None
    match = _PROOF.search(body.get_content())
    assert match
    return match[1]


@pytest.fixture(scope="module")
def settled(proving: Service) -> list[dict[str, str]]:
    """Some who have signed up and proved their addresses."""
    known = [somebody() for _ in range(TRIES // 4)]
    with httpx.Client(base_url=proving.api, timeout=30) as http:
        for who in known:
            sign_up(http, who)
    admin = located(proving.data.resolve()).admin_dsn
    with psycopg.connect(admin, autocommit=True) as db:
        db.execute("update ops.credential set verified = true")
    return known


@pytest.fixture
def here(settled: list[dict[str, str]], db: psycopg.Connection) -> list[dict[str, str]]:
    """Nobody of whom has to wait for what was tried before."""
    db.execute("delete from ops.attempt")
    return settled


def test_nobody_is_let_in_before_the_letter_is_read_and_it_is_sent_again(
    http: httpx.Client, boxes: Mailboxes
) -> None:
    who = somebody()
    sign_up(http, who)
    first = proof(boxes, who["email"])
    for _ in range(2):
        refused(http.post("/auth/login", json=who))
    again = proof(boxes, who["email"], 2)
    assert first != again
    assert http.post("/auth/verify-email", json={"token": again}).status_code == 200
    sign_in(http, who)
    assert http.post("/auth/verify-email", json={"token": first}).status_code == 200


def test_a_code_by_mail_proves_the_address_as_well(http: httpx.Client, boxes: Mailboxes) -> None:
    who = somebody()
    sign_up(http, who)
    asked = http.post("/auth/request-otp", json={"email": who["email"]}).json()
    code = proof(boxes, who["email"], 2)
    body = {"email": who["email"], "transaction_id": asked["transaction_id"], "code": code}
    if len(code) > 10:  # the letters crossed
        body["code"] = proof(boxes, who["email"])
    assert http.post("/auth/otp-login", json=body).status_code == 200
    sign_in(http, who)


def test_s06_signing_up_with_an_address_in_use_changes_nothing(
    http: httpx.Client, here: list[dict[str, str]]
) -> None:
    owner = here[0]
    thief = owner | {"password": "the thief's password"}
    sign_up(http, thief)
    refused(http.post("/auth/login", json=thief))
    sign_in(http, owner)
    # Whose account it is cannot be told from signing in either.
    new = somebody()
    sign_up(http, new)
    answers = [http.post("/auth/login", json=who).json() for who in (thief, new, somebody())]
    for answer in answers:
        del answer["request_id"]
    assert answers[0] == answers[1] == answers[2]


def test_s06_a_user_name_in_use_tells_nothing_of_the_address_beside_it(
    http: httpx.Client, here: list[dict[str, str]]
) -> None:
    mine = f"eve-{token_hex(6)}"
    sign_up(http, somebody() | {"username": mine})
    for email in (here[0]["email"], somebody()["email"]):
        taken = somebody() | {"email": email, "username": mine}
        refused(http.post("/auth/signup", json=taken), 409, "USER_USERNAME_TAKEN")


def test_s06_signing_up_takes_as_long_whether_the_address_is_in_use_or_not(
    http: httpx.Client, here: list[dict[str, str]]
) -> None:
    def up(who: dict[str, str]) -> httpx.Response:
        return http.post("/auth/signup", json=who | {"password": "another horse battery"})

    known = [partial(up, who) for who in here for _ in range(4)]
    assert_alike(known, [partial(up, somebody()) for _ in known])


@pytest.mark.parametrize("what", ["request-otp", "password-reset", "verify-email/request"])
def test_s06_asking_for_a_letter_takes_as_long_whoever_it_is_for(
    http: httpx.Client, here: list[dict[str, str]], what: str
) -> None:
    def ask(who: dict[str, str]) -> httpx.Response:
        return http.post(f"/auth/{what}", json={"email": who["email"]})

    known = [partial(ask, who) for who in here for _ in range(4)]
    assert_alike(known, [partial(ask, somebody()) for _ in known])


def test_s06_a_wrong_code_is_refused_alike_whoever_it_is_for(
    http: httpx.Client, here: list[dict[str, str]]
) -> None:
    def guess(who: dict[str, str], transaction: str) -> httpx.Response:
        body = {"email": who["email"], "transaction_id": transaction, "code": "123456"}
        return http.post("/auth/otp-login", json=body)

    def asked(who: dict[str, str]) -> str:
        answer = http.post("/auth/request-otp", json={"email": who["email"]})
        return str(answer.json()["transaction_id"])

    strangers = [somebody() for _ in here]
    known = [partial(guess, who, t) for who in here for t in [asked(who)] for _ in range(4)]
    unknown = [partial(guess, who, t) for who in strangers for t in [asked(who)] for _ in range(4)]
    assert_alike(known, unknown)


def test_s05_signing_in_takes_as_long_whoever_it_is_and_proved_or_not(
    http: httpx.Client, here: list[dict[str, str]]
) -> None:
    """The right password of an address that is not proved yet is as wrong as any other."""
    unproved = [somebody() for _ in range(TRIES // 2)]
    for who in unproved:
        sign_up(http, who)

    def log_in(who: dict[str, str]) -> httpx.Response:
        return http.post("/auth/login", json=who)

    wrong = [partial(log_in, who | {"password": "not it"}) for who in here for _ in range(2)]
    assert_alike([partial(log_in, who) for who in unproved], wrong)


def test_the_measure_tells_a_difference_that_is_there() -> None:
    """The negative control: two milliseconds in twenty, with as much noise."""
    chance = Random(3)
    here = [chance.gauss(0.022, 0.002) for _ in range(60)]
    away = [chance.gauss(0.020, 0.002) for _ in range(60)]
    assert deviation(here, away) > 3.3
    assert deviation(away, [chance.gauss(0.020, 0.002) for _ in range(60)]) < 3.3

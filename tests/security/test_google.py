"""S15 to S17: who Google says one is, and who one is not, whatever the token says."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from secrets import token_hex
from typing import Any

import httpx
import psycopg
import pytest

from adapters.people.jwks import LOOK_AGAIN_S
from tests.e2e.api.doorstep import me, refused, sign_in, sign_up, somebody
from tests.e2e.service import Service, eventually
from tests.security.authenticator import set_up
from tests.security.forging import forged
from tests.security.vouching import CLIENT_ID, StandInGoogle, new_key

AT_ONCE = 50


@pytest.fixture(autouse=True)
def forgiven(db: psycopg.Connection) -> None:
    db.execute("delete from ops.attempt")


@pytest.fixture
def ada() -> dict[str, Any]:
    """What Google knows of somebody."""
    return {"sub": str(int(token_hex(8), 16)), "email": f"{token_hex(8)}@gmail.com"}


def begin(http: httpx.Client) -> dict[str, Any]:
    answer = http.post("/auth/google/begin")
    assert answer.status_code == 200, answer.text
    begun: dict[str, Any] = answer.json()
    return begun


def enter(http: httpx.Client, begun: dict[str, Any], id_token: str) -> httpx.Response:
    body = {"id_token": id_token, "transaction": begun["transaction"]}
    return http.post("/auth/google", json=body)


def entered(http: httpx.Client, google: StandInGoogle, who: dict[str, Any]) -> httpx.Response:
    begun = begin(http)
    return enter(http, begun, google.vouch(**{"nonce": begun["nonce"], **who}))


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def facts(db: psycopg.Connection, user_id: str) -> list[str]:
    query = "select type from es.event where payload->>'user_id' = %s order by position"
    return [kind for (kind,) in db.execute(query, [user_id]).fetchall()]


def test_who_is_new_becomes_a_user_whose_address_is_proved(
    stranger: httpx.Client, google: StandInGoogle, db: psycopg.Connection, ada: dict[str, Any]
) -> None:
    first = entered(stranger, google, ada)
    assert first.status_code == 200, first.text
    shown = me(stranger, first.json()["access_token"]).json()
    assert shown["email"] == ada["email"]
    again = entered(stranger, google, ada | {"email": "another@gmail.com"})
    assert me(stranger, again.json()["access_token"]).json()["user_id"] == shown["user_id"]
    begun = ["UserRegistered", "UserVerified", "IdentityLinked", "UserLoggedIn", "UserLoggedIn"]
    assert facts(db, shown["user_id"]) == begun
    guess = {"email": ada["email"], "password": "whatever it is"}
    refused(stranger.post("/auth/login", json=guess))  # there is no password


def test_s15_an_id_token_counts_once_and_only_in_its_own_transaction(
    stranger: httpx.Client, google: StandInGoogle, ada: dict[str, Any]
) -> None:
    mine, other = begin(stranger), begin(stranger)
    token = google.vouch(mine["nonce"], **ada)
    refused(enter(stranger, other, token))
    refused(enter(stranger, mine | {"transaction": mine["nonce"]}, token))
    refused(enter(stranger, mine | {"transaction": mine["transaction"][:-2] + "xx"}, token))
    assert enter(stranger, mine, token).status_code == 200
    refused(enter(stranger, mine, token))
    refused(enter(stranger, mine, google.vouch(mine["nonce"], **ada)))


def test_s15_a_transaction_ends_after_ten_minutes_and_five_tries(
    stranger: httpx.Client, google: StandInGoogle, db: psycopg.Connection, ada: dict[str, Any]
) -> None:
    old, tried = begin(stranger), begin(stranger)
    assert old["expires_in"] == 600
    db.execute("update ops.challenge set expires_at = now() where purpose = 'NONCE'")
    refused(enter(stranger, old, google.vouch(old["nonce"], **ada)))
    db.execute(
        "update ops.challenge set expires_at = now() + interval '1 minute', attempts = 0"
        " where purpose = 'NONCE'"
    )
    for _ in range(5):
        refused(enter(stranger, tried, google.vouch("another", **ada)))
        db.execute("delete from ops.attempt")
    refused(enter(stranger, tried, google.vouch(tried["nonce"], **ada)))


WRONG: dict[str, dict[str, Any]] = {
    "another client": {"aud": "somebody-else.apps.googleusercontent.com"},
    "several clients": {"aud": [CLIENT_ID, "somebody-else"]},
    "handed to another": {"azp": "somebody-else"},
    "another issuer": {"iss": "https://accounts.example.com"},
    "issuer in clear": {"iss": "http://accounts.google.com"},
    "address not verified": {"email_verified": False},
    "address verified in words": {"email_verified": "true"},
    "no nonce": {"nonce": None},
    "nonce as a list": {"nonce": ["x"]},
    "no subject": {"sub": None},
    "no address": {"email": None},
    "no audience": {"aud": None},
    "no issuer": {"iss": None},
    "no end": {"exp": None},
    "no beginning": {"iat": None},
    "expired": {"iat": time.time() - 7200, "exp": time.time() - 60},
    "of tomorrow": {"iat": time.time() + 3600, "exp": time.time() + 7200},
    "not yet": {"nbf": time.time() + 3600},
}


@pytest.mark.parametrize("changes", WRONG.values(), ids=WRONG)
def test_s17_every_claim_of_an_id_token_counts(
    stranger: httpx.Client, google: StandInGoogle, ada: dict[str, Any], changes: dict[str, Any]
) -> None:
    refused(entered(stranger, google, ada | changes))


def test_s17_what_google_has_not_signed_counts_for_nothing(
    stranger: httpx.Client, google: StandInGoogle, db: psycopg.Connection, ada: dict[str, Any]
) -> None:
    for what, forge in forged(google).items():
        begun = begin(stranger)
        answer = enter(stranger, begun, forge(google.claims(begun["nonce"], **ada)))
        assert answer.status_code == 401, what
        db.execute("delete from ops.attempt")


def test_s17_tokens_are_good_for_nothing_but_what_they_are_for(
    stranger: httpx.Client, google: StandInGoogle, ada: dict[str, Any]
) -> None:
    begun = begin(stranger)
    id_token = google.vouch(begun["nonce"], **ada)
    refused(me(stranger, id_token))
    refused(me(stranger, begun["transaction"]))
    signed = enter(stranger, begun, id_token).json()
    refused(enter(stranger, begin(stranger), signed["access_token"]))
    refused(me(stranger, id_token))


def test_s15_one_id_token_many_times_at_once_is_one_session_of_one_person(
    service: Service, google: StandInGoogle, db: psycopg.Connection, ada: dict[str, Any]
) -> None:
    with (
        httpx.Client(base_url=service.api, timeout=60) as http,
        ThreadPoolExecutor(AT_ONCE) as threads,
    ):
        begun = begin(http)
        token = google.vouch(begun["nonce"], **ada)
        answers = list(threads.map(lambda _: enter(http, begun, token), range(AT_ONCE)))
        assert [answer.status_code for answer in answers].count(200) == 1
        # Somebody new who comes in several windows at once is still one person.
        new = {"sub": token_hex(8), "email": f"{token_hex(8)}@gmail.com"}
        ready = [begin(http) for _ in range(8)]
        tokens = [google.vouch(one["nonce"], **new) for one in ready]
        answers = list(threads.map(lambda n: enter(http, ready[n], tokens[n]), range(8)))
        assert {answer.status_code for answer in answers} == {200}
        people = {me(http, one.json()["access_token"]).json()["user_id"] for one in answers}
    assert len(people) == 1


def test_s16_the_same_address_is_not_the_same_person(
    stranger: httpx.Client, google: StandInGoogle, ada: dict[str, Any]
) -> None:
    entered(stranger, google, ada)
    answer = entered(stranger, google, ada | {"sub": "another"})
    refused(answer, 409, "GOOGLE_LINK_REQUIRED")
    assert "access_token" not in answer.text


@pytest.mark.parametrize("verified", [True, False])
def test_s16_nobody_gets_into_an_account_by_its_address_alone(
    stranger: httpx.Client,
    google: StandInGoogle,
    db: psycopg.Connection,
    ada: dict[str, Any],
    verified: bool,
) -> None:
    """Nor does whoever signed up first with another's address share it with its owner."""
    who = somebody() | {"email": ada["email"]}
    user_id = sign_up(stranger, who)
    db.execute("update ops.credential set verified = %s where user_id = %s", [verified, user_id])
    refused(entered(stranger, google, ada), 409, "GOOGLE_LINK_REQUIRED")


def test_s16_an_account_is_linked_by_its_owner_under_its_own_address(
    stranger: httpx.Client, google: StandInGoogle, db: psycopg.Connection, ada: dict[str, Any]
) -> None:
    who = somebody() | {"email": ada["email"].upper()}
    user_id = sign_up(stranger, who)
    mine = bearer(sign_in(stranger, who)["access_token"])

    def link(headers: dict[str, str], **claims: Any) -> httpx.Response:
        begun = begin(stranger)
        body = {"transaction": begun["transaction"]}
        body["id_token"] = google.vouch(begun["nonce"], **(ada | claims))
        return stranger.post("/auth/google/link", json=body, headers=headers)

    refused(link({}), 401, "AUTH_REQUIRED")
    refused(link(mine, email="else@gmail.com"), 409, "GOOGLE_EMAIL_DIFFERS")
    refused(link(mine, email_verified=False))
    assert link(mine).json()["user_id"] == user_id
    assert link(mine).status_code == 200
    assert facts(db, user_id).count("IdentityLinked") == 1
    assert "UserVerified" in facts(db, user_id)
    refused(link(mine, sub="another"), 409, "USER_EXISTS")
    token = entered(stranger, google, ada).json()["access_token"]
    assert me(stranger, token).json()["user_id"] == user_id
    sign_in(stranger, who)


def test_s14_google_does_not_take_the_place_of_an_authenticator(
    stranger: httpx.Client, google: StandInGoogle, ada: dict[str, Any]
) -> None:
    token = entered(stranger, google, ada).json()["access_token"]
    mine, _ = set_up(stranger, token)
    answer = entered(stranger, google, ada)
    refused(answer, 401, "TOTP_REQUIRED")
    body = {"challenge": answer.json()["context"]["challenge"], "code": mine.next()}
    assert stranger.post("/auth/totp-login", json=body).status_code == 200


def test_s34_whoever_has_no_password_steps_up_by_google(
    stranger: httpx.Client, google: StandInGoogle, ada: dict[str, Any]
) -> None:
    mine = bearer(entered(stranger, google, ada).json()["access_token"])
    bob = {"sub": token_hex(8), "email": f"{token_hex(8)}@gmail.com"}
    entered(stranger, google, bob)

    def step_up(who: dict[str, Any], **more: Any) -> httpx.Response:
        begun = begin(stranger)
        proof = {"transaction": begun["transaction"]}
        proof["id_token"] = google.vouch(begun["nonce"], **who)
        return stranger.post("/auth/step-up", json={"google": proof, **more}, headers=mine)

    refused(step_up(bob))
    refused(step_up(ada, password="whatever it is"), 422, "VALIDATION")
    assert step_up(ada).status_code == 200


def test_a_key_that_google_begins_to_use_counts_within_seconds(
    stranger: httpx.Client, google: StandInGoogle, ada: dict[str, Any]
) -> None:
    entered(stranger, google, ada)
    google.keys["second"] = new_key()

    def look() -> int:
        begun = begin(stranger)
        token = google.vouch(begun["nonce"], kid="second", **ada)
        return enter(stranger, begun, token).status_code

    eventually(look, lambda status: status == 200, LOOK_AGAIN_S + 5)


def test_where_google_is_not_set_up_that_is_what_is_answered(strict: Service) -> None:
    ours = {"Host": "api.example.com"}
    with httpx.Client(base_url=strict.api, headers=ours) as http:
        refused(http.post("/auth/google/begin"), 404, "GOOGLE_NOT_OFFERED")
        body = {"id_token": "a.b.c", "transaction": "x"}
        refused(http.post("/auth/google", json=body), 404, "GOOGLE_NOT_OFFERED")

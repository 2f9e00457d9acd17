"""S14, S69, S99: the second proof: set up, asked for, lost, taken away, and no way around it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import psycopg
import pytest
from msgspec import Struct

from adapters.people.authenticators import RECOVERY_CODES
from tests.e2e.api.doorstep import PASSWORD, me, refused, renew, sign_in, sign_up, somebody
from tests.e2e.service import Service, eventually
from tests.security.authenticator import Authenticator, set_up
from tests.security.generated import operations
from tests.security.letters import OTP, letters, proof

AT_ONCE = 50


class Guarded(Struct, frozen=True):
    """Somebody with an authenticator."""

    who: dict[str, str]
    user_id: str
    token: str
    authenticator: Authenticator
    recovery_codes: list[str]


@pytest.fixture
def ada(stranger: httpx.Client) -> Guarded:
    who = somebody()
    user_id = sign_up(stranger, who)
    token = sign_in(stranger, who)["access_token"]
    authenticator, recovery_codes = set_up(stranger, token)
    return Guarded(who, user_id, token, authenticator, recovery_codes)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def challenged(http: httpx.Client, who: dict[str, str]) -> str:
    """The first proof given; what there is to say when the second one comes."""
    answer = http.post("/auth/login", json=who)
    refused(answer, 401, "TOTP_REQUIRED")
    assert answer.json()["context"].keys() == {"challenge"}
    return str(answer.json()["context"]["challenge"])


def second(http: httpx.Client, challenge: str, code: str, kind: str = "code") -> httpx.Response:
    return http.post("/auth/totp-login", json={"challenge": challenge, kind: code})


def facts(db: psycopg.Connection, user_id: str, kind: str) -> list[Any]:
    query = "select payload from es.event where type = %s and payload->>'user_id' = %s"
    return [payload for (payload,) in db.execute(query, [kind, user_id]).fetchall()]


def unlocked(db: psycopg.Connection) -> None:
    db.execute("delete from ops.attempt")


def test_a_secret_is_told_once_and_counts_when_its_code_is_shown(
    stranger: httpx.Client, db: psycopg.Connection
) -> None:
    who = somebody()
    user_id = sign_up(stranger, who)
    token = sign_in(stranger, who)["access_token"]
    first = stranger.post("/auth/totp", headers=bearer(token)).json()
    offered = stranger.post("/auth/totp", headers=bearer(token)).json()
    assert offered["secret"] != first["secret"]
    uri = urlsplit(offered["uri"])
    assert (uri.scheme, uri.netloc) == ("otpauth", "totp")
    assert parse_qs(uri.query) == {"secret": [offered["secret"]], "issuer": ["Papertape"]}
    sign_in(stranger, who)  # an offer changes nothing
    mine = Authenticator(offered["secret"])
    for wrong in (Authenticator(first["secret"]).next(), mine.wrong()):
        answer = stranger.post("/auth/totp/confirm", json={"code": wrong}, headers=bearer(token))
        refused(answer)
    answer = stranger.post("/auth/totp/confirm", json={"code": mine.next()}, headers=bearer(token))
    assert len(set(answer.json()["recovery_codes"])) == RECOVERY_CODES
    refused(stranger.post("/auth/totp", headers=bearer(token)), 409, "TOTP_ENABLED")
    assert len(facts(db, user_id, "TotpEnabled")) == 1
    challenged(stranger, who)
    for table in ("ops.totp", "ops.recovery", "es.event"):
        rows = str(db.execute(f"select t::text from {table} t").fetchall())
        for secret in (offered["secret"], *answer.json()["recovery_codes"]):
            assert secret not in rows, table


def test_whoever_was_signed_in_elsewhere_has_to_prove_it_anew(
    stranger: httpx.Client,
) -> None:
    who = somebody()
    sign_up(stranger, who)
    elsewhere, here = sign_in(stranger, who), sign_in(stranger, who)
    set_up(stranger, here["access_token"])
    refused(me(stranger, elsewhere["access_token"]))
    refused(renew(stranger, elsewhere["refresh_token"]))
    assert renew(stranger, here["refresh_token"]).status_code == 200


def test_signing_in_takes_both_proofs_and_both_are_on_the_tape(
    stranger: httpx.Client, db: psycopg.Connection, ada: Guarded
) -> None:
    challenge = challenged(stranger, ada.who)
    answer = second(stranger, challenge, ada.authenticator.next())
    assert answer.status_code == 200, answer.text
    assert me(stranger, answer.json()["access_token"]).json()["user_id"] == ada.user_id
    assert facts(db, ada.user_id, "UserLoggedIn")[-1]["methods"] == ["PASSWORD", "TOTP"]
    refused(second(stranger, challenge, ada.authenticator.next()))  # the challenge is used up


def test_a_code_is_good_once_also_with_another_challenge(
    stranger: httpx.Client, ada: Guarded
) -> None:
    first, other = challenged(stranger, ada.who), challenged(stranger, ada.who)
    code = ada.authenticator.next()
    assert second(stranger, first, code).status_code == 200
    refused(second(stranger, other, code))
    assert second(stranger, other, ada.authenticator.next()).status_code == 200


def test_s99_one_code_many_times_at_once_is_one_session(service: Service, ada: Guarded) -> None:
    with (
        httpx.Client(base_url=service.api, timeout=60) as http,
        ThreadPoolExecutor(AT_ONCE) as threads,
    ):
        challenges = [challenged(http, ada.who) for _ in range(4)]
        code = ada.authenticator.next()
        answers = list(threads.map(lambda n: second(http, challenges[n % 4], code), range(AT_ONCE)))
    statuses = [answer.status_code for answer in answers]
    assert statuses.count(200) == 1, statuses
    assert set(statuses) == {200, 401, 429} or set(statuses) == {200, 401}


def test_s99_one_recovery_code_many_times_at_once_is_one_session(
    service: Service, db: psycopg.Connection, ada: Guarded
) -> None:
    code = ada.recovery_codes[0]
    with (
        httpx.Client(base_url=service.api, timeout=60) as http,
        ThreadPoolExecutor(AT_ONCE) as threads,
    ):
        challenge = challenged(http, ada.who)
        answers = list(
            threads.map(lambda _: second(http, challenge, code, "recovery_code"), range(AT_ONCE))
        )
    assert [answer.status_code for answer in answers].count(200) == 1
    assert [one["left"] for one in facts(db, ada.user_id, "RecoveryCodeUsed")] == [9]


def test_a_recovery_code_opens_once_and_its_owner_is_told(
    service: Service, stranger: httpx.Client, db: psycopg.Connection, ada: Guarded
) -> None:
    code = ada.recovery_codes[3]
    answer = second(stranger, challenged(stranger, ada.who), f" {code.upper()} ", "recovery_code")
    assert answer.status_code == 200, answer.text
    assert facts(db, ada.user_id, "UserLoggedIn")[-1]["methods"] == ["PASSWORD", "RECOVERY"]
    eventually(lambda: letters(service, ada.who["email"], "recovery code was used"), len)
    challenge = challenged(stranger, ada.who)
    refused(second(stranger, challenge, code, "recovery_code"))
    refused(second(stranger, challenge, code))  # nor as what an authenticator shows
    token = answer.json()["access_token"]
    renewed = stranger.post("/auth/totp/recovery-codes", headers=bearer(token))
    assert len(renewed.json()["recovery_codes"]) == RECOVERY_CODES
    refused(second(stranger, challenge, ada.recovery_codes[4], "recovery_code"))
    fresh = renewed.json()["recovery_codes"][0]
    assert second(stranger, challenge, fresh, "recovery_code").status_code == 200


def test_the_codes_of_another_person_open_nothing(stranger: httpx.Client, ada: Guarded) -> None:
    bob = somebody()
    sign_up(stranger, bob)
    set_up(stranger, sign_in(stranger, bob)["access_token"])
    challenge = challenged(stranger, bob)
    refused(second(stranger, challenge, ada.authenticator.next()))
    refused(second(stranger, challenge, ada.recovery_codes[0], "recovery_code"))


def test_guessing_the_second_proof_has_to_wait_and_a_new_challenge_is_no_way_around(
    stranger: httpx.Client, db: psycopg.Connection, ada: Guarded
) -> None:
    wrong = ada.authenticator.wrong()
    statuses = [
        second(stranger, challenged(stranger, ada.who), wrong).status_code for _ in range(7)
    ]
    assert statuses[:5] == [401] * 5
    assert statuses[5:] == [429] * 2 or statuses[5:] == [401, 429]
    unlocked(db)
    challenge = challenged(stranger, ada.who)
    for _ in range(5):
        refused(second(stranger, challenge, wrong))
        unlocked(db)
    refused(second(stranger, challenge, ada.authenticator.next()))  # five tries, also in peace
    reasons = {
        one["reason"] for one in facts(db, ada.user_id, "LoginFailed")
    }  # sampled, so that a flood is a few facts
    assert "TOTP_WRONG" in reasons


def test_s14_a_half_proved_person_is_nobody_at_every_door(
    service: Service, stranger: httpx.Client, ada: Guarded
) -> None:
    challenge = challenged(stranger, ada.who)
    opened = []
    for one in operations(service.url):
        if one.is_public:
            continue
        answer = stranger.request(
            one.method, service.url + one.url({}), json={}, headers=bearer(challenge)
        )
        if answer.status_code != 401:
            opened.append(f"{one.name}: {answer.status_code}")
    assert opened == []
    refused(renew(stranger, challenge))
    proofs = {"verify-email": {}, "password-reset/confirm": {"new_password": "another horse"}}
    for path, more in proofs.items():
        body = {"token": challenge, **more}
        refused(stranger.post(f"/auth/{path}", json=body), 401, "TOKEN_INVALID")
    code = ada.authenticator.next()
    for forged in (ada.token[:128], challenge[:-2] + "xx", "x", "é"):
        refused(second(stranger, forged, code))
    assert second(stranger, challenge, code).status_code == 200


def test_s14_a_code_by_mail_and_a_new_password_do_not_take_its_place(
    service: Service, stranger: httpx.Client, ada: Guarded
) -> None:
    email = ada.who["email"]
    asked = stranger.post("/auth/request-otp", json={"email": email}).json()
    body = {"email": email, "code": proof(service, email, OTP)}
    body["transaction_id"] = asked["transaction_id"]
    answer = stranger.post("/auth/otp-login", json=body)
    refused(answer, 401, "TOTP_REQUIRED")
    challenge = answer.json()["context"]["challenge"]
    assert second(stranger, challenge, ada.authenticator.next()).status_code == 200
    form = {"username": email, "password": PASSWORD}
    refused(stranger.post("/auth/signin", data=form), 401, "TOTP_REQUIRED")


@pytest.mark.parametrize(
    "body", [{}, {"code": "123456", "recovery_code": "0123456789"}], ids=["none", "both"]
)
def test_one_second_proof_is_given_not_none_and_not_two(
    stranger: httpx.Client, ada: Guarded, body: dict[str, str]
) -> None:
    challenge = challenged(stranger, ada.who)
    answer = stranger.post("/auth/totp-login", json={"challenge": challenge, **body})
    refused(answer, 422, "VALIDATION")


def test_an_authenticator_is_taken_away_by_whoever_has_it(
    service: Service, stranger: httpx.Client, db: psycopg.Connection, ada: Guarded
) -> None:
    answer = stranger.delete("/auth/totp", headers=bearer(ada.token))
    assert answer.json() == {"second_factor": False}
    assert len(facts(db, ada.user_id, "TotpDisabled")) == 1
    sign_in(stranger, ada.who)
    refused(stranger.delete("/auth/totp", headers=bearer(ada.token)), 409, "TOTP_DISABLED")
    again = stranger.post("/auth/totp/recovery-codes", headers=bearer(ada.token))
    refused(again, 409, "TOTP_DISABLED")
    eventually(lambda: letters(service, ada.who["email"], "was taken away"), len)
    set_up(stranger, ada.token)
    challenged(stranger, ada.who)

"""Staying signed in: a refresh token is good for one use, by one client."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import httpx
import psycopg
import pytest

from tests.e2e.api.doorstep import me, refused, renew, sign_in, sign_up, somebody
from tests.e2e.service import Service


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
        "update ops.refresh set used_at = refresh.used_at - interval '11 s' from ops.session"
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

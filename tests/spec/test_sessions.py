"""Sessions and API keys: what begins, what ends, and who may end it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from commands.base import Caller
from commands.identity import (
    AttendApiKey,
    AttendSession,
    IssueApiKey,
    LogIn,
    LogOut,
    ReportSigningKeys,
    RevokeApiKey,
    RevokeSessions,
    RevokeTokenFamily,
)
from commands.identity.api_keys import KEYS_MAX
from commands.identity.sessions import OPEN_MAX
from domain.base import Role
from domain.errors import Forbidden, Illegal, Invalid, NotFound
from domain.identity import (
    SESSION_LIFE,
    ApiKeyIssued,
    ApiKeyRevoked,
    LoggedOut,
    Sessions,
    SessionsRevoked,
    SigningKeysChanged,
    TokenFamilyRevoked,
    UserLoggedIn,
)
from tests.spec.given import given
from tests.spec.trading import ME, NOW

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FIRST, SECOND, KEY = UUID(int=31), UUID(int=32), UUID(int=41)
mine: dict[str, Any] = {"at": NOW, "user_id": ME}


def begun(session_id: UUID, ago: timedelta = HOUR, **more: Any) -> UserLoggedIn:
    ends_at = NOW - ago + SESSION_LIFE
    return UserLoggedIn(ME, session_id, ("PASSWORD",), ends_at, "a1", "d1", **more)


def log_in(session_id: UUID = SECOND, **more: Any) -> LogIn:
    methods = ("PASSWORD",)
    return LogIn(
        **mine, session_id=session_id, methods=methods, ip_hash="a1", device_hash="d1", **more
    )


def issued(key_id: UUID = KEY, left: timedelta = DAY) -> ApiKeyIssued:
    return ApiKeyIssued(ME, key_id, ("read",), NOW + left, False)


def caller(user_id: UUID, *permissions: str) -> Caller:
    return Caller(
        actor=f"user:{user_id}",
        roles=Role.TRADER,
        correlation_id=UUID(int=1),
        permissions=frozenset(permissions),
    )


def test_a_session_lasts_thirty_days_at_most() -> None:
    given().when(log_in()).then(begun(SECOND, timedelta(0)))
    attend = AttendSession(**mine, session_id=FIRST)
    given(begun(FIRST, SESSION_LIFE - timedelta(seconds=1))).when(attend).then()
    given(begun(FIRST, SESSION_LIFE)).when(attend).then_fails(Forbidden, "SESSION_ENDED")


def test_whoever_proves_again_who_they_are_gets_another_session_for_the_old_one() -> None:
    again = log_in(replaces=FIRST)
    facts = given(begun(FIRST)).when(again).facts()
    assert set(given(begun(FIRST), *facts).when(again).state().open) == {SECOND}  # type: ignore[attr-defined]


def test_the_device_signed_in_longest_ago_makes_room_for_one_too_many() -> None:
    ids = [UUID(int=100 + n) for n in range(OPEN_MAX)]
    open_ = [begun(each, HOUR * (50 - n)) for n, each in enumerate(ids)]
    given(*open_[1:]).when(log_in()).then_only(UserLoggedIn)
    facts = given(*open_).when(log_in()).facts()
    assert facts[1:] == (SessionsRevoked(ME, (ids[0],), "TOO_MANY_DEVICES"),)
    assert len(given(*open_[1:]).when(log_in(replaces=ids[1])).facts()) == 1


def test_a_session_that_is_over_takes_no_room() -> None:
    over = [begun(UUID(int=100 + n), SESSION_LIFE) for n in range(OPEN_MAX)]
    given(*over).when(log_in()).then_only(UserLoggedIn)
    state = given(*over, begun(SECOND, timedelta(0))).when(log_in()).state()
    assert isinstance(state, Sessions)
    assert set(state.open) == {SECOND}


def test_signing_out_twice_changes_nothing() -> None:
    out = LogOut(**mine, session_id=FIRST)
    given(begun(FIRST)).when(out).then(LoggedOut(ME, FIRST))
    given(begun(FIRST), LoggedOut(ME, FIRST)).when(out).then()
    attend = AttendSession(**mine, session_id=FIRST)
    given(begun(FIRST), LoggedOut(ME, FIRST)).when(attend).then_fails(Forbidden, "SESSION_ENDED")


def test_a_family_in_two_hands_ends_once() -> None:
    revoke = RevokeTokenFamily(**mine, session_id=FIRST, reason="REUSED", ip_hash="a2")
    given(begun(FIRST)).when(revoke).then(TokenFamilyRevoked(ME, FIRST, "REUSED", "a2"))
    given(begun(FIRST), TokenFamilyRevoked(ME, FIRST, "REUSED", "a2")).when(revoke).then()


def test_all_sessions_end_but_the_one_to_keep() -> None:
    everywhere = RevokeSessions(**mine, reason="PASSWORD_CHANGED")
    both = (begun(FIRST), begun(SECOND))
    given(*both).when(everywhere).then(SessionsRevoked(ME, (FIRST, SECOND), "PASSWORD_CHANGED"))
    elsewhere = RevokeSessions(**mine, reason="PASSWORD_CHANGED", keep=SECOND)
    given(*both).when(elsewhere).then(SessionsRevoked(ME, (FIRST,), "PASSWORD_CHANGED"))
    given(begun(SECOND)).when(elsewhere).then()


def test_nobody_ends_the_sessions_of_another_person_without_the_permission() -> None:
    for command in (
        LogOut(**mine, session_id=FIRST),
        RevokeSessions(**mine, reason="as agreed"),
        RevokeApiKey(**mine, key_id=KEY),
    ):
        command.authorise(Sessions(), caller(ME))
        with pytest.raises(NotFound):
            command.authorise(Sessions(), caller(UUID(int=9)))
    allowed = caller(UUID(int=9), "users:security")
    RevokeSessions(**mine, reason="as agreed").authorise(Sessions(), allowed)
    with pytest.raises(Forbidden):
        log_in().authorise(Sessions(), caller(ME))


def test_power_over_sessions_is_used_with_a_reason() -> None:
    with pytest.raises(Invalid):
        RevokeSessions(**mine, reason="so")


def test_a_key_is_good_for_what_and_until_when_it_was_agreed() -> None:
    issue = IssueApiKey(
        **mine, key_id=KEY, scopes=("trade", "read", "read"), expires_at=NOW + DAY, bound=True
    )
    given().when(issue).then(ApiKeyIssued(ME, KEY, ("read", "trade"), NOW + DAY, True))
    attend = AttendApiKey(**mine, key_id=KEY)
    given(issued()).when(attend).then()
    for ended in (issued(left=timedelta(0)), ApiKeyRevoked(ME, KEY)):
        given(issued(), ended).when(attend).then_fails(Forbidden, "API_KEY_ENDED")


@pytest.mark.parametrize(
    ("scopes", "left", "field"),
    [
        ((), DAY, "scopes"),
        (("read", "withdraw"), DAY, "scopes"),
        (("read",), timedelta(0), "expires_at"),
        (("read",), 367 * DAY, "expires_at"),
    ],
)
def test_a_key_for_too_much_is_not_issued(
    scopes: tuple[str, ...], left: timedelta, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        IssueApiKey(**mine, key_id=KEY, scopes=scopes, expires_at=NOW + left)
    assert refused.value.context["field"] == field


def test_only_so_many_keys_are_good_at_once() -> None:
    many = [issued(UUID(int=200 + n)) for n in range(KEYS_MAX)]
    issue = IssueApiKey(**mine, key_id=KEY, scopes=("read",), expires_at=NOW + DAY)
    given(*many).when(issue).then_fails(Illegal, "API_KEY_LIMIT_REACHED")
    given(*many[1:], issued(UUID(int=99), timedelta(0))).when(issue).then_only(ApiKeyIssued)


def test_a_key_is_taken_back_once() -> None:
    revoke = RevokeApiKey(**mine, key_id=KEY)
    given(issued()).when(revoke).then(ApiKeyRevoked(ME, KEY))
    given(issued(), ApiKeyRevoked(ME, KEY)).when(revoke).then_fails(NotFound, "API_KEY_UNKNOWN")


def test_signing_keys_are_told_when_they_change() -> None:
    told = ReportSigningKeys(at=NOW, trusted=("a", "b"), signs="b")
    given().when(told).then(SigningKeysChanged(("a", "b"), "b"))
    given(SigningKeysChanged(("a", "b"), "b")).when(told).then()
    given(SigningKeysChanged(("a",), "a")).when(told).then(SigningKeysChanged(("a", "b"), "b"))

"""People: what can be asked about somebody, by whom, and what stays true once they are gone."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from commands.base import Caller, Command
from commands.identity import (
    ChangeSettings,
    DisableTotp,
    EnableTotp,
    EraseUser,
    LinkIdentity,
    NoteEmailChange,
    NotePasswordChange,
    NoteRecovery,
    NoteUsernameChange,
    RegisterUser,
    RequestEmailChange,
    RequestOtp,
    RequestPasswordReset,
    RequestVerification,
    UpdateProfile,
    VerifyUser,
)
from domain.base import Role
from domain.errors import Forbidden, Illegal, Invalid, NotFound
from domain.identity import (
    Cause,
    IdentityLinked,
    Preferences,
    SettingsChanged,
    TotpDisabled,
    TotpEnabled,
    User,
    UserErased,
    UserRegistered,
    UserVerified,
    VerificationRequested,
)
from domain.identity.preferences import Level, Theme, Topic
from tests.spec.given import given
from tests.spec.trading import ME, NOW

LETTER = UUID(int=41)
OF: dict[str, Any] = {"at": NOW, "user_id": ME}
KNOWN = UserRegistered(ME)

ALL: tuple[Command, ...] = (
    RequestVerification(**OF, challenge_id=LETTER),
    VerifyUser(**OF),
    RequestOtp(**OF, challenge_id=LETTER),
    RequestPasswordReset(**OF, challenge_id=LETTER),
    NotePasswordChange(**OF, cause=Cause.RESET),
    RequestEmailChange(**OF, challenge_id=LETTER),
    NoteEmailChange(**OF),
    NoteUsernameChange(**OF),
    EnableTotp(**OF),
    DisableTotp(**OF),
    NoteRecovery(**OF, left=9),
    LinkIdentity(**OF, issuer="https://accounts.google.com"),
    UpdateProfile(**OF, sealed_profile="c2VhbGVk"),
    ChangeSettings(**OF, preferences=Preferences(theme=Theme.DARK)),
    EraseUser(**OF),
)
OWN = (UpdateProfile, ChangeSettings, EraseUser)


def by(user_id: UUID, *permissions: str) -> Caller:
    return Caller(
        actor=f"user:{user_id}",
        roles=Role.TRADER,
        correlation_id=UUID(int=1),
        permissions=frozenset(permissions),
    )


def test_a_letter_goes_out_with_the_registration() -> None:
    given().when(RegisterUser(**OF, challenge_id=LETTER)).then(
        KNOWN, VerificationRequested(ME, LETTER)
    )
    given(KNOWN).when(RegisterUser(**OF, challenge_id=LETTER)).then()


@pytest.mark.parametrize("command", ALL, ids=lambda command: type(command).__name__)
def test_nothing_can_be_asked_about_somebody_who_is_not_there(command: Command) -> None:
    for facts in ((), (KNOWN, UserErased(ME))):
        given(*facts).when(command).then_fails(NotFound, "USER_UNKNOWN")


@pytest.mark.parametrize("command", ALL, ids=lambda command: type(command).__name__)
def test_of_somebody_else_nobody_learns_anything(command: Command) -> None:
    error = NotFound if isinstance(command, OWN) else Forbidden
    with pytest.raises(error):
        command.authorise(User(registered=True), by(UUID(int=99)))
    if isinstance(command, OWN):
        command.authorise(User(registered=True), by(ME))
    else:
        with pytest.raises(Forbidden):
            command.authorise(User(registered=True), by(ME))


def test_an_administrator_may_mend_a_profile_and_erase_a_person() -> None:
    other = UUID(int=99)
    EraseUser(**OF).authorise(User(registered=True), by(other, "users:erase"))
    mend, clerk = UpdateProfile(**OF, sealed_profile=""), by(other, "users:write")
    with pytest.raises(Invalid, match="reason"):
        mend.authorise(User(), clerk)
    replace(mend, reason="as agreed on Friday").authorise(User(), clerk)
    with pytest.raises(NotFound):
        EraseUser(**OF).authorise(User(registered=True), by(other, "users:write"))


def test_what_is_true_already_is_not_recorded_again() -> None:
    given(KNOWN, UserVerified(ME)).when(VerifyUser(**OF)).then()
    given(KNOWN, UserVerified(ME)).when(RequestVerification(**OF, challenge_id=LETTER)).then()
    issuer = "https://accounts.google.com"
    given(KNOWN).when(LinkIdentity(**OF, issuer=issuer)).then(IdentityLinked(ME, issuer))
    given(KNOWN, IdentityLinked(ME, issuer)).when(LinkIdentity(**OF, issuer=issuer)).then()


def test_a_second_factor_is_there_or_it_is_not() -> None:
    enabled, disabled = TotpEnabled(ME), TotpDisabled(ME)
    given(KNOWN).when(EnableTotp(**OF)).then(enabled)
    given(KNOWN, enabled).when(EnableTotp(**OF)).then_fails(Illegal, "TOTP_ENABLED")
    given(KNOWN, enabled).when(DisableTotp(**OF)).then(disabled)
    given(KNOWN, enabled, disabled).when(DisableTotp(**OF)).then_fails(Illegal, "TOTP_DISABLED")


def test_preferences_are_kept_whole() -> None:
    dark = Preferences(theme=Theme.DARK, notifications={Topic.ORDER: Level.OFF})
    given(KNOWN).when(ChangeSettings(**OF, preferences=dark)).then(SettingsChanged(ME, dark))
    changed = SettingsChanged(ME, dark)
    given(KNOWN, changed).when(ChangeSettings(**OF, preferences=dark)).then()


@pytest.mark.parametrize("topic", [Topic.SECURITY, Topic.MARGIN])
def test_of_some_things_nobody_can_ask_not_to_be_told(topic: Topic) -> None:
    silent = Preferences(notifications={topic: Level.SILENT})
    given(KNOWN).when(ChangeSettings(**OF, preferences=silent)).then_only(SettingsChanged)
    with pytest.raises(Invalid, match="cannot be OFF"):
        ChangeSettings(**OF, preferences=Preferences(notifications={topic: Level.OFF}))


@pytest.mark.parametrize("locale", ["", "e", "en_IN", "en-", "english1", "en\n"])
def test_a_locale_is_a_language_tag(locale: str) -> None:
    with pytest.raises(Invalid, match="locale"):
        ChangeSettings(**OF, preferences=Preferences(locale=locale))

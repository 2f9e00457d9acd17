"""Facts of a person, out of the commands that make them, for the golden files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

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
    UpdateProfile,
    VerifyUser,
)
from domain.base import Event, fold
from domain.identity import Cause, Preferences, User
from domain.identity.preferences import Level, Theme, Topic
from tests.spec.trading import ME, NOW


def of_people() -> Iterator[Event]:
    """Everything that can become of a person, to the last."""
    user, of = User(), dict[str, Any](at=NOW, user_id=ME)
    letter = of | {"challenge_id": UUID(int=41)}
    preferences = Preferences("en-IN", Theme.DARK, UUID(int=1), False, {Topic.ORDER: Level.OFF})
    for command in (
        RegisterUser(**letter),
        VerifyUser(**of),
        RequestOtp(**letter),
        RequestPasswordReset(**letter),
        NotePasswordChange(**of, cause=Cause.RESET),
        RequestEmailChange(**letter),
        NoteEmailChange(**of),
        NoteUsernameChange(**of),
        EnableTotp(**of),
        NoteRecovery(**of, left=9),
        DisableTotp(**of),
        LinkIdentity(**of, issuer="https://accounts.google.com"),
        UpdateProfile(**of, sealed_profile="c2VhbGVk"),
        ChangeSettings(**of, preferences=preferences),
        EraseUser(**of),
    ):
        facts = command.decide(user)
        user = fold(user, facts)
        yield from facts

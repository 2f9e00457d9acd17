"""
People: what becomes of a user between the first day and the last.

A letter that is asked for (a code, a link) is a fact; what stands in it is not.  ``challenge_id``
says which one was asked for: the code follows from it and a key that no fact holds.
"""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from domain.base import Event
from domain.identity.preferences import Preferences


class Cause(StrEnum):
    """Why a password is another one: its owner knew the old one, or had a letter."""

    CHANGE = "CHANGE"
    RESET = "RESET"


class VerificationRequested(Event, frozen=True):
    user_id: UUID
    challenge_id: UUID


class UserVerified(Event, frozen=True):
    """The person has read what we sent to the address."""

    user_id: UUID


class OtpRequested(Event, frozen=True):
    user_id: UUID
    challenge_id: UUID


class PasswordResetRequested(Event, frozen=True):
    user_id: UUID
    challenge_id: UUID


class PasswordChanged(Event, frozen=True):
    user_id: UUID
    cause: Cause


class EmailChangeRequested(Event, frozen=True):
    """The new address stands in no fact; whoever reads the letter there proves it."""

    user_id: UUID
    challenge_id: UUID
    reason: str = ""


class UsernameChanged(Event, frozen=True):
    """The person signs in under another name, which stands in no fact."""

    user_id: UUID


class EmailChanged(Event, frozen=True):
    user_id: UUID


class TotpEnabled(Event, frozen=True):
    """From now on a password is not enough."""

    user_id: UUID


class TotpDisabled(Event, frozen=True):
    user_id: UUID


class RecoveryCodeUsed(Event, frozen=True):
    """``left`` are the codes that still open the door when the authenticator is lost."""

    user_id: UUID
    left: int


class IdentityLinked(Event, frozen=True):
    """The person also signs in through somebody who vouches for them, such as Google."""

    user_id: UUID
    issuer: str


class ProfileUpdated(Event, frozen=True):
    """
    ``sealed_profile`` is opened by the person's own key alone, as long as there is one;
    ``reason`` is that of somebody else.
    """

    user_id: UUID
    sealed_profile: str
    reason: str = ""


class SettingsChanged(Event, frozen=True):
    user_id: UUID
    preferences: Preferences


class UserErased(Event, frozen=True):
    """The person's key is destroyed; whatever was sealed under it is noise from now on."""

    user_id: UUID

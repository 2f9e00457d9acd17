"""People: what may be asked about one of them, by the person or by the service on their behalf."""

from __future__ import annotations

from uuid import UUID

from commands.base import Caller, Command, demand_reason
from domain.base import Event, Events, Role
from domain.errors import Illegal, NotFound
from domain.identity import User
from domain.identity.people import (
    Cause,
    EmailChanged,
    EmailChangeRequested,
    IdentityLinked,
    OtpRequested,
    PasswordChanged,
    PasswordResetRequested,
    ProfileUpdated,
    RecoveryCodeUsed,
    TotpDisabled,
    TotpEnabled,
    UserErased,
    UsernameChanged,
    UserVerified,
    VerificationRequested,
)


class PersonCommand(Command, frozen=True, kw_only=True):
    """One of these concerns one person, who is known to the tape and not erased."""

    state = User
    allowed = Role.SYSTEM

    user_id: UUID

    @property
    def stream(self) -> str:
        return f"user-{self.user_id}"

    def authorise(self, state: User, by: Caller) -> None:
        """Of somebody else nobody learns whether they are known."""
        super().authorise(state, by)
        own = by.roles & Role.SYSTEM or by.actor == f"user:{self.user_id}"
        if not own and self.permission not in by.permissions:
            raise NotFound("USER_UNKNOWN")

    def decide(self, user: User) -> Events:
        if not user.registered or user.erased:
            raise NotFound("USER_UNKNOWN")
        fact = self.change(user)
        return () if fact is None else (fact,)

    def change(self, user: User) -> Event | None:
        """What becomes true of a person who is there; None if it is true already."""
        raise NotImplementedError


class RequestVerification(PersonCommand, frozen=True, kw_only=True):
    """Have a letter sent that proves who reads at the person's address."""

    challenge_id: UUID

    def change(self, user: User) -> Event | None:
        return None if user.verified else VerificationRequested(self.user_id, self.challenge_id)


class VerifyUser(PersonCommand, frozen=True, kw_only=True):
    """Note that the person reads at the address they gave."""

    def change(self, user: User) -> Event | None:
        return None if user.verified else UserVerified(self.user_id)


class RequestOtp(PersonCommand, frozen=True, kw_only=True):
    """Have a code sent that signs the person in once."""

    challenge_id: UUID

    def change(self, user: User) -> Event:
        return OtpRequested(self.user_id, self.challenge_id)


class RequestPasswordReset(PersonCommand, frozen=True, kw_only=True):
    """Have a letter sent that lets the person choose another password."""

    challenge_id: UUID

    def change(self, user: User) -> Event:
        return PasswordResetRequested(self.user_id, self.challenge_id)


class NotePasswordChange(PersonCommand, frozen=True, kw_only=True):
    """Note that the person has another password, and tell them."""

    cause: Cause

    def change(self, user: User) -> Event:
        return PasswordChanged(self.user_id, self.cause)


class RequestEmailChange(PersonCommand, frozen=True, kw_only=True):
    """Have a letter sent to another address, which counts once it is read there."""

    challenge_id: UUID
    reason: str = ""

    def change(self, user: User) -> Event:
        return EmailChangeRequested(self.user_id, self.challenge_id, self.reason)


class NoteEmailChange(PersonCommand, frozen=True, kw_only=True):
    """Note that the person has another address."""

    def change(self, user: User) -> Event:
        return EmailChanged(self.user_id)


class NoteUsernameChange(PersonCommand, frozen=True, kw_only=True):
    """Note that the person signs in under another user name."""

    def change(self, user: User) -> Event:
        return UsernameChanged(self.user_id)


class EnableTotp(PersonCommand, frozen=True, kw_only=True):
    """Demand the code of an authenticator besides whatever else signs the person in."""

    def change(self, user: User) -> Event:
        if user.second_factor:
            raise Illegal("TOTP_ENABLED")
        return TotpEnabled(self.user_id)


class DisableTotp(PersonCommand, frozen=True, kw_only=True):
    """Demand no second proof any more."""

    def change(self, user: User) -> Event:
        if not user.second_factor:
            raise Illegal("TOTP_DISABLED")
        return TotpDisabled(self.user_id)


class NoteRecovery(PersonCommand, frozen=True, kw_only=True):
    """Note that one of the codes for a lost authenticator was used."""

    left: int

    def change(self, user: User) -> Event:
        return RecoveryCodeUsed(self.user_id, self.left)


class LinkIdentity(PersonCommand, frozen=True, kw_only=True):
    """Let somebody who vouches for people sign this person in."""

    issuer: str

    def change(self, user: User) -> Event | None:
        return None if self.issuer in user.linked else IdentityLinked(self.user_id, self.issuer)


class UpdateProfile(PersonCommand, frozen=True, kw_only=True):
    """Keep what the person says about themselves, sealed; whoever mends another's says why."""

    allowed = Role.TRADER | Role.SYSTEM
    permission = "users:write"

    sealed_profile: str
    reason: str = ""

    def authorise(self, state: User, by: Caller) -> None:
        super().authorise(state, by)
        if by.roles & Role.TRADER and by.actor != f"user:{self.user_id}":
            demand_reason(self.reason)

    def change(self, user: User) -> Event:
        return ProfileUpdated(self.user_id, self.sealed_profile, self.reason)


class EraseUser(PersonCommand, frozen=True, kw_only=True):
    """Forget who the person was; what they traded stays, under an id that names nobody."""

    allowed = Role.TRADER | Role.SYSTEM
    permission = "users:erase"

    def change(self, user: User) -> Event:
        return UserErased(self.user_id)

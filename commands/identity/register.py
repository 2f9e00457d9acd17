"""Registering: a person becomes known to the tape."""

from __future__ import annotations

from uuid import UUID

from commands.base import Command
from domain.base import Events, Role
from domain.identity import User, UserRegistered, VerificationRequested


class RegisterUser(Command, frozen=True, kw_only=True):
    """Make a person known to the tape; asking twice changes nothing."""

    state = User
    allowed = Role.SYSTEM

    user_id: UUID
    #: Of the letter that asks whether the person reads at the address.
    challenge_id: UUID | None = None

    @property
    def stream(self) -> str:
        return f"user-{self.user_id}"

    def decide(self, user: User) -> Events:
        if user.registered:
            return ()
        registered = UserRegistered(user_id=self.user_id)
        if self.challenge_id is None:
            return (registered,)
        return registered, VerificationRequested(self.user_id, self.challenge_id)

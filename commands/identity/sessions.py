"""Sessions: signing in and out, and what ends when something is wrong."""

from __future__ import annotations

from uuid import UUID

from commands.base import Caller, Command, demand_reason
from domain.base import Events, Role
from domain.errors import Forbidden, NotFound
from domain.identity.sessions import (
    SESSION_LIFE,
    LoggedOut,
    Sessions,
    SessionsRevoked,
    TokenFamilyRevoked,
    UserLoggedIn,
)

#: Devices on which one person is signed in; the next one signs out the oldest.
OPEN_MAX = 20


class SessionsCommand(Command, frozen=True, kw_only=True):
    """Decided against all that is open in the name of one person."""

    state = Sessions
    allowed = Role.SYSTEM
    user_id: UUID

    @property
    def stream(self) -> str:
        return f"sessions-{self.user_id}"

    def authorise(self, state: Sessions, by: Caller) -> None:
        """Of somebody else's sessions nobody learns whether there are any."""
        super().authorise(state, by)
        others = by.roles & Role.TRADER and by.actor != f"user:{self.user_id}"
        if others and self.permission not in by.permissions:
            raise NotFound("SESSION_UNKNOWN")


class LogIn(SessionsCommand, frozen=True, kw_only=True):
    """Begin a session of somebody who has proved who they are."""

    session_id: UUID
    methods: tuple[str, ...]
    ip_hash: str
    device_hash: str | None = None
    replaces: UUID | None = None

    def decide(self, sessions: Sessions) -> Events:
        ends_at = self.at + SESSION_LIFE
        begun = UserLoggedIn(
            self.user_id,
            self.session_id,
            self.methods,
            ends_at,
            self.ip_hash,
            self.device_hash,
            self.replaces,
        )
        others = sorted(
            (ends, each)
            for each, ends in sessions.open.items()
            if ends > self.at and each != self.replaces
        )
        beyond = tuple(each for _, each in others[: max(0, len(others) + 1 - OPEN_MAX)])
        if beyond:
            return begun, SessionsRevoked(self.user_id, beyond, "TOO_MANY_DEVICES")
        return (begun,)


class AttendSession(SessionsCommand, frozen=True, kw_only=True):
    """Go on with a session, if it is still open; changes nothing."""

    session_id: UUID

    def decide(self, sessions: Sessions) -> Events:
        ends_at = sessions.open.get(self.session_id)
        if ends_at is None or ends_at <= self.at:
            raise Forbidden("SESSION_ENDED")
        return ()


class LogOut(SessionsCommand, frozen=True, kw_only=True):
    """End one session; ending it twice changes nothing."""

    allowed = Role.TRADER | Role.SYSTEM

    session_id: UUID

    def decide(self, sessions: Sessions) -> Events:
        if self.session_id not in sessions.open:
            return ()
        return (LoggedOut(self.user_id, self.session_id),)


class RevokeTokenFamily(SessionsCommand, frozen=True, kw_only=True):
    """End a session whose refresh token was seen in two hands."""

    urgent = True

    session_id: UUID
    reason: str
    ip_hash: str
    device_hash: str | None = None

    def decide(self, sessions: Sessions) -> Events:
        if self.session_id not in sessions.open:
            return ()
        return (
            TokenFamilyRevoked(
                self.user_id, self.session_id, self.reason, self.ip_hash, self.device_hash
            ),
        )


class RevokeSessions(SessionsCommand, frozen=True, kw_only=True):
    """End all sessions of a person, but for the one to keep."""

    allowed = Role.TRADER | Role.SYSTEM
    permission = "users:security"
    urgent = True

    reason: str
    keep: UUID | None = None

    def __post_init__(self) -> None:
        demand_reason(self.reason)

    def decide(self, sessions: Sessions) -> Events:
        ended = tuple(sorted(set(sessions.open) - {self.keep}))
        return (SessionsRevoked(self.user_id, ended, self.reason),) if ended else ()

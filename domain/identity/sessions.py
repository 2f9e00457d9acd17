"""
Sessions: who is signed in where, which programs may ask in whose name, and until when.

One stream per person.  Addresses and devices stand in facts as keyed digests only: whoever
holds the key can tell that two are the same, nobody can tell which they are.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from immutables import Map

from domain.base import Event, State

#: The longest that anybody stays signed in without proving again who they are.
SESSION_LIFE = timedelta(days=30)


class UserLoggedIn(Event, frozen=True):
    """``methods`` are the proofs given; the session takes the place of ``replaces``."""

    user_id: UUID
    session_id: UUID
    methods: tuple[str, ...]
    ends_at: datetime
    ip_hash: str
    device_hash: str | None = None
    replaces: UUID | None = None


class LoggedOut(Event, frozen=True):
    user_id: UUID
    session_id: UUID


class TokenFamilyRevoked(Event, frozen=True):
    """A refresh token was in two hands, so that the session ended for both."""

    user_id: UUID
    session_id: UUID
    reason: str
    ip_hash: str
    device_hash: str | None = None


class SessionsRevoked(Event, frozen=True):
    user_id: UUID
    sessions: tuple[UUID, ...]
    reason: str


class ApiKeyIssued(Event, frozen=True):
    """``bound`` says whether it is good from named addresses only."""

    user_id: UUID
    key_id: UUID
    scopes: tuple[str, ...]
    expires_at: datetime
    bound: bool


class ApiKeyRevoked(Event, frozen=True):
    """``reason`` is that of somebody else; owners need none."""

    user_id: UUID
    key_id: UUID
    reason: str = ""


class Sessions(State, frozen=True):
    """What is open, each until its time; some of it may be over by now."""

    open: Map[UUID, datetime] = Map()
    keys: Map[UUID, datetime] = Map()

    def evolve(self, event: Event) -> Sessions:
        match event:
            case UserLoggedIn():
                began_at = event.ends_at - SESSION_LIFE
                over = {each for each, ends_at in self.open.items() if ends_at <= began_at}
                left = _without(self.open, {*over, event.replaces})
                return Sessions(left.set(event.session_id, event.ends_at), self.keys)
            case LoggedOut() | TokenFamilyRevoked():
                return Sessions(_without(self.open, {event.session_id}), self.keys)
            case SessionsRevoked():
                return Sessions(_without(self.open, set(event.sessions)), self.keys)
            case ApiKeyIssued():
                return Sessions(self.open, self.keys.set(event.key_id, event.expires_at))
            case ApiKeyRevoked():
                return Sessions(self.open, _without(self.keys, {event.key_id}))
            case _:
                return self


def _without(ends: Map[UUID, datetime], gone: set[UUID] | set[UUID | None]) -> Map[UUID, datetime]:
    for each in gone & set(ends):
        if each is not None:
            ends = ends.delete(each)
    return ends

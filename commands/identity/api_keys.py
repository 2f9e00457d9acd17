"""API keys: programs that ask in somebody's name, within bounds, and no longer than agreed."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from commands.base import Caller, demand_reason
from commands.identity.sessions import SessionsCommand
from domain.base import Events, Role
from domain.errors import Forbidden, Illegal, Invalid, NotFound
from domain.identity.sessions import ApiKeyIssued, ApiKeyRevoked, Sessions

#: What a key may be good for: to look, to trade, and to open accounts and move funds.
SCOPES = ("read", "trade", "manage")
KEYS_MAX = 20
LIFE_MAX = timedelta(days=366)


class IssueApiKey(SessionsCommand, frozen=True, kw_only=True):
    """Let a program ask in one's own name, for some purposes and for some time."""

    allowed = Role.TRADER

    key_id: UUID
    scopes: tuple[str, ...]
    expires_at: datetime
    bound: bool = False

    def __post_init__(self) -> None:
        if not self.scopes or not set(self.scopes) <= set(SCOPES):
            raise _invalid("scopes", f"at least one of {', '.join(SCOPES)}")
        if not self.at < self.expires_at <= self.at + LIFE_MAX:
            raise _invalid("expires_at", f"in the future, at most {LIFE_MAX.days} days away")

    def decide(self, sessions: Sessions) -> Events:
        good = sum(expires_at > self.at for expires_at in sessions.keys.values())
        if good >= KEYS_MAX:
            raise Illegal("API_KEY_LIMIT_REACHED", "revoke one first", most=KEYS_MAX)
        scopes = tuple(scope for scope in SCOPES if scope in self.scopes)
        return (ApiKeyIssued(self.user_id, self.key_id, scopes, self.expires_at, self.bound),)


class RevokeApiKey(SessionsCommand, frozen=True, kw_only=True):
    """Take an API key back, at once and for good; whoever takes another's says why."""

    allowed = Role.TRADER | Role.SYSTEM
    permission = "keys:disable"
    urgent = True

    key_id: UUID
    reason: str = ""

    def authorise(self, state: Sessions, by: Caller) -> None:
        super().authorise(state, by)
        if by.roles & Role.TRADER and by.actor != f"user:{self.user_id}":
            demand_reason(self.reason)

    def decide(self, sessions: Sessions) -> Events:
        if self.key_id not in sessions.keys:
            raise NotFound("API_KEY_UNKNOWN", key_id=str(self.key_id))
        return (ApiKeyRevoked(self.user_id, self.key_id, self.reason),)


class AttendApiKey(SessionsCommand, frozen=True, kw_only=True):
    """Go on with an API key, if it is still good; changes nothing."""

    key_id: UUID

    def decide(self, sessions: Sessions) -> Events:
        expires_at = sessions.keys.get(self.key_id)
        if expires_at is None or expires_at <= self.at:
            raise Forbidden("API_KEY_ENDED")
        return ()


def _invalid(field: str, rule: str) -> Invalid:
    return Invalid("VALIDATION", f"{field}: {rule}", field=field, rule=rule)

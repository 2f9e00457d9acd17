"""The doors: what they report of those they turned away, and of their own keys."""

from __future__ import annotations

from uuid import UUID

from commands.base import Command
from domain.base import Events, Role
from domain.identity.doors import (
    AccessDenied,
    LoginFailed,
    Refusals,
    SigningKeys,
    SigningKeysChanged,
)


class RefusalCommand(Command, frozen=True, kw_only=True):
    """Kept by day, so that no stream of refusals grows for ever."""

    state = Refusals
    allowed = Role.SYSTEM

    ip_hash: str
    user_id: UUID | None = None
    unrecorded: int = 0

    @property
    def stream(self) -> str:
        return f"doors-{self.at:%Y-%m-%d}"


class ReportLoginFailed(RefusalCommand, frozen=True, kw_only=True):
    """Somebody could not prove who they are."""

    reason: str
    name_hash: str
    device_hash: str | None = None

    def decide(self, refusals: Refusals) -> Events:
        return (
            LoginFailed(
                self.reason,
                self.name_hash,
                self.ip_hash,
                self.user_id,
                self.device_hash,
                self.unrecorded,
            ),
        )


class ReportAccessDenied(RefusalCommand, frozen=True, kw_only=True):
    """Somebody was turned away from a door."""

    code: str
    method: str
    route: str

    def decide(self, refusals: Refusals) -> Events:
        return (
            AccessDenied(
                self.code, self.method, self.route, self.ip_hash, self.user_id, self.unrecorded
            ),
        )


class ReportSigningKeys(Command, frozen=True, kw_only=True):
    """Tell which keys sign access tokens; telling it twice changes nothing."""

    state = SigningKeys
    allowed = Role.SYSTEM

    trusted: tuple[str, ...]
    signs: str

    @property
    def stream(self) -> str:
        return "keys-access"

    def decide(self, keys: SigningKeys) -> Events:
        if (keys.trusted, keys.signs) == (self.trusted, self.signs):
            return ()
        return (SigningKeysChanged(self.trusted, self.signs),)

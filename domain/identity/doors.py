"""
The doors: whom they turned away, and with which keys they sign for those they let in.

Refusals come in floods, so they are sampled: ``unrecorded`` counts those like it that went
before without a fact of their own.
"""

from __future__ import annotations

from uuid import UUID

from domain.base import Event, State


class LoginFailed(Event, frozen=True):
    """``name_hash`` tells what was signed in as; ``user_id`` whose it is, if it is anybody's."""

    reason: str
    name_hash: str
    ip_hash: str
    user_id: UUID | None = None
    device_hash: str | None = None
    unrecorded: int = 0


class AccessDenied(Event, frozen=True):
    """``code`` is what the caller was told, ``route`` the pattern of the path."""

    code: str
    method: str
    route: str
    ip_hash: str
    user_id: UUID | None = None
    unrecorded: int = 0


class SigningKeysChanged(Event, frozen=True):
    """The ids of all keys whose access tokens are good, and of the one that signs."""

    trusted: tuple[str, ...]
    signs: str


class Refusals(State, frozen=True):
    """Nothing needs to be remembered of a refusal to record the next one."""

    def evolve(self, event: Event) -> Refusals:
        return self


class SigningKeys(State, frozen=True):
    trusted: tuple[str, ...] = ()
    signs: str = ""

    def evolve(self, event: Event) -> SigningKeys:
        match event:
            case SigningKeysChanged():
                return SigningKeys(event.trusted, event.signs)
            case _:
                return self

"""
Users: the people who trade.

What names a person (e-mail, password) never stands in a fact; it is kept where it can be
erased, and the fact holds only the id.
"""

from __future__ import annotations

from uuid import UUID

from msgspec.structs import replace

from domain.base import Event, State
from domain.identity.people import (
    IdentityLinked,
    SettingsChanged,
    TotpDisabled,
    TotpEnabled,
    UserErased,
    UserVerified,
)
from domain.identity.preferences import Preferences


class UserRegistered(Event, frozen=True):
    user_id: UUID


class User(State, frozen=True):
    """``linked`` are the issuers who vouch for this person."""

    registered: bool = False
    verified: bool = False
    second_factor: bool = False
    linked: frozenset[str] = frozenset()
    preferences: Preferences = Preferences()
    erased: bool = False

    def evolve(self, event: Event) -> User:
        match event:
            case UserRegistered():
                return replace(self, registered=True)
            case UserVerified():
                return replace(self, verified=True)
            case TotpEnabled():
                return replace(self, second_factor=True)
            case TotpDisabled():
                return replace(self, second_factor=False)
            case IdentityLinked():
                return replace(self, linked=self.linked | {event.issuer})
            case SettingsChanged():
                return replace(self, preferences=event.preferences)
            case UserErased():
                return User(registered=True, erased=True)
            case _:
                return self

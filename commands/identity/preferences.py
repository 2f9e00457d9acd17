"""Preferences: how a person wants to be shown things, and told of them."""

from __future__ import annotations

import re

from commands.identity.people import PersonCommand
from domain.base import Event, Role
from domain.errors import Invalid
from domain.identity import User
from domain.identity.people import SettingsChanged
from domain.identity.preferences import ALWAYS_TOLD, Level, Preferences

_LOCALE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}").fullmatch


class ChangeSettings(PersonCommand, frozen=True, kw_only=True):
    """Keep how the person wants to be shown things, and told of them."""

    allowed = Role.TRADER | Role.SYSTEM

    preferences: Preferences

    def __post_init__(self) -> None:
        if not _LOCALE(self.preferences.locale):
            raise _invalid("locale", "a BCP 47 tag such as en-IN")
        for topic in sorted(ALWAYS_TOLD):
            if self.preferences.notifications.get(topic) is Level.OFF:
                raise _invalid("notifications", f"{topic} cannot be OFF")

    def change(self, user: User) -> Event | None:
        if self.preferences == user.preferences:
            return None
        return SettingsChanged(self.user_id, self.preferences)


def _invalid(field: str, rule: str) -> Invalid:
    return Invalid("VALIDATION", f"{field}: {rule}", field=field, rule=rule)

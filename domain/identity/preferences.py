"""Preferences: how a person wants to be shown things, and told of them."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from msgspec import Struct, field


class Theme(StrEnum):
    SYSTEM = "SYSTEM"
    LIGHT = "LIGHT"
    DARK = "DARK"


class Topic(StrEnum):
    ORDER = "ORDER"
    RISK = "RISK"
    MARGIN = "MARGIN"
    BOT = "BOT"
    TOURNAMENT = "TOURNAMENT"
    SECURITY = "SECURITY"
    TICKET = "TICKET"
    SYSTEM = "SYSTEM"


class Level(StrEnum):
    ON = "ON"
    SILENT = "SILENT"
    OFF = "OFF"


#: Of these nobody can ask not to be told.
ALWAYS_TOLD = frozenset({Topic.SECURITY, Topic.MARGIN})


class Preferences(Struct, frozen=True, forbid_unknown_fields=True):
    """A topic that is not named is ON; ``locale`` is a BCP 47 tag such as en-IN."""

    locale: str = "en"
    theme: Theme = Theme.SYSTEM
    default_account_id: UUID | None = None
    confirm_orders: bool = True
    notifications: dict[Topic, Level] = field(default_factory=dict)

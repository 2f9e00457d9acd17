"""
Profiles: what people say of themselves, and how they want to be shown things.

What they say is sealed, here as on the tape; it is opened at the door, for whoever has the key.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from msgspec import Struct, json

from domain.identity import Preferences, ProfileUpdated, SettingsChanged, UserErased
from projections.base import At, Row, as_json
from projections.query import Db, rows, sql

MONEY: bool = False


class ProfileRow(Row, kw_only=True, array_like=True, gc=False):
    """``preferences`` are JSON; nothing is left of either of somebody who was erased."""

    key = ("user_id",)

    user_id: UUID
    sealed_profile: str | None = None
    preferences: str | None = None


TABLE: type[Row] = ProfileRow


def project(event: ProfileUpdated | SettingsChanged | UserErased, at: At) -> Sequence[Row]:
    row = ProfileRow(user_id=event.user_id)
    match event:
        case ProfileUpdated():
            row.sealed_profile = event.sealed_profile
        case SettingsChanged():
            row.preferences = as_json(event.preferences)
        case UserErased():
            row.sealed_profile, row.preferences = "", as_json({})
    return (row,)


class Profile(Struct, frozen=True):
    """``sealed`` is None as long as nothing was said."""

    sealed: str | None = None
    preferences: Preferences = Preferences()


_ONE = sql(
    "SELECT p.sealed_profile AS sealed, p.preferences FROM rm.profiles p WHERE p.user_id = %s"
)


async def one(db: Db, owner: UUID) -> Profile:
    """One's own, also before anything was said or chosen."""
    for found in await rows(db, _ONE, (owner,)):
        preferences = json.decode(found["preferences"] or "{}", type=Preferences)
        return Profile(found["sealed"] or None, preferences)
    return Profile()

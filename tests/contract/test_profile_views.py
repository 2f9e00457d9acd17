"""What is shown of people: what they said last, and nothing of those who are gone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from uuid import UUID

import pytest

from adapters.servers import Database
from domain.base import Event, Fact, Meta
from domain.identity import Preferences, ProfileUpdated, SettingsChanged, UserErased
from domain.identity.preferences import Level, Theme, Topic
from projections import profiles
from projections.profiles import Profile
from projections.query import Db
from tests.contract import views as views_of

pytestmark = pytest.mark.anyio

ADA, BEN, CYD = (UUID(int=number) for number in (71, 72, 73))
NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
DARK = Preferences("en-IN", Theme.DARK, UUID(int=5), False, {Topic.ORDER: Level.SILENT})
HISTORY: tuple[Event, ...] = (
    ProfileUpdated(ADA, "b25jZQ=="),
    ProfileUpdated(ADA, "YWdhaW4="),
    SettingsChanged(BEN, Preferences()),
    SettingsChanged(BEN, DARK),
    ProfileUpdated(CYD, "c2VhbGVk"),
    SettingsChanged(CYD, DARK),
    UserErased(CYD),
)


def facts() -> Iterator[Fact]:
    for position, event in enumerate(HISTORY, 1):
        meta = Meta(actor="x", command_id=ADA, correlation_id=ADA, occurred_at=NOW)
        yield Fact(position, f"user-{event.user_id}", position, event, meta, NOW)  # type: ignore[attr-defined]  # all of these have one


@pytest.fixture(scope="module")
def projected(postgres_server: Database) -> Iterator[Database]:
    with views_of.projected(postgres_server, list(facts())) as database:
        yield database


@pytest.fixture
async def views(projected: Database) -> AsyncIterator[Db]:
    async with views_of.looking(projected) as db:
        yield db


@pytest.mark.parametrize(
    ("person", "shown"),
    [
        (ADA, Profile("YWdhaW4=")),
        (BEN, Profile(None, DARK)),
        (CYD, Profile()),
        (UUID(int=99), Profile()),
    ],
)
async def test_what_was_said_last_is_shown(views: Db, person: UUID, shown: Profile) -> None:
    assert await profiles.one(views, person) == shown

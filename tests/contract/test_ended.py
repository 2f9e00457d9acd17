"""What has ended is known by heart: here at once, elsewhere within a second, and not for ever."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from adapters.ended import Ended
from adapters.servers import Database
from adapters.tape import AsyncTape
from adapters.tokens import Identity
from commands.base import Entry
from domain.base import Event, Role
from domain.errors import Unavailable
from domain.identity import LoggedOut, SessionsRevoked
from tests.contract.tally import EPOCH, Clock, meta

pytestmark = pytest.mark.anyio
ME = UUID(int=1)
LIFE = timedelta(minutes=6)


def who(session: int) -> Identity:
    return Identity(ME, Role.TRADER, 0.0, f"user:{ME}", UUID(int=session))


def entry(after: int, *events: Event) -> Entry:
    return Entry(f"sessions-{ME}", after, events, meta())


async def test_what_another_process_has_ended_is_known_soon(database: Database) -> None:
    clock = Clock()
    async with AsyncTape(database.dsn, clock, "test") as tape:
        await tape.append([entry(0, LoggedOut(ME, UUID(int=11)))])
        ended = Ended(lambda: clock.now, LIFE)
        with pytest.raises(Unavailable):
            ended.has(who(11))  # nobody is let in before it was looked at
        async with ended.kept_fresh(database.dsn):
            assert ended.has(who(11))
            assert not ended.has(who(12))
            both = (UUID(int=12), UUID(int=13))
            await tape.append([entry(1, SessionsRevoked(ME, both, "as agreed"))])
            async with asyncio.timeout(5):
                while not (ended.has(who(12)) and ended.has(who(13))):
                    await asyncio.sleep(0.02)


async def test_what_was_over_long_ago_is_not_even_read(database: Database) -> None:
    clock = Clock()
    async with AsyncTape(database.dsn, clock, "test") as tape:
        await tape.append([entry(0, LoggedOut(ME, UUID(int=11)))])
        clock.now += 2 * LIFE
        await tape.append([entry(1, LoggedOut(ME, UUID(int=12)))])
        ended = Ended(lambda: clock.now, LIFE)
        async with ended.kept_fresh(database.dsn):
            assert (ended.has(who(11)), ended.has(who(12))) == (False, True)


def test_it_is_forgotten_when_no_token_can_be_good_any_more() -> None:
    moment = [EPOCH]
    ended = Ended(lambda: moment[0], LIFE)
    ended.begin_with(())
    ended.committed([(1, entry(0, LoggedOut(ME, UUID(int=11))))])
    assert ended.has(who(11))
    moment[0] += LIFE - timedelta(seconds=1)
    ended.committed([(2, entry(1, LoggedOut(ME, UUID(int=12))))])
    assert (ended.has(who(11)), len(ended)) == (True, 2)
    moment[0] += timedelta(seconds=2)
    ended.committed([(3, entry(2, LoggedOut(ME, UUID(int=13))))])
    assert (ended.has(who(11)), len(ended)) == (False, 2)

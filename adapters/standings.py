"""
Standings: what everybody may do, known by heart.

The facts of access are few, so each process folds them in memory: what it records itself counts
from that very moment, what others record within a second.  Nothing is asked of the database
for a request.  Before the first look at the tape nobody is let in at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from adapters.tape.reader import STREAM as FACTS_OF_STREAM
from adapters.tape.reader import STREAM_PAGE, facts_of, row_factory
from commands.base import Entry
from commands.identity import ACCESS_STREAM
from domain.base import Fact, fold
from domain.errors import Unavailable
from domain.identity import Access, Standing

#: How long what another process has recorded may stay unknown here, in seconds.
LOOK_EVERY_S = 1.0

#: At most a page of the facts of access that follow a version.
Tail = Callable[[int], Awaitable[Sequence[Fact]]]


class Standings:
    """Belongs to one event loop; ``tail`` reads the tape, ``clock`` tells what has expired."""

    def __init__(self, tail: Tail, clock: Callable[[], datetime]) -> None:
        self._tail = tail
        self._clock = clock
        self._known = False
        self._version = 0
        self._drawn: dict[UUID, tuple[Standing, datetime | None]] = {}
        self.access = Access()

    def of(self, user_id: UUID) -> Standing:
        """What this person may do now; Unavailable as long as the tape was never seen."""
        drawn = self._drawn.get(user_id)
        if drawn is not None:
            standing, until = drawn
            if until is None or self._clock() < until:
                return standing
        elif not self._known:
            raise Unavailable("TAPE_UNAVAILABLE", "who may do what is not known yet")
        elif user_id not in self.access.grants and user_id not in self.access.suspended:
            return Standing(user_id)
        return self._draw(user_id)

    def committed(self, news: Sequence[tuple[int, Entry]]) -> None:
        """A follower of dispatch."""
        for _, entry in news:
            if entry.stream == ACCESS_STREAM and entry.after == self._version:
                self._take(fold(self.access, entry.facts), entry.after + len(entry.facts))

    async def look(self) -> None:
        """Take in what is on the tape."""
        while facts := [f for f in await self._tail(self._version) if f.version > self._version]:
            self._take(fold(self.access, (fact.event for fact in facts)), facts[-1].version)
        self._known = True

    @asynccontextmanager
    async def kept_fresh(self) -> AsyncIterator[None]:
        """Look once, and again and again as long as the block lasts."""
        await self._try_to_look()
        looking = asyncio.create_task(self._look_for_ever())
        try:
            yield
        finally:
            looking.cancel()

    async def _look_for_ever(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            await self._try_to_look()

    async def _try_to_look(self) -> None:
        with suppress(psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout):
            await self.look()

    def _take(self, access: Access, version: int) -> None:
        self.access, self._version = access, version
        self._drawn.clear()

    def _draw(self, user_id: UUID) -> Standing:
        now, access = self._clock(), self.access
        suspended = user_id in access.suspended
        standing = Standing(user_id, access.permissions_of(user_id, now), suspended)
        self._drawn[user_id] = standing, access.expiry_of(user_id, now)
        return standing


def tail_from(pool: AsyncConnectionPool[Any], stream: str = ACCESS_STREAM) -> Tail:
    """The facts of one stream (that of access) as the tape in Postgres has them."""

    async def tail(version: int) -> Sequence[Fact]:
        async with (
            pool.connection() as db,
            db.cursor(binary=True, row_factory=row_factory) as cursor,
        ):
            values = (stream, version, None, None, STREAM_PAGE)
            found = await cursor.execute(FACTS_OF_STREAM, values, prepare=True)
            return facts_of(await found.fetchall())

    return tail

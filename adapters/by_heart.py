"""
A stream known by heart: its facts are few, and what they say is asked at every request.

Each process folds them in memory.  What it records itself counts from that very moment, what
others record within a second, and nothing is asked of the database for a request.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Generic

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from adapters.tape.reader import STREAM, STREAM_PAGE, facts_of, row_factory
from commands.base import Entry
from domain.base import Fact, S, fold

#: How long what another process has recorded may stay unknown here, in seconds.
LOOK_EVERY_S = 1.0

#: At most a page of the facts of one stream that follow a version.
Tail = Callable[[int], Awaitable[Sequence[Fact]]]


class ByHeart(Generic[S]):
    """
    Belongs to one event loop; ``tail`` reads the stream on the tape.

    ``state`` counts only once it is ``known``: before the first look it is the beginning.
    """

    def __init__(self, stream: str, beginning: S, tail: Tail) -> None:
        self.state = beginning
        self.known = False
        self._stream = stream
        self._tail = tail
        self._version = 0

    def changed(self) -> None:
        """There is another state: what was derived from the last one is out of date."""

    def committed(self, news: Sequence[tuple[int, Entry]]) -> None:
        """A follower of dispatch."""
        for _, entry in news:
            if entry.stream == self._stream and entry.after == self._version:
                self._take(fold(self.state, entry.facts), entry.after + len(entry.facts))

    async def look(self) -> None:
        """Take in what is on the tape."""
        while facts := [f for f in await self._tail(self._version) if f.version > self._version]:
            self._take(fold(self.state, (fact.event for fact in facts)), facts[-1].version)
        self.known = True

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

    def _take(self, state: S, version: int) -> None:
        self.state, self._version = state, version
        self.changed()


def tail_from(pool: AsyncConnectionPool[Any], stream: str) -> Tail:
    """The facts of one stream as the tape in Postgres has them."""

    async def tail(version: int) -> Sequence[Fact]:
        async with (
            pool.connection() as db,
            db.cursor(binary=True, row_factory=row_factory) as cursor,
        ):
            values = (stream, version, None, None, STREAM_PAGE)
            found = await cursor.execute(STREAM, values, prepare=True)
            return facts_of(await found.fetchall())

    return tail

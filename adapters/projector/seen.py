"""Read-your-writes: a query that names a position waits until its read models have reached it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from typing import Any

import psycopg
from msgspec import Struct
from psycopg import AsyncConnection, Connection

from domain.errors import Unavailable

PATIENCE_S = 2.0
POLL_S = 0.01
_QUERY = "SELECT name, position, state FROM rm.checkpoint WHERE state <> 'building'"

Connections = Callable[[], AbstractAsyncContextManager[AsyncConnection[Any]]]


class _Standing(Struct, frozen=True):
    position: int
    state: str


def reached(db: Connection[Any], names: Iterable[str]) -> int:
    """The fact up to which all of these models are true; 0 where one has not begun."""
    standing = {name: position for name, position, _ in db.execute(_QUERY).fetchall()}
    return min((standing.get(name, 0) for name in names), default=0)


class Seen:
    """
    ``await seen(position, names)`` returns once these models have taken in that fact.

    All who wait share one look at the checkpoints every 10 ms, and while nobody waits there is
    none.  What was reached once is remembered, so an old position costs no look at all.
    """

    def __init__(self, connections: Connections, patience_s: float = PATIENCE_S) -> None:
        self._connections = connections
        self._patience_s = patience_s
        self._standing: dict[str, _Standing] = {}
        self._waiting = 0
        self._looked = asyncio.Condition()
        self._looking: asyncio.Task[None] | None = None

    def position(self, names: Iterable[str]) -> int:
        """As far as is known without looking."""
        none = _Standing(0, "live")
        return min((self._standing.get(name, none).position for name in names), default=0)

    async def __call__(self, position: int, names: Iterable[str]) -> None:
        """Raise Unavailable, with the lag in facts, when that takes too long."""
        names = tuple(names)
        if self.position(names) >= position:
            return
        self._waiting += 1
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        try:
            async with asyncio.timeout(self._patience_s), self._looked:
                await self._looked.wait_for(
                    lambda: self.position(names) >= position or self._is_stopped(names, position)
                )
        except TimeoutError:
            raise self._behind(position, names) from None
        finally:
            self._waiting -= 1
        if self.position(names) < position:
            raise self._behind(position, names)

    async def _look(self) -> None:
        while self._waiting:
            try:
                async with self._connections() as db:
                    cursor = await db.execute(_QUERY, prepare=True)
                    rows = await cursor.fetchall()
            except psycopg.Error:
                rows = []  # nobody waits for ever: patience ends before Postgres is back, or not
            async with self._looked:
                self._standing |= {
                    name: _Standing(position, state) for name, position, state in rows
                }
                self._looked.notify_all()
            await asyncio.sleep(POLL_S)

    def _is_stopped(self, names: Iterable[str], position: int) -> bool:
        """Waiting is in vain: a stopped model stands before that fact."""
        standing = (self._standing.get(name) for name in names)
        return any(s and s.state == "stopped" and s.position < position for s in standing)

    def _behind(self, position: int, names: tuple[str, ...]) -> Unavailable:
        seen = self.position(names)
        detail = "what you ask for is not yet in the read models"
        return Unavailable(
            "PROJECTION_BEHIND", detail, position=position, reached=seen, lag=position - seen
        )

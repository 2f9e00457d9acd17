"""
Watching the tape for facts of a few kinds, whoever records them.

What this process records its dispatch tells at once; this is for what others do, within a
second, and costs nothing per fact that nobody here waits for: Postgres leaves those out.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Collection
from datetime import datetime
from typing import Any

import psycopg
import structlog
from psycopg import AsyncConnection

from adapters.postgres import connect_async
from adapters.tape.reader import COLUMNS, HEAD, facts_of, row_factory
from domain.base import Event, Fact

WATCHED = f"""
SELECT {COLUMNS} FROM es.event
WHERE position > %s AND position <= %s AND type = ANY(%s) ORDER BY position
"""  # noqa: S608
# The streams of one kind stand together in the index of streams: no other fact is looked at.
OF_STREAMS = f"""
SELECT {COLUMNS} FROM es.event
WHERE stream > %s AND stream < %s AND position > %s AND position <= %s AND type = ANY(%s)
ORDER BY position
"""  # noqa: S608
# Positions and times of recording grow together, so a moment is found by halving.
RECORDED_BY = "SELECT recorded_at <= %s FROM es.event WHERE position = %s"

_log = structlog.get_logger("tape")


async def watch(
    dsn: str, kinds: Collection[type[Event]], after: int, every_s: float = 1.0
) -> AsyncGenerator[list[Fact], None]:
    """
    Facts of these kinds that follow a position, as they come, for ever; never an empty list.

    Every fact comes once and in order.  A lost connection only delays them.
    """
    names = [kind.__name__ for kind in kinds]
    while True:
        try:
            async with await connect_async(dsn) as db:
                while True:
                    head = await _head(db)
                    if facts := await _between(db, after, head, names):
                        yield facts
                    after = head
                    await asyncio.sleep(every_s)
        except psycopg.OperationalError as error:
            _log.debug("watching again in a moment", reason=type(error).__name__)
            await asyncio.sleep(every_s)


async def since(
    dsn: str, streams: str, kinds: Collection[type[Event]], moment: datetime
) -> tuple[int, list[Fact]]:
    """
    Facts of these kinds recorded after a moment, and the position up to which that is all.

    ``streams`` is what the names of their streams begin with, hyphen included.
    """
    names = [kind.__name__ for kind in kinds]
    behind = f"{streams[:-1]}."  # the character that follows the hyphen
    async with await connect_async(dsn) as db:
        head = await _head(db)
        first = await _recorded_by(db, head, moment)
        async with db.cursor(binary=True, row_factory=row_factory) as cursor:
            await cursor.execute(OF_STREAMS, (streams, behind, first, head, names))
            return head, facts_of(await cursor.fetchall())


async def _head(db: AsyncConnection[Any]) -> int:
    row = await (await db.execute(HEAD, prepare=True)).fetchone()
    return int(row[0]) if row else 0


async def _between(db: AsyncConnection[Any], after: int, head: int, names: list[str]) -> list[Fact]:
    if after >= head:
        return []
    async with db.cursor(binary=True, row_factory=row_factory) as cursor:
        await cursor.execute(WATCHED, (after, head, names), prepare=True)
        return facts_of(await cursor.fetchall())


async def _recorded_by(db: AsyncConnection[Any], head: int, moment: datetime) -> int:
    """The last position that was recorded by then; 0 if there is none."""
    low, high = 0, head
    while low < high:
        middle = (low + high + 1) // 2
        row = await (await db.execute(RECORDED_BY, (moment, middle), prepare=True)).fetchone()
        if row is not None and row[0]:
            low = middle
        else:
            high = middle - 1
    return low

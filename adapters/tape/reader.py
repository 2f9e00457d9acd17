"""
Reading the tape: by position for those who follow it, by stream for those who ask what was true.

Positions are gapless in the order of commits, so whoever has read up to one has missed nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Iterator
from datetime import datetime
from typing import Any, LiteralString, NamedTuple
from uuid import UUID

import psycopg
from psycopg import AsyncConnection, AsyncCursor, Connection, Cursor

from adapters.postgres import connect_async
from adapters.tape.chain import Head
from adapters.tape.codec import CODEC, Codec
from domain.base import Fact, Meta

CHANNEL = "es_event"
COLUMNS = (
    "position, stream, version, type, schema_version, payload::text, occurred_at, recorded_at,"
    " actor, on_behalf_of, command_id, correlation_id, causation_id, code, hash"
)
PAGE = f"SELECT {COLUMNS} FROM es.event WHERE position > %s ORDER BY position LIMIT %s"  # noqa: S608
STREAM = f"""
SELECT {COLUMNS} FROM es.event
WHERE stream = %s AND version > %s
  AND position <= coalesce(%s, position) AND recorded_at <= coalesce(%s, recorded_at)
ORDER BY version LIMIT %s
"""  # noqa: S608
HEAD = "SELECT position, hash FROM es.head"
STREAM_PAGE = 1000
_PAUSE_MAX_S = 2.0


class Row(NamedTuple):
    """A fact as stored; ``payload`` is the exact text that was hashed."""

    position: int
    stream: str
    version: int
    type: str
    schema_version: int
    payload: str
    occurred_at: datetime
    recorded_at: datetime
    actor: str
    on_behalf_of: str | None
    command_id: UUID
    correlation_id: UUID
    causation_id: UUID | None
    code: str
    hash: bytes


def row_factory(_: Cursor[Any] | AsyncCursor[Any]) -> Any:
    return Row._make


def facts_of(rows: Iterable[Row], codec: Codec = CODEC) -> list[Fact]:
    """Rows in the words of the domain; a row of an old shape may come out as several facts."""
    decode = codec.decode
    facts: list[Fact] = []
    for (
        position, stream, version, type_, schema_version, payload, occurred_at, recorded_at,
        actor, on_behalf_of, command_id, correlation_id, causation_id, _, _,
    ) in rows:  # fmt: skip
        meta = Meta(
            actor=actor,
            command_id=command_id,
            correlation_id=correlation_id,
            occurred_at=occurred_at,
            on_behalf_of=on_behalf_of,
            causation_id=causation_id,
        )
        for event in decode(type_, schema_version, payload):
            facts.append(Fact(position, stream, version, event, meta, recorded_at))
    return facts


class Reader:
    """Pages of one connection, in the form its caller needs."""

    def __init__(self, connection: Connection[Any], codec: Codec = CODEC) -> None:
        self._connection = connection
        self._codec = codec

    def head(self) -> Head:
        position, digest = self._connection.execute(HEAD, prepare=True).fetchone() or (0, b"")
        return Head(position, bytes(digest))

    def rows(self, after: int, limit: int) -> list[Row]:
        """At most ``limit`` rows that follow a position, in order."""
        return self._fetch(PAGE, after, limit)

    def facts(self, after: int, limit: int) -> list[Fact]:
        """The facts of at most ``limit`` rows that follow a position, in order."""
        return facts_of(self.rows(after, limit), self._codec)

    def stream(self, stream: str, upto: int | datetime | None = None) -> Iterator[Fact]:
        """The facts of a stream as of a position or a moment of recording, both included."""
        position = upto if isinstance(upto, int) else None
        moment = upto if isinstance(upto, datetime) else None
        version = -1
        while rows := self._fetch(STREAM, stream, version, position, moment, STREAM_PAGE):
            yield from facts_of(rows, self._codec)
            version = rows[-1].version

    def _fetch(self, query: LiteralString, *values: object) -> list[Row]:
        with self._connection.cursor(binary=True, row_factory=row_factory) as cursor:
            return cursor.execute(query, values, prepare=True).fetchall()


async def follow(
    dsn: str, after: int, limit: int = 1000, poll_s: float = 0.25
) -> AsyncGenerator[list[Row], None]:
    """
    Pages of what follows a position, and then of what is appended, for ever.

    Every row comes once and in order.  A lost connection only delays them.
    """
    pause = poll_s
    while True:
        try:
            async with await connect_async(dsn) as connection:
                await connection.execute(f"LISTEN {CHANNEL}")  # first: what comes now is heard
                while True:
                    rows = await _page(connection, after, limit)
                    pause = poll_s
                    if rows:
                        yield rows
                        after = rows[-1].position
                    else:
                        async for _ in connection.notifies(timeout=poll_s, stop_after=1):
                            pass
        except psycopg.OperationalError:
            await asyncio.sleep(pause)
            pause = min(2 * pause, _PAUSE_MAX_S)


async def _page(connection: AsyncConnection[Any], after: int, limit: int) -> list[Row]:
    async with connection.cursor(binary=True, row_factory=row_factory) as cursor:
        await cursor.execute(PAGE, (after, limit), prepare=True)
        return await cursor.fetchall()

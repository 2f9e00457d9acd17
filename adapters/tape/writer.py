"""
Writing the tape: one connection, one statement a batch, and no guess about a lost answer.

# 1. A batch is sealed on the head that this writer knows.  The head moves by compare and swap,
#    so of all tries to follow one head at most one is ever stored.
# 2. When an answer is lost, every hash that was sent is looked for on the tape.  Found means
#    stored.  Not found means it can be stored only while the head stands still, and then the
#    next try meets it there and one of the two loses.
# 3. Nobody is told "not stored" as long as an unanswered try of the same batch is about.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg import AsyncConnection
from psycopg.errors import SerializationFailure, UniqueViolation
from psycopg.types.json import Json

from adapters.postgres import PATIENCE_S, connect_async
from adapters.tape.batch import Batch, stale
from adapters.tape.chain import Head
from adapters.tape.codec import CODEC, Codec
from commands.base import Entry, Stale
from domain.errors import Unavailable

APPEND = "SELECT es.append(%s, %s, %s, %s, %s::json)"
#: The head, when its fact was recorded, and how far a try of ours is stored.
LOOK = """
SELECT head.position, head.hash, event.recorded_at, (
    SELECT max(position)
    FROM es.event JOIN unnest(%s::bigint[], %s::bytea[]) AS sent(position, hash)
        USING (position, hash)
)
FROM es.head LEFT JOIN es.event ON event.position = head.position
"""
VERSIONS = """
SELECT stream, (SELECT coalesce(max(version), 0) FROM es.event WHERE event.stream = asked.stream)
FROM unnest(%s::text[]) AS asked(stream)
"""
TAKEN = "SELECT key FROM es.claim WHERE key = ANY(%s)"

_STREAMS_KNOWN_MAX = 16_384
_PAUSE_MIN_S, _PAUSE_MAX_S = 0.05, 1.0
_DOWN = (psycopg.OperationalError, psycopg.InternalError, psycopg.InterfaceError)
NOT_STORED = "ERROR"  # the severity of a refusal; FATAL may also strike right after the commit


def away(detail: str = "the event store does not answer") -> Unavailable:
    return Unavailable("TAPE_UNAVAILABLE", detail)


class Writer:
    """One of perhaps several writers of a tape; it belongs to one event loop."""

    def __init__(
        self, dsn: str, clock: Callable[[], datetime], code: str, codec: Codec = CODEC
    ) -> None:
        self.available = True
        self._dsn = dsn
        self._clock = clock
        self._code = code
        self._codec = codec
        self._turn = asyncio.Lock()
        self._connection: AsyncConnection[Any] | None = None
        self._head: Head | None = None
        self._recorded_at = datetime.min.replace(tzinfo=UTC)
        self._reached: dict[str, int] = {}
        self._watch: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()

    async def append(self, entries: Sequence[Entry]) -> int:
        """As ``commands.base.Tape.append``."""
        if not self.available and self._turn.locked():
            raise away()  # a batch is being resolved: this one would only wait behind it
        batch = Batch.of(entries, self._codec)
        async with self._turn:
            streams = {entry.stream for entry in entries} & self._reached.keys()
            if late := stale(entries, {stream: self._reached[stream] for stream in streams}):
                raise Stale(late)
            first = await self._store(batch, entries)
            for entry in entries:
                self.note(entry.stream, entry.after + len(entry.facts))
        return first

    def note(self, stream: str, version: int) -> None:
        """
        Remember how far a stream reaches at least.

        An entry that was decided on facts which were then not stored fits no version noted
        here, even when another writer has filled the same versions with other facts.
        """
        self._reached[stream] = max(version, self._reached.pop(stream, 0))
        if len(self._reached) > _STREAMS_KNOWN_MAX:
            del self._reached[next(iter(self._reached))]

    async def close(self) -> None:
        """Finish what is being sent; a batch still in doubt raises Unavailable OUTCOME_UNKNOWN."""
        self._closing.set()
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        async with self._turn:
            await self._hang_up()

    async def _store(self, batch: Batch, entries: Sequence[Entry]) -> int:
        unanswered: list[Head] = []
        pauses = _pauses()
        while True:
            try:
                connection = await self._connected()
                head, stored = self._head, None
                if head is None:
                    head, stored = await self._look(connection, unanswered)
                if stored is not None:
                    return stored - len(batch) + 1
                return await self._send(connection, batch, head, unanswered)
            except SerializationFailure:
                self._head = None  # somebody else was faster, or an unanswered try of ours
            except UniqueViolation as error:
                raise Stale(await self._late(entries)) from error
            except _DOWN as error:
                self._head = None
                if not unanswered:
                    raise away() from error
                await self._rest(next(pauses))

    async def _send(
        self, connection: AsyncConnection[Any], batch: Batch, head: Head, unanswered: list[Head]
    ) -> int:
        recorded_at = max(self._clock(), self._recorded_at)  # time on the tape never runs back
        sealed = batch.seal(head, recorded_at, self._code)
        claims = None if batch.claims is None else Json(batch.claims, _as_is)
        values = (Json(sealed.json(), _as_is), len(batch), head.position, sealed.head.hash, claims)
        unanswered.append(sealed.head)
        overdue = asyncio.get_running_loop().call_later(PATIENCE_S, self._not_for_now)
        try:
            await connection.execute(APPEND, values, prepare=True)
        except psycopg.Error as error:
            if error.diag.severity_nonlocalized == NOT_STORED:
                unanswered.pop()
            else:
                await self._hang_up()
            raise
        except asyncio.CancelledError:
            await self._hang_up()
            raise
        finally:
            overdue.cancel()
        self.available = True
        self._head, self._recorded_at = sealed.head, recorded_at
        return head.position + 1

    def _not_for_now(self) -> None:
        """Postgres stands still: what is asked now had only to wait behind the batch it has."""
        self.available = False

    async def _look(
        self, connection: AsyncConnection[Any], unanswered: list[Head]
    ) -> tuple[Head, int | None]:
        sent = [head.position for head in unanswered], [head.hash for head in unanswered]
        cursor = await connection.execute(LOOK, sent)
        row = await cursor.fetchone()
        assert row, "the tape has no head"
        position, digest, recorded_at, stored = row
        self._head = Head(position, bytes(digest))
        self._recorded_at = recorded_at or self._recorded_at
        return self._head, stored

    async def _late(self, entries: Sequence[Entry]) -> frozenset[int]:
        """Which entries the tape has no room for: asked once it has refused the whole batch."""
        keys = [entry.claim.key for entry in entries if entry.claim is not None]
        try:
            connection = await self._connected()
            cursor = await connection.execute(VERSIONS, [[entry.stream for entry in entries]])
            versions = dict(await cursor.fetchall())
            cursor = await connection.execute(TAKEN, [keys])
            taken = {bytes(key) for (key,) in await cursor.fetchall()}
        except psycopg.OperationalError as error:
            raise away() from error
        return stale(entries, versions, taken)

    async def _connected(self) -> AsyncConnection[Any]:
        if self._connection is not None and _alive(self._connection):
            return self._connection
        await self._hang_up()
        try:
            self._connection = await connect_async(self._dsn)
        except psycopg.Error:
            self.available = False
            if self._watch is None or self._watch.done():
                self._watch = asyncio.create_task(self._watch_for_return())
            raise
        self.available = True
        return self._connection

    async def _watch_for_return(self) -> None:
        for pause in _pauses():
            await asyncio.sleep(pause)
            async with self._turn:
                if self.available:
                    return
                with contextlib.suppress(psycopg.Error):
                    await self._connected()

    async def _rest(self, seconds: float) -> None:
        """Wait before the next try to learn the fate of a batch."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), seconds)
            raise Unavailable("OUTCOME_UNKNOWN", "stopped before the event store could be asked")

    async def _hang_up(self) -> None:
        self._head = None
        if self._connection is not None:
            await self._connection.close()
            self._connection = None


def _alive(connection: AsyncConnection[Any]) -> bool:
    """Whether nothing was heard of its end: asked before sending, when an end is no riddle yet."""
    with contextlib.suppress(psycopg.OperationalError):
        for _ in range(2):  # the farewell, then the end of the stream
            connection.pgconn.consume_input()
    return not connection.closed


def _pauses() -> Iterator[float]:
    pause = _PAUSE_MIN_S
    while True:
        yield pause
        pause = min(2 * pause, _PAUSE_MAX_S)


def _as_is(document: bytes) -> bytes:
    return document

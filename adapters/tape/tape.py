"""The tape in Postgres, as dispatch needs it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from typing import Any, Self

import psycopg
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from adapters.postgres import Patient, as_app
from adapters.tape.chain import Head
from adapters.tape.codec import CODEC, Codec, decode_state, encode_state, fingerprint
from adapters.tape.reader import COLUMNS, HEAD, facts_of, row_factory
from adapters.tape.writer import Writer, away
from commands.base import Entry
from domain.base import Fact, S, State, fold

#: Facts behind the last snapshot of a stream, and rows read at once.
SNAPSHOT_AFTER = 500
LOAD = """
WITH snapshot AS MATERIALIZED (
    SELECT version, state::text FROM es.snapshot WHERE stream = %(stream)s AND fingerprint = %(by)s
)
SELECT version, NULL AS type, NULL AS schema_version, state FROM snapshot WHERE %(after)s < 0
UNION ALL (
    SELECT version, type, schema_version, payload::text FROM es.event
    WHERE stream = %(stream)s AND version > greatest(%(after)s, (SELECT version FROM snapshot))
    ORDER BY version LIMIT %(limit)s
)
ORDER BY version
"""
SAVE = """
INSERT INTO es.snapshot (stream, version, fingerprint, state) VALUES (%s, %s, %s, %s)
ON CONFLICT (stream) DO UPDATE
    SET version = excluded.version, fingerprint = excluded.fingerprint, state = excluded.state
    WHERE snapshot.version < excluded.version OR snapshot.fingerprint <> excluded.fingerprint
"""
CLAIMED = f"""
SELECT claim.fingerprint, {COLUMNS.replace("position", "event.position", 1)}
FROM es.claim JOIN es.event
    ON event.position >= claim.position AND event.position < claim.position + claim.facts
WHERE claim.key = %s ORDER BY event.position
"""  # noqa: S608
VERSION = "SELECT version FROM es.event WHERE stream = %s ORDER BY version DESC LIMIT 1"
PROBE = "UPDATE ops.heartbeat SET at = clock_timestamp()"
_PATIENCE_S = 2.0
_LOAD_PATIENCE_S = 5.0  # many accounts may wake at once


class AsyncTape:
    """
    ``commands.base.Tape`` on Postgres; belongs to one event loop.

    ``clock`` tells when facts are recorded (UTC), ``code_version`` which program recorded them.
    Opening does not wait for the database: while it is away everything raises Unavailable.
    """

    def __init__(
        self,
        dsn: str,
        clock: Callable[[], datetime],
        code_version: str,
        *,
        codec: Codec = CODEC,
        readers_max: int = 4,
    ) -> None:
        self._writer = Writer(dsn, clock, code_version, codec)
        self._codec = codec
        self._saving: set[asyncio.Task[None]] = set()
        self._readers = AsyncConnectionPool(
            as_app(dsn),
            connection_class=Patient,
            kwargs={"autocommit": True},
            min_size=1,
            max_size=readers_max,
            open=False,
            check=AsyncConnectionPool.check_connection,
            timeout=_PATIENCE_S,
            reconnect_timeout=1.0,  # then again whenever somebody asks
            name="tape",
        )

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def open(self) -> None:
        await self._readers.open()

    async def close(self) -> None:
        await asyncio.gather(*self._saving, return_exceptions=True)
        await self._writer.close()
        await self._readers.close()

    @property
    def available(self) -> bool:
        return self._writer.available

    async def append(self, entries: Sequence[Entry], /) -> int:
        return await self._writer.append(entries)

    async def load(self, stream: str, state: type[S], /) -> tuple[int, S]:
        """The version of the stream (0 if it has no facts), and its history folded."""
        folded = state()
        version, tail = -1, 0
        async with self._reader(_LOAD_PATIENCE_S) as connection:
            while True:
                rows = await self._tail(connection, stream, state, version)
                for _, type_, schema_version, payload in rows:
                    if type_ is None:
                        folded = decode_state(payload, state)
                    else:
                        folded = fold(folded, self._codec.decode(type_, schema_version, payload))
                        tail += 1
                version = rows[-1][0] if rows else version
                if len(rows) < SNAPSHOT_AFTER:
                    break
        version = max(version, 0)
        self._writer.note(stream, version)
        if tail > SNAPSHOT_AFTER:
            saving = asyncio.create_task(self._save(stream, version, folded))
            self._saving.add(saving)
            saving.add_done_callback(self._saving.discard)
        return version, folded

    async def version(self, stream: str, /) -> int:
        """The version of the stream (0 if it has no facts), whoever wrote to it."""
        async with self._reader() as connection:
            row = await (await connection.execute(VERSION, (stream,), prepare=True)).fetchone()
        return int(row[0]) if row else 0

    async def claimed(self, key: bytes, /) -> tuple[bytes, tuple[Fact, ...]] | None:
        """The fingerprint under which this key was first answered, and the facts of the answer."""
        async with self._reader() as connection:
            cursor = connection.cursor(binary=True)
            rows = await (await cursor.execute(CLAIMED, (key,), prepare=True)).fetchall()
        if not rows:
            return None
        make = row_factory(cursor)
        facts = facts_of((make(row[1:]) for row in rows), self._codec)
        return bytes(rows[0][0]), tuple(facts)

    async def head(self) -> Head:
        async with self._reader() as connection:
            row = await (await connection.execute(HEAD, prepare=True)).fetchone()
        assert row, "the tape has no head"
        return Head(row[0], bytes(row[1]))

    async def ping(self) -> None:
        """Raise Unavailable unless Postgres takes a write within two seconds or so."""
        async with self._reader() as connection:
            await connection.execute(PROBE)

    @contextlib.asynccontextmanager
    async def _reader(self, patience_s: float = _PATIENCE_S) -> AsyncIterator[AsyncConnection[Any]]:
        try:
            async with self._readers.connection(patience_s) as connection:
                yield connection
        except psycopg.OperationalError as error:
            raise away() from error

    async def _tail(
        self, connection: AsyncConnection[Any], stream: str, state: type[State], after: int
    ) -> list[Any]:
        values = {
            "stream": stream, "by": fingerprint(state), "after": after, "limit": SNAPSHOT_AFTER
        }  # fmt: skip
        cursor = connection.cursor(binary=True)
        return await (await cursor.execute(LOAD, values, prepare=True)).fetchall()

    async def _save(self, stream: str, version: int, state: State) -> None:
        values = (stream, version, fingerprint(type(state)), encode_state(state).decode())
        with contextlib.suppress(psycopg.OperationalError):  # it is a shortcut, no more
            async with self._readers.connection() as connection:
                await connection.execute(SAVE, values)

"""
The relay: follows the tape and publishes every fact once and in order, whatever fails meanwhile.

# 1. JetStream stores position n only right behind position n-1, so nothing is published twice
#    or left out, however many relays run and wherever one of them dies.
# 2. There is no checkpoint but the stream itself; a stream that was lost is filled again.
# 3. Before a relay goes on, the hash of the last message must be that of its fact: a tape that
#    was set back and went another way must not be continued in silence.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, NoReturn

import psycopg
import structlog
from psycopg import AsyncConnection

from adapters.postgres import connect_async
from adapters.relay.cloudevents import message
from adapters.relay.heartbeat import Heartbeat
from adapters.relay.stream import AWAY, OutOfStep, Refused, Stream, connected
from adapters.tape import Row, UnknownFact
from adapters.tape.reader import CHANNEL, PAGE, row_factory

PAGE_FACTS = 500  # JetStream takes batches of up to 1000 messages
POLL_S = 0.25
PACE_S = 0.04
PAUSE_MIN_S, PAUSE_MAX_S = 0.05, 2.0
FOLLOWING = "following"
HASH = "SELECT encode(hash, 'hex') FROM es.event WHERE position = %s"

Db = AsyncConnection[Any]


class Relay:
    """
    From one tape to one NATS.  ``position`` is the last that is known to be published.

    A stream that has to be made begins at position ``first``, which leaves out what is older.
    """

    def __init__(self, dsn: str, nats_url: str, first: int = 1) -> None:
        self.position = 0
        self.doing = "starting"
        self._dsn = dsn
        self._nats_url = nats_url
        self._first = first
        self._heartbeat = Heartbeat("relay")
        self._pause_s = PAUSE_MIN_S

    async def run(self) -> NoReturn:
        """Publish until cancelled, through every outage.  Refused is for people to resolve."""
        while True:
            try:
                async with await connect_async(self._dsn) as db:
                    # The only writes here are heartbeats, and no disk need wait for those.
                    await db.execute("SET synchronous_commit = off")
                    await db.execute(f"LISTEN {CHANNEL}")  # before reading: what comes now is heard
                    await self._relay(db)
            except psycopg.Error as error:
                await self._wait("Postgres", error)

    async def _relay(self, db: Db) -> NoReturn:
        while True:
            try:
                async with connected(self._nats_url) as stream:
                    await self._follow(db, stream)
            except AWAY as error:
                await self._wait("NATS", error)
                await self._heartbeat.beat(db, self.position, self.doing)
            except (Refused, UnknownFact) as error:
                self.doing = f"refused: {error}"
                structlog.get_logger().error("relay.refused", reason=str(error))
                with suppress(psycopg.Error):
                    await self._heartbeat.last_words(db, self.position, self.doing)
                raise Refused(str(error)) from error

    async def _follow(self, db: Db, stream: Stream) -> NoReturn:
        while True:
            self.position = await self._agreed(db, stream)
            self._say_following()
            try:
                while True:
                    await self._publish_page(db, stream)
                    await self._heartbeat.beat(db, self.position, self.doing)
            except OutOfStep:
                await asyncio.sleep(POLL_S)  # another relay is at work: see how far it got

    async def _agreed(self, db: Db, stream: Stream) -> int:
        """The end of the stream, once it is certain that it tells the story of this tape."""
        end = await stream.end(self._first)
        seal = await stream.seal()
        if seal is not None:
            position, digest = seal
            row = await (await db.execute(HASH, [position])).fetchone()
            if row is None:
                raise Refused(f"the stream reaches position {position} and the tape does not")
            if row[0] != digest:
                raise Refused(f"stream and tape differ at position {position}: {digest}, {row[0]}")
        return end

    async def _publish_page(self, db: Db, stream: Stream) -> None:
        rows = await self._page(db)
        if not rows:
            async for _ in db.notifies(timeout=POLL_S, stop_after=1):
                pass
            return
        await stream.publish(self.position, [message(row) for row in rows])
        self.position = rows[-1].position
        self._pause_s = PAUSE_MIN_S
        self._heartbeat.note((datetime.now(UTC) - rows[0].recorded_at).total_seconds())
        if len(rows) < PAGE_FACTS:
            await asyncio.sleep(PACE_S)  # what is recorded meanwhile shares a page, and its fsync

    async def _page(self, db: Db) -> list[Row]:
        async with db.cursor(binary=True, row_factory=row_factory) as cursor:
            await cursor.execute(PAGE, (self.position, PAGE_FACTS), prepare=True)
            return await cursor.fetchall()

    def _say_following(self) -> None:
        if self.doing != FOLLOWING:
            structlog.get_logger().info("relay.following", position=self.position)
        self.doing = FOLLOWING

    async def _wait(self, whom: str, error: Exception) -> None:
        doing = f"waiting for {whom}"
        if self.doing != doing:
            structlog.get_logger().warning("relay.waiting", whom=whom, error=_told(error))
        self.doing = doing
        await asyncio.sleep(self._pause_s)
        self._pause_s = min(2 * self._pause_s, PAUSE_MAX_S)


def _told(error: Exception) -> str:
    return f"{type(error).__name__} {error}".strip()

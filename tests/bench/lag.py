"""LAG_RM, LAG_JS: how long after it was recorded a fact is seen, in tables and in JetStream."""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import nats
import psycopg
from nats.aio.msg import Msg
from nats.js.api import ConsumerConfig, DeliverPolicy
from psycopg import AsyncConnection

from adapters.relay import NAME, SUBJECTS
from adapters.servers import Database, nats_url
from tests.bench.budgets import Figure, figure
from tests.bench.load import Plan, applied

LOOK_S = 0.004
REACHED = "SELECT min(position) FROM rm.checkpoint WHERE state = 'live'"
RECORDED = "SELECT recorded_at FROM es.event WHERE position > %s ORDER BY position"

#: (time of the clock, the last position that was there to see)
Sightings = list[tuple[float, int]]


def lags(data: Path, database: Database, plan: Plan) -> Iterator[Figure]:
    """Apply the load, watch both, and compare with the times on the tape."""
    with psycopg.connect(database.admin_dsn) as db:
        first = _head(db)
        tables, stream = asyncio.run(_watched(data, database, plan))
        recorded = [at for (at,) in db.execute(RECORDED, [first]).fetchall()]
    yield figure("LAG_RM", p99_ms(recorded, first, tables))
    yield figure("LAG_JS", p99_ms(recorded, first, stream))


def p99_ms(recorded: list[datetime], first: int, seen: Sightings) -> float:
    """``recorded`` are the times of the facts after ``first``; all of them must have been seen."""
    reached = [position for _, position in seen]
    times = [at for at, _ in seen]
    waits = sorted(
        times[bisect_left(reached, position)] - at.timestamp()
        for position, at in enumerate(recorded, first + 1)
    )
    return 1e3 * waits[len(waits) * 99 // 100]


async def _watched(data: Path, database: Database, plan: Plan) -> tuple[Sightings, Sightings]:
    tables: Sightings = []
    stream: Sightings = []
    watching = [
        asyncio.create_task(_watch_tables(database, tables)),
        asyncio.create_task(_watch_stream(data, stream)),
    ]
    await asyncio.sleep(0.5)
    await asyncio.to_thread(applied, plan)
    async with await AsyncConnection.connect(database.admin_dsn, autocommit=True) as db:
        row = await (await db.execute("SELECT position FROM es.head")).fetchone()
        assert row is not None, "a tape has a head"
        while not (tables and stream and min(tables[-1][1], stream[-1][1]) >= row[0]):
            await asyncio.sleep(0.05)
    for task in watching:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    return tables, stream


async def _watch_tables(database: Database, seen: Sightings) -> None:
    """What a reader of every table would be shown, looked up every few milliseconds."""
    async with await AsyncConnection.connect(database.dsn, autocommit=True) as db:
        while True:
            row = await (await db.execute(REACHED, prepare=True)).fetchone()
            assert row is not None, "an aggregate has a row"
            seen.append((time.time(), row[0]))
            await asyncio.sleep(LOOK_S)


async def _watch_stream(data: Path, seen: Sightings) -> None:
    """What a subscriber is sent: the sequence in JetStream is the position on the tape."""

    async def heard(message: Msg) -> None:
        seen.append((time.time(), message.metadata.sequence.stream))

    async with await nats.connect(nats_url(data.resolve())) as client:
        config = ConsumerConfig(deliver_policy=DeliverPolicy.NEW)
        js = client.jetstream()
        await js.subscribe(SUBJECTS, stream=NAME, cb=heard, ordered_consumer=True, config=config)
        await asyncio.Event().wait()


def _head(db: psycopg.Connection[tuple[int]]) -> int:
    row = db.execute("SELECT position FROM es.head").fetchone()
    assert row is not None, "a tape has a head"
    return row[0]

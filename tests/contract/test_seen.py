"""The projector as a process, and those who wait for it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any

import psycopg
import pytest
from psycopg import AsyncConnection, Connection

from adapters.postgres import connect_async
from adapters.projector import (
    Projector,
    Seen,
)
from adapters.servers import Database
from domain.errors import Unavailable
from projections import READ_MODELS
from tests.contract.history import Trading, record
from tests.contract.projecting import (
    MODELS,
    Stumbling,
    disagreeing,
    follow,
    installed,
)


@pytest.fixture
def db(database: Database) -> Iterator[Connection[Any]]:
    with installed(database) as connection:
        yield connection


@asynccontextmanager
async def running(database: Database) -> AsyncIterator[None]:
    stop = threading.Event()
    projector = threading.Thread(target=Projector(database.dsn).run, args=(stop,))
    projector.start()
    try:
        yield
    finally:
        stop.set()
        await asyncio.to_thread(projector.join, 30)
        assert not projector.is_alive()


def seen(database: Database, patience_s: float = 10) -> tuple[Seen, list[int]]:
    """And how often it looked."""
    looks: list[int] = []

    @asynccontextmanager
    async def connection() -> AsyncIterator[AsyncConnection[Any]]:
        looks.append(1)
        async with await connect_async(database.dsn) as mine:
            yield mine

    return Seen(connection, patience_s), looks


@pytest.mark.anyio
async def test_the_projector_hears_of_a_fact_and_goes_on_after_postgres_was_away(
    database: Database, db: Connection[Any]
) -> None:
    facts = Trading(seed=5).facts(90)
    wait, _ = seen(database)
    async with running(database):
        record(db, facts[:30])
        await wait(30, MODELS)
        with psycopg.connect(database.admin_dsn, autocommit=True) as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname ="
                " current_database() AND pid NOT IN (pg_backend_pid(), %s)",
                (db.info.backend_pid,),
            )
        record(db, facts[30:])
        await wait(len(facts), MODELS)
    assert disagreeing(database) == []


@pytest.mark.anyio
async def test_a_query_waits_until_what_was_written_is_seen_and_all_share_one_look(
    database: Database, db: Connection[Any]
) -> None:
    facts = Trading(seed=5).facts(60)
    wait, looks = seen(database)
    record(db, facts)

    async def project_later() -> None:
        await asyncio.sleep(0.2)
        await asyncio.to_thread(follow, db)

    asked = [asyncio.create_task(wait(position, MODELS)) for position in range(1, len(facts))]
    await asyncio.gather(project_later(), *asked)
    assert len(looks) < len(asked)
    so_far = len(looks)
    await wait(len(facts), MODELS)
    assert len(looks) == so_far, "what was reached once is not asked again"


@pytest.mark.anyio
async def test_a_query_that_would_be_stale_says_by_how_much(
    database: Database, db: Connection[Any]
) -> None:
    reached = len(facts := Trading(seed=5).facts(20))
    record(db, facts)
    follow(db)
    wait, _ = seen(database, patience_s=0.2)
    with pytest.raises(Unavailable, match="PROJECTION_BEHIND") as behind:
        await wait(reached + 5, ["orders", "wallets"])
    assert behind.value.context == {"position": reached + 5, "reached": reached, "lag": 5}
    assert behind.value.retry_after == 1


@pytest.mark.anyio
async def test_nobody_waits_for_a_model_that_has_stopped(
    database: Database, db: Connection[Any]
) -> None:
    end = len(facts := Trading(seed=5).facts(150))
    record(db, facts)
    stumbling = Stumbling(READ_MODELS["wallets"], *range(100, end + 1))
    follow(db, {**READ_MODELS, "wallets": stumbling})
    wait, _ = seen(database, patience_s=30)
    begun = monotonic()
    with pytest.raises(Unavailable, match="PROJECTION_BEHIND"):
        await wait(end, ["wallets"])
    await wait(end, ["orders", "fills"])
    assert monotonic() - begun < 15

"""The relay under faults: servers killed, streams deleted, rivals at work, and nothing twice."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from nats.js.errors import APIError

from adapters.postgres import connect_async, migrate
from adapters.relay import NAME, Part, Relay, message, parts
from adapters.servers import Database, Nats, Postgres, furnish, held, nats_url
from adapters.tape import AsyncTape
from tests.e2e.relay.relaying import (
    Trade,
    caught_up,
    published,
    running,
    talking_to,
    tape_rows,
    until,
)

pytestmark = pytest.mark.anyio
KILLS = 3


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with (
        tempfile.TemporaryDirectory(prefix="papertape-") as data,
        held(Path(data)) as folder,
    ):
        yield folder


@pytest.fixture(scope="module")
def postgres(folder: Path) -> Iterator[Postgres]:
    server = Postgres(folder, sync=False)
    try:
        server.launch()
        yield server
    finally:
        server.end()


@pytest.fixture(scope="module")
def database(folder: Path, postgres: Postgres) -> Database:
    """One tape for all of these: none may depend on where it begins."""
    found = furnish(folder)
    migrate(found.admin_dsn)
    return found


@pytest.fixture
def server(folder: Path) -> Iterator[Nats]:
    """Empty, so that there is a stream to be made."""
    shutil.rmtree(folder / "nats", ignore_errors=True)
    server = Nats(folder)
    try:
        server.launch()
        yield server
    finally:
        server.end()


@pytest.fixture
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.relay.stream._ANSWER_S", 1.0)


@pytest.fixture
def url(folder: Path, server: Nats) -> str:
    return nats_url(folder)


async def kill(server: Nats | Postgres) -> None:
    assert server.pid
    os.kill(server.pid, signal.SIGKILL)
    await until(lambda: server.poll() is not None)


async def is_the_tape(url: str, database: Database) -> bool:
    """Every fact at its number, none missing, none twice, none changed."""
    stored = [(each.seq, each.subject, each.data) for each in await published(url)]
    return stored == [(row.position, *message(row)) for row in tape_rows(database.dsn)]


async def last_word(database: Database) -> Part:
    async with await connect_async(database.dsn) as db:
        return (await parts(db))["relay"]


async def test_two_relays_share_the_work_and_one_goes_on_alone(
    database: Database, url: str, tape: AsyncTape, trade: Trade
) -> None:
    async with running(Relay(database.dsn, url)) as one:
        async with running(Relay(database.dsn, url)) as other:
            await trade.go_on(100)
            await trade.go_on_at_once(800)
            await caught_up(one, tape)
            await caught_up(other, tape)
        await trade.go_on(10)
        await caught_up(one, tape)
    assert await is_the_tape(url, database)


async def test_what_was_there_before_is_published_by_both_but_stored_once(
    database: Database, url: str, tape: AsyncTape, trade: Trade
) -> None:
    await trade.go_on_at_once(2000)
    async with running(Relay(database.dsn, url)) as one, running(Relay(database.dsn, url)) as other:
        await caught_up(one, tape)
        await caught_up(other, tape)
    assert await is_the_tape(url, database)


async def test_a_killed_nats_is_caught_up_with(
    server: Nats, database: Database, url: str, tape: AsyncTape, trade: Trade
) -> None:
    async with running(Relay(database.dsn, url)) as relay:
        for _ in range(KILLS):
            before = relay.position
            load = asyncio.create_task(trade.go_on(60))
            await until(lambda: relay.position > before + 20)  # noqa: B023 awaited at once
            await kill(server)
            await load
            await until(lambda: relay.doing == "waiting for NATS")
            server.launch()
            await trade.go_on(10)
        await caught_up(relay, tape)
        assert relay.doing == "following"
    assert await is_the_tape(url, database)


async def test_a_killed_postgres_is_waited_for(
    postgres: Postgres, database: Database, url: str, tape: AsyncTape
) -> None:
    async with running(Relay(database.dsn, url)) as relay:
        for _ in range(KILLS):
            before = relay.position
            load = asyncio.create_task(Trade(tape).go_on(1000))
            await until(lambda: relay.position > before + 20)  # noqa: B023 awaited at once
            await kill(postgres)
            await until(lambda: relay.doing == "waiting for Postgres")
            load.cancel()
            await asyncio.gather(load, return_exceptions=True)
            postgres.launch()
            await until(lambda: relay.doing == "following")
        await caught_up(relay, tape)
    assert await is_the_tape(url, database)


@pytest.mark.usefixtures("impatience")
async def test_a_stopped_nats_is_given_up_and_found_again(
    server: Nats,
    database: Database,
    url: str,
    tape: AsyncTape,
    trade: Trade,
) -> None:
    """It answers nothing, but its connections stand: only a time limit tells."""
    assert server.pid
    async with running(Relay(database.dsn, url)) as relay:
        await caught_up(relay, tape)
        os.kill(server.pid, signal.SIGSTOP)
        await trade.go_on(20)
        await until(lambda: relay.doing == "waiting for NATS")
        os.kill(server.pid, signal.SIGCONT)
        await caught_up(relay, tape)
    assert await is_the_tape(url, database)


async def test_a_deleted_stream_is_filled_again_with_the_same_numbers(
    database: Database, url: str, tape: AsyncTape, trade: Trade
) -> None:
    async with running(Relay(database.dsn, url)) as relay, talking_to(url) as stream:
        await trade.go_on(10)
        await caught_up(relay, tape)
        await stream.delete_stream(NAME)
        await trade.go_on(10)
        await caught_up(relay, tape)
    assert await is_the_tape(url, database)


async def test_nobody_deletes_a_message(
    database: Database, url: str, tape: AsyncTape, trade: Trade
) -> None:
    async with running(Relay(database.dsn, url)) as relay:
        await trade.go_on(1)
        await caught_up(relay, tape)
    async with talking_to(url) as stream:
        with pytest.raises(APIError, match="not permitted"):
            await stream.delete_msg(NAME, 1)
        with pytest.raises(APIError, match="not permitted"):
            await stream.purge_stream(NAME)


async def test_how_far_it_is_can_be_read(
    server: Nats, database: Database, url: str, tape: AsyncTape, trade: Trade
) -> None:
    async def told(doing: str) -> Part:
        async with asyncio.timeout(20):
            while True:
                part = await last_word(database)
                if part.detail == doing and (part.lag_facts > 0) == (doing != "following"):
                    return part
                await asyncio.sleep(0.1)

    async with running(Relay(database.dsn, url)) as relay:
        await trade.go_on(1)
        await caught_up(relay, tape)
        kept_up = await told("following")
        server.end()
        await trade.go_on(1)
        first = await told("waiting for NATS")
        server.launch()
        await caught_up(relay, tape)
        assert (await told("following")).position == (await tape.head()).position
    assert kept_up.position + first.lag_facts == (await tape.head()).position
    assert 0 < first.lag_seconds < 20
    assert first.age_s < 20

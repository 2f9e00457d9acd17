"""One Postgres for the session, one database with the tape for each test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import pytest

import adapters.tape
from adapters.postgres import connect, migrate
from adapters.servers import Database
from adapters.tape import AsyncTape, MemoryTape, Reader
from commands.base import Entry
from tests import servers
from tests.contract.tally import CODEC, Clock

TAPE = sorted(Path(adapters.tape.__file__).parent.glob("*.sql"))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Database]:
    with servers.postgres() as server:
        migrate(server.admin_dsn, TAPE)
        yield server


@pytest.fixture
def database(postgres_server: Database) -> Iterator[Database]:
    with servers.fresh_database(postgres_server) as fresh:
        yield fresh


@pytest.fixture(scope="module")
def kept_database(postgres_server: Database) -> Iterator[Database]:
    """For tests that leave the tape as they found it."""
    with servers.fresh_database(postgres_server) as fresh:
        yield fresh


@pytest.fixture
def reader(database: Database) -> Iterator[Reader]:
    with connect(database.dsn) as connection:
        yield Reader(connection, CODEC)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def tape(database: Database, clock: Clock) -> AsyncIterator[AsyncTape]:
    async with AsyncTape(database.dsn, clock, "test", codec=CODEC) as tape:
        yield tape


def write(database: Database, *batches: Sequence[Entry]) -> None:
    """Put batches on the tape of a database, from a test that has no event loop."""

    async def append() -> None:
        async with AsyncTape(database.dsn, Clock(), "test", codec=CODEC) as tape:
            for batch in batches:
                await tape.append(batch)

    asyncio.run(append())


@pytest.fixture
def memory_tape(clock: Clock) -> MemoryTape:
    return MemoryTape(clock, "test", CODEC)

"""A tape and a NATS for each test of the relay."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from adapters.postgres import migrate
from adapters.servers import Database
from adapters.tape import AsyncTape
from tests import servers
from tests.e2e.relay.relaying import Trade, clock


@pytest.fixture(scope="package")
def postgres_server() -> Iterator[Database]:
    with servers.postgres() as server:
        migrate(server.admin_dsn)
        yield server


@pytest.fixture
def database(postgres_server: Database) -> Iterator[Database]:
    with servers.fresh_database(postgres_server) as fresh:
        yield fresh


@pytest.fixture
async def tape(database: Database) -> AsyncIterator[AsyncTape]:
    async with AsyncTape(database.dsn, clock, "test") as tape:
        yield tape


@pytest.fixture
def trade(tape: AsyncTape) -> Trade:
    return Trade(tape)


@pytest.fixture
def url() -> Iterator[str]:
    with servers.nats() as url:
        yield url

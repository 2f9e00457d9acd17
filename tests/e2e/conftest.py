"""Data folders for tests of the servers themselves."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from adapters.servers import embedded_postgres
from tests.e2e.service import Person, Service, running


@pytest.fixture
def data() -> Iterator[Path]:
    """Not there yet, under a short path that the user nobody may enter, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="papertape-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder) / "data"


@pytest.fixture(scope="session")
def made() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="papertape-") as folder:
        data = Path(folder)
        with embedded_postgres(data, sync=False) as own, psycopg.connect(own.admin_dsn) as db:
            db.execute("create table kept as select 42 as row")
        yield data


@pytest.fixture
def cluster(data: Path, made: Path) -> Path:
    """A data folder with a cluster in it, which nobody holds."""
    return Path(shutil.copytree(made, data))


@pytest.fixture(scope="session")
def service() -> Iterator[Service]:
    """One service for all who can share it."""
    with running(LOG_FILES="true", FEED_SEED="7") as one:
        yield one


@pytest.fixture
def trader(service: Service) -> Iterator[Person]:
    with service.person() as person:
        yield person

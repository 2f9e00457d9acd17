"""A stranger at the door of the service, and a look behind it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from adapters.servers import located
from tests.e2e.service import Person, Service

COUNT = "select count(*) from es.event where actor = %s"


@pytest.fixture(scope="module")
def db(service: Service) -> Iterator[psycopg.Connection]:
    with psycopg.connect(located(service.data.resolve()).admin_dsn, autocommit=True) as db:
        yield db


@pytest.fixture
def stranger(service: Service) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=service.api, timeout=30) as http:
        yield http


@pytest.fixture(scope="module")
def keys(service: Service) -> Path:
    return service.data / "keys"


@pytest.fixture(scope="module")
def someone(service: Service) -> Iterator[Person]:
    with service.person() as person:
        yield person


@pytest.fixture(scope="module")
def account(someone: Person) -> str:
    return someone.account()


@pytest.fixture(scope="module")
def order(someone: Person, account: str) -> str:
    return str(someone.resting(account)["order_id"])


@pytest.fixture
def facts(db: psycopg.Connection, someone: Person, account: str, order: str) -> Iterator[None]:
    """Nothing that happens meanwhile becomes true."""
    before = db.execute(COUNT, [f"user:{someone.user_id}"]).fetchone()
    yield
    assert db.execute(COUNT, [f"user:{someone.user_id}"]).fetchone() == before

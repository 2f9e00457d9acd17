"""Real servers for tests: one Postgres and one NATS a session, one database a test."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from adapters.servers import Database, embedded_nats, embedded_postgres, ensure_database

TEMPLATE = "papertape"


@contextmanager
def postgres() -> Iterator[Database]:
    with (
        tempfile.TemporaryDirectory(prefix="papertape-") as data,
        embedded_postgres(Path(data), sync=False) as database,
    ):
        yield database


@contextmanager
def nats() -> Iterator[str]:
    with (
        tempfile.TemporaryDirectory(prefix="papertape-") as data,
        embedded_nats(Path(data)) as url,
    ):
        yield url


@contextmanager
def fresh_database(server: Database, template: str = TEMPLATE) -> Iterator[Database]:
    """A database of a test's own, as the template is now; nobody may be connected to that."""
    name = f"test_{token_hex(6)}"
    admin = _named(server.admin_dsn, "postgres")
    new = sql.Identifier(name)
    with psycopg.connect(admin, autocommit=True) as db:
        statement = sql.SQL("create database {} template {} owner papertape_owner")
        db.execute(statement.format(new, sql.Identifier(template)))
    ensure_database(admin, name)
    try:
        yield Database(_named(server.dsn, name), _named(server.admin_dsn, name))
    finally:
        with psycopg.connect(admin, autocommit=True) as db:
            db.execute(sql.SQL("drop database {} with (force)").format(new))


def _named(url: str, database: str) -> str:
    return urlsplit(url)._replace(path=f"/{database}").geturl()

"""Postgres: connections as the service's role, and the numbered SQL files that make a database."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import socket
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import psycopg
from psycopg import AsyncConnection, Connection
from psycopg.conninfo import conninfo_to_dict, make_conninfo

APP = "papertape_app"
#: Every file NNNN_name.sql stands beside the adapter that uses it.
MIGRATIONS = Path(__file__).parent
#: As long as a request waits for Postgres, and then somebody says that it does not answer.
PATIENCE_S = 4.0
_LOCK = 0x70617065  # any number, as long as every migrator takes the same
_LEDGER = """
CREATE SCHEMA IF NOT EXISTS ops;
CREATE TABLE IF NOT EXISTS ops.migration (
    number     integer     PRIMARY KEY,
    name       text        NOT NULL,
    checksum   text        NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
"""
# A peer that vanished is noticed in seconds; over a unix socket these mean nothing.
_KEEPALIVE = {
    "connect_timeout": "5",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
}


class MigrationError(Exception):
    """The database was made by files other than ours, so nothing was changed."""


def as_app(dsn: str) -> str:
    """
    The DSN of a session with the service's rights only, whatever its login could do.

    What the DSN says itself wins over the defaults for timeouts; time is told in UTC.
    """
    given = conninfo_to_dict(dsn)
    options = f"{given.pop('options', '')} -c role={APP} -c TimeZone=UTC".strip()
    return make_conninfo("", **{**_KEEPALIVE, **given, "options": options})


def connect(dsn: str) -> Connection[Any]:
    return psycopg.connect(as_app(dsn), autocommit=True)


class Patient(AsyncConnection[Any]):
    """
    A connection on which nothing waits longer than ``PATIENCE_S``: then it counts as lost.

    A Postgres that stands still keeps its connections, and neither a timeout of its own nor
    TCP says anything.  So we hang up, and whoever waits gets OperationalError.
    """

    async def wait(self, gen: Any, *how: Any, **named: Any) -> Any:
        giving_up = asyncio.get_running_loop().call_later(PATIENCE_S, self._hang_up)
        try:
            return await super().wait(gen, *how, **named)
        finally:
            giving_up.cancel()

    def _hang_up(self) -> None:
        with (
            contextlib.suppress(OSError, psycopg.Error),
            socket.socket(fileno=os.dup(self.pgconn.socket)) as line,
        ):
            line.shutdown(socket.SHUT_RDWR)


async def connect_async(dsn: str) -> AsyncConnection[Any]:
    return await AsyncConnection.connect(as_app(dsn), autocommit=True)


def migrate(admin_dsn: str, files: Iterable[Path] | None = None) -> list[str]:
    """
    Run the files that this database has not seen, each in a transaction; return their names.

    The login must be able to create roles and schemas.  Raise MigrationError when a file that
    was applied has changed since, or when the database knows files that we do not have.
    """
    found = _numbered(MIGRATIONS.rglob("[0-9]*_*.sql") if files is None else files)
    with psycopg.connect(admin_dsn, autocommit=True) as db:
        db.execute("SET client_min_messages = warning")
        db.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        db.execute(_LEDGER)
        rows = db.execute("SELECT number, name, checksum FROM ops.migration").fetchall()
        applied = {number: (name, checksum) for number, name, checksum in rows}
        _check(found, applied)
        return [_apply(db, number, file) for number, file in found.items() if number not in applied]


def _numbered(files: Iterable[Path]) -> dict[int, Path]:
    numbered: dict[int, Path] = {}
    for file in sorted(files, key=lambda file: file.name):
        number = int(file.name.split("_")[0])
        if number in numbered:
            raise MigrationError(f"{file.name} and {numbered[number].name} have one number")
        numbered[number] = file
    return numbered


def _check(found: dict[int, Path], applied: dict[int, tuple[str, str]]) -> None:
    for number, (name, checksum) in sorted(applied.items()):
        if number not in found:
            raise MigrationError(f"the database is newer than this program: it has {name}")
        if checksum != _checksum(found[number]):
            raise MigrationError(f"{name} was applied and has changed since: write a new file")


def _checksum(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _apply(db: Connection[Any], number: int, file: Path) -> str:
    with db.transaction():
        db.execute(file.read_bytes())
        db.execute("RESET ROLE")
        db.execute(
            "INSERT INTO ops.migration (number, name, checksum) VALUES (%s, %s, %s)",
            [number, file.stem, _checksum(file)],
        )
    return file.stem

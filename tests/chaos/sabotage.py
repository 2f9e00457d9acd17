"""Sabotage: a service that acknowledges before the disk has it, so that the oracles see a loss."""

from __future__ import annotations

from pathlib import Path

import psycopg

from adapters.servers import located

#: From the next start of Postgres on, which looks at neither again before it does its work.
CARELESS = (
    "ALTER ROLE papertape SET synchronous_commit = off",
    "ALTER SYSTEM SET wal_writer_delay = '3s'",
)


def acknowledge_before_the_disk_has_it(data: Path) -> None:
    with psycopg.connect(located(data).admin_dsn, autocommit=True) as db:
        for statement in CARELESS:
            db.execute(statement.encode())

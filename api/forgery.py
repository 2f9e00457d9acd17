"""A forger at work on a copy of the tape: what somebody could do who owns the database server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from secrets import token_hex
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from adapters import postgres, tape
from adapters.tape import Verdict

_COPY_OUT = "COPY (SELECT * FROM es.{} ORDER BY 1) TO STDOUT (FORMAT binary)"
_COPY_IN = "COPY es.{} FROM STDIN (FORMAT binary)"
_FORGE = """
UPDATE es.event SET payload = replace(payload::text, %s, %s)::json WHERE position = (
    SELECT position FROM es.event WHERE type = 'OrderFilled' AND position(%s in payload::text) > 0
     ORDER BY abs(position - %s / 2) LIMIT 1
) RETURNING position
"""
#: What the forger would like to have bought instead.
BEFORE, AFTER = '"side":"BUY","last_qty":"', '"side":"BUY","last_qty":"1'


def forge_a_copy(admin_dsn: str) -> tuple[Verdict, int, Verdict]:
    """
    Verify a copy of the tape, change one filled quantity in it, and verify it again.

    Returns the verdict before, the position that was changed, and the verdict after.
    """
    with _copy(admin_dsn) as dsn, psycopg.connect(dsn, autocommit=True) as db:
        before = tape.verify(db)
        values = (BEFORE, AFTER, BEFORE, before.head.position)
        row = db.execute(_FORGE, values).fetchone()
        if row is None:
            raise LookupError("nothing was bought that could be forged")
        return before, row[0], tape.verify(db)


@contextmanager
def _copy(admin_dsn: str) -> Iterator[str]:
    """A database of its own with the same facts, and without what protects them."""
    name = f"papertape_copy_{token_hex(4)}"
    identifier = sql.Identifier(name)
    with psycopg.connect(admin_dsn, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(identifier))
        dsn = urlsplit(admin_dsn)._replace(path=f"/{name}").geturl()
        try:
            postgres.migrate(dsn)
            with psycopg.connect(dsn, autocommit=True) as copy:
                for table in ("event", "head", "claim"):
                    copy.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER ALL").format(_es(table)))
                copy.execute("DELETE FROM es.head")
                for table in ("event", "head"):
                    _pour(admin, copy, table)
            yield dsn
        finally:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(identifier))


def _pour(source: psycopg.Connection, target: psycopg.Connection, table: str) -> None:
    name = sql.Identifier(table)
    out, into = sql.SQL(_COPY_OUT).format(name), sql.SQL(_COPY_IN).format(name)
    with source.cursor().copy(out) as rows, target.cursor().copy(into) as sink:
        for data in rows:
            sink.write(data)


def _es(table: str) -> sql.Identifier:
    return sql.Identifier("es", table)

"""Writing rows: new ones by COPY, changes of rows that are there by one statement a table."""

from __future__ import annotations

from typing import Any

from msgspec import json
from msgspec.structs import astuple
from psycopg import Connection, Cursor
from psycopg.types.json import Json

from adapters.projector.fold import Changes
from adapters.projector.tables import Table
from projections.base import Row

Db = Connection[Any]

_encoder = json.Encoder()
#: How JSON writes what CSV has no way to write: control characters.
_CONTROLS = (rb"\n", rb"\r", rb"\t", rb"\b", rb"\f", rb"\u00")


class RowMissing(Exception):
    """A fact changed a row that no earlier fact had made."""


def write(db: Db, table: Table, changes: Changes, has_escapes: bool = True) -> None:
    """All of it, in the transaction that is open.  ``has_escapes`` as an Intake says."""
    with db.cursor() as cursor:
        if changes.new:
            _copy(cursor, table, changes.new, has_escapes)
        if changes.merge:
            _merge(cursor, table, changes.merge)


def encoded(rows: list[Row], has_escapes: bool) -> bytes | None:
    """
    Rows as COPY reads them (``Table.copy``), or None where that cannot be.

    A JSON array of numbers, strings and nulls is a line of CSV once its brackets are gone: the
    same quotes, and the same escape of quotes and of itself.
    """
    lines = _encoder.encode_lines(rows)
    if has_escapes and any(control in lines for control in _CONTROLS):
        return None
    return lines[1:-2].replace(b"]\n[", b"\n")


def _copy(cursor: Cursor[Any], table: Table, rows: list[Row], has_escapes: bool) -> None:
    lines = encoded(rows, has_escapes)
    if lines is None:
        with cursor.copy(table.copy_text) as copy:
            for row in rows:
                copy.write_row(astuple(row))
        return
    with cursor.copy(table.copy) as copy:
        copy.write(lines)


def _merge(cursor: Cursor[Any], table: Table, rows: list[Row]) -> None:
    names = table.changing
    document = Json([{name: getattr(row, name) for name in names} for row in rows], _encoder.encode)
    if table.has_births:
        cursor.execute(table.amend, (document,))
        if cursor.rowcount != len(rows):
            raise RowMissing(f"{len(rows) - cursor.rowcount} rows of {table.name}")
    else:
        cursor.execute(table.upsert, (document,))

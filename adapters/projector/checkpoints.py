"""
Checkpoints: how far each read model has come, and what stopped it.

A checkpoint moves by compare and swap in the transaction that writes the rows.  So every fact
is taken in exactly once, and of two projectors one finds that the other was faster.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal

from msgspec import Struct
from psycopg import Connection
from psycopg.rows import class_row

from adapters.projector.tables import Table, fingerprint
from projections.base import ReadModel, name_of

Db = Connection[Any]

#: Read models are their own small schema: they are rebuilt, never migrated.
SCHEMA = """
CREATE TABLE IF NOT EXISTS rm.checkpoint (
    name             text        NOT NULL,
    version          integer     NOT NULL,
    position         bigint      NOT NULL,
    state            text        NOT NULL CHECK (state IN ('live', 'stopped', 'building')),
    fingerprint      text        NOT NULL,
    updated_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    failure_position bigint,
    failure_detail   text,
    PRIMARY KEY (name, version)
) WITH (fillfactor = 10);
CREATE TABLE IF NOT EXISTS rm.dead_letter (
    name       text        NOT NULL,
    version    integer     NOT NULL,
    position   bigint      NOT NULL,
    stream     text        NOT NULL,
    error      text        NOT NULL,
    first_seen timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (name, version, position)
);
"""
_LOCK = "SELECT pg_advisory_xact_lock(hashtext('rm.install'))"
_SHOWN = """
SELECT name, version, position, state, fingerprint, updated_at, failure_position, failure_detail
  FROM rm.checkpoint WHERE state <> 'building' ORDER BY name
"""
_BEGIN = """
INSERT INTO rm.checkpoint (name, version, position, state, fingerprint) VALUES (%s, %s, %s, %s, %s)
"""
_MOVE = """
UPDATE rm.checkpoint c SET position = %s, updated_at = clock_timestamp()
  FROM unnest(%s::text[], %s::integer[]) AS mine(name, version)
 WHERE (c.name, c.version) = (mine.name, mine.version) AND c.position = %s AND c.state = 'live'
"""
_STOP = """
UPDATE rm.checkpoint SET state = 'stopped', failure_position = %s, failure_detail = %s,
       updated_at = clock_timestamp()
 WHERE name = %s AND version = %s AND position = %s AND state = 'live'
"""
_BURY = """
INSERT INTO rm.dead_letter (name, version, position, stream, error) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT DO NOTHING
"""
_PARKED = "SELECT DISTINCT stream FROM rm.dead_letter WHERE name = %s AND version = %s"
_NEXT = "SELECT coalesce(max(version), 0) + 1 FROM rm.checkpoint WHERE name = %s"
_CLAIM = "SELECT pg_try_advisory_lock(hashtext('rm.rebuild'), hashtext(%s))"
_LEFT = "SELECT version FROM rm.checkpoint WHERE name = %s AND state = 'building'"
_FORGET = "DELETE FROM rm.{} WHERE name = %s AND version = %s"
_BUILD_ON = """
UPDATE rm.checkpoint c SET position = %s, updated_at = clock_timestamp()
  FROM unnest(%s::text[], %s::integer[]) AS mine(name, version)
 WHERE (c.name, c.version) = (mine.name, mine.version)
"""
_OTHERS = "SELECT version FROM rm.checkpoint WHERE name = %s AND version <> %s"
_SHOW = """
UPDATE rm.checkpoint SET position = %s, state = 'live', updated_at = clock_timestamp()
 WHERE name = %s AND version = %s
"""


class Checkpoint(Struct, frozen=True):
    """``position`` is the last fact taken in; a stopped model needs a rebuild."""

    name: str
    version: int
    position: int
    state: Literal["live", "stopped"]
    fingerprint: str
    updated_at: datetime
    failure_position: int | None
    failure_detail: str | None


class Lost(Exception):
    """Somebody else moved the checkpoint: another projector, or a rebuild that is done."""


def install(db: Db, models: Mapping[str, ReadModel]) -> None:
    """Give every model that has none an empty table and a view.  May run any number of times."""
    with db.transaction():
        db.execute(_LOCK)
        db.execute(SCHEMA)
        for name in models.keys() - shown(db).keys():
            table = Table(models[name], 1)
            for statement in (table.drop, table.create, table.index, table.show):
                db.execute(statement)
            begin(db, table, 0, "live")


def shown(db: Db) -> dict[str, Checkpoint]:
    """The checkpoints of what people see, by the name of the model."""
    with db.cursor(row_factory=class_row(Checkpoint)) as cursor:
        return {each.name: each for each in cursor.execute(_SHOWN)}


def begin(db: Db, table: Table, position: int, state: str) -> None:
    mark = fingerprint(table.model)
    db.execute(_BEGIN, (table.model_name, table.version, position, state, mark))


def move(db: Db, tables: Iterable[Table], old: int, new: int) -> None:
    """
    Move these together, or raise Lost.

    Done first in its transaction: whoever comes second waits here, and not after its work.
    """
    names, versions = zip(*((table.model_name, table.version) for table in tables), strict=True)
    moved = db.execute(_MOVE, (new, list(names), list(versions), old), prepare=True).rowcount
    if moved != len(names):
        raise Lost


def stop(db: Db, table: Table, position: int, error: str) -> None:
    """Stand still before the fact at ``position``, with all before it taken in; or raise Lost."""
    values = (position, error, table.model_name, table.version, position - 1)
    if db.execute(_STOP, values).rowcount != 1:
        raise Lost


def bury(db: Db, table: Table, position: int, stream: str, error: str) -> None:
    db.execute(_BURY, (table.model_name, table.version, position, stream, error))


def parked(db: Db, table: Table) -> set[str]:
    """The streams of which this model takes no more facts."""
    rows = db.execute(_PARKED, (table.model_name, table.version)).fetchall()
    return {stream for (stream,) in rows}


# ── versions that are built beside ─────────────────────────────────────────────


def claim(db: Db, name: str) -> bool:
    """Whether this session alone may now build the next version of a model."""
    row = db.execute(_CLAIM, (name,)).fetchone()
    return bool(row and row[0])


def clear(db: Db, model: ReadModel) -> None:
    """Sweep up what a build that died has left."""
    for (version,) in db.execute(_LEFT, (name_of(model),)).fetchall():
        discard(db, Table(model, version))


def next_version(db: Db, model: ReadModel) -> int:
    row = db.execute(_NEXT, (name_of(model),)).fetchone()
    assert row, "an aggregate is one row"
    return int(row[0])


def build_on(db: Db, tables: Iterable[Table], position: int) -> None:
    names, versions = zip(*((table.model_name, table.version) for table in tables), strict=True)
    db.execute(_BUILD_ON, (position, list(names), list(versions)))


def show(db: Db, table: Table, position: int) -> None:
    """Make this version the one that people see and that the projector follows with."""
    db.execute(table.show)
    for (version,) in db.execute(_OTHERS, (table.model_name, table.version)).fetchall():
        discard(db, Table(table.model, version))
    db.execute(_SHOW, (position, table.model_name, table.version))


def discard(db: Db, table: Table) -> None:
    db.execute(table.drop)
    for record in ("dead_letter", "checkpoint"):
        db.execute(_FORGET.format(record).encode(), (table.model_name, table.version))

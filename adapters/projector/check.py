"""Checking read models: what people see against a fresh replay of the tape, row by row."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from adapters.postgres import connect
from adapters.projector import checkpoints
from adapters.projector.build import PAGE, Build, Progress, building, nobody
from adapters.projector.pages import Pages
from adapters.projector.tables import Table
from projections import READ_MODELS
from projections.base import ReadModel


class Finding(Struct, frozen=True):
    """``difference`` is the first row that is only live or only in the replay, None if none is."""

    model: str
    position: int
    state: str
    difference: str | None

    @property
    def agrees(self) -> bool:
        return self.difference is None and self.state == "live"


def check_against_replay(
    dsn: str, progress: Progress = nobody, models: Mapping[str, ReadModel] = READ_MODELS
) -> list[Finding]:
    """
    Compare every model with one made anew up to the same fact; the projector may go on.

    All are compared as of one moment (one snapshot of the database), which on a large tape
    stays open for seconds.
    """
    with building(dsn, list(models), models) as build, connect(dsn) as source:
        pages = Pages(source)
        build.load(progress, upto=min(c.position for c in checkpoints.shown(source).values()))
        with build.db.transaction():
            build.db.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            seen = checkpoints.shown(build.db)
            return [
                _compare(build, table, seen[name], pages) for name, table in build.tables.items()
            ]


def _compare(build: Build, table: Table, seen: checkpoints.Checkpoint, pages: Pages) -> Finding:
    position = build.position
    while position < seen.position:
        rows = pages.after(position, min(PAGE, seen.position - position))
        position = build.take_in([table], rows)
    live = Table(table.model, seen.version)
    row = build.db.execute(live.first_difference(table)).fetchone()
    return Finding(seen.name, seen.position, seen.state, row[0] if row else None)

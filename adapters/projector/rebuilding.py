"""Rebuilding read models: made anew beside the ones that people see, then put in their place."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from psycopg.errors import DeadlockDetected, LockNotAvailable

from adapters.postgres import connect
from adapters.projector import checkpoints
from adapters.projector.build import PAGE, Build, Progress, building, nobody
from adapters.projector.pages import Pages
from adapters.projector.tables import Table
from domain.errors import NotFound, Unavailable
from projections import READ_MODELS
from projections.base import ReadModel

#: The projector moves no checkpoint while this is held, so nothing is missed and nothing doubled.
_HOLD = "SET LOCAL lock_timeout = '2s'; LOCK TABLE rm.checkpoint IN SHARE ROW EXCLUSIVE MODE"
_TRIES = 30
_PAUSE_S = 0.5


def rebuild(
    dsn: str,
    names: Sequence[str],
    progress: Progress = nobody,
    models: Mapping[str, ReadModel] = READ_MODELS,
) -> None:
    """
    Make these models anew from the whole tape.  Readers notice nothing.

    Raise NotFound for a model there is not, Conflict when one is being rebuilt already, and
    BuildFailed at the first fact that cannot be taken in: what people see then stays as it was.
    """
    for name in names:
        if name not in models:
            raise NotFound("READ_MODEL_UNKNOWN", model=name, known=", ".join(models))
    with building(dsn, names, models) as build, connect(dsn) as source:
        pages = Pages(source)
        build.load(progress)
        position = build.position
        while len(rows := pages.after(position, PAGE)) == PAGE:
            position = build.take_in(build.tables.values(), rows)
        # One at a time: whoever locked several views would meet a query that holds one of them.
        for name in names:
            _put_in_place(build, name, position, pages)


def _put_in_place(build: Build, name: str, position: int, pages: Pages) -> None:
    for _ in range(_TRIES):
        try:
            _swap(build, build.tables[name], position, pages)
        except (LockNotAvailable, DeadlockDetected):
            time.sleep(_PAUSE_S)  # a long query is reading; nobody shall queue up behind us
        else:
            del build.tables[name]
            return
    raise Unavailable("READ_MODEL_BUSY", "a query holds the read model", model=name)


def _swap(build: Build, table: Table, position: int, pages: Pages) -> None:
    with build.db.transaction():
        build.db.execute(_HOLD)
        while rows := pages.after(position, PAGE):
            position = build.take_in([table], rows)
        checkpoints.show(build.db, table, position)

"""Building the next version of read models beside the ones that people see."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from psycopg import Connection
from psycopg.errors import DataError, IntegrityError

from adapters.postgres import connect
from adapters.projector import checkpoints
from adapters.projector.fold import Changes, Fold
from adapters.projector.pages import LEAN_CODEC, Intake, Pages, Stored
from adapters.projector.store import RowMissing, write
from adapters.projector.tables import Table
from adapters.tape.codec import Codec
from domain.errors import Conflict
from projections.base import ReadModel, name_of

PAGE = 5_000
#: Facts between two writes: long enough that most orders live and die within.
WINDOW = 25_000
#: Rows kept in memory because they may still change; beyond it they are written and amended.
HELD_MAX = 250_000

Db = Connection[Any]
#: Told how many facts of how many are in.
Progress = Callable[[int, int], None]


class BuildFailed(Exception):
    """A model cannot take in a fact; a rebuild leaves nothing out, so it ends."""

    def __init__(self, model: str, where: str, error: Exception) -> None:
        super().__init__(f"{model} cannot take in {where}: {error!r}")
        self.model = model


def nobody(done: int, total: int) -> None:
    """Nobody watches."""


class Build:
    """
    New tables of some models, read from the very beginning.

    While the tape is read, rows that may still change stay in memory and the rest is copied
    into tables without indexes; so nearly every row is written once.
    """

    def __init__(
        self, dsn: str, db: Db, models: Sequence[ReadModel], codec: Codec = LEAN_CODEC
    ) -> None:
        self.position = 0
        self.db = db
        self._dsn = dsn
        self._codec = codec
        self._indexed = False
        self.tables = {
            name_of(model): Table(model, checkpoints.next_version(db, model)) for model in models
        }
        with db.transaction():
            for table in self.tables.values():
                db.execute(table.create)
                checkpoints.begin(db, table, 0, "building")

    def load(self, progress: Progress = nobody, upto: int | None = None) -> None:
        """Read up to the head (or a position), and index what was written."""
        folds = {Fold(t.model, beginning=True): t for t in self.tables.values()}
        intake = Intake(folds, self._codec, _give_up)
        with connect(self._dsn) as source, ThreadPoolExecutor(2) as aside, _without_gc():
            pages = Pages(source)
            end = pages.head() if upto is None else upto
            reading = aside.submit(pages.after, 0, min(PAGE, end))
            writing: Future[None] = aside.submit(_nothing)
            written = 0
            while rows := reading.result():
                position = rows[-1][0]
                reading = aside.submit(pages.after, position, min(PAGE, end - position))
                intake.take(rows)
                if position - written >= WINDOW or position == end:
                    changes = self._due(folds, position == end)
                    writing.result()
                    writing = aside.submit(self._write, changes, position, intake.has_escapes)
                    written = position
                    progress(position, end)
            writing.result()
        self.position = written
        self._index()

    def _due(self, folds: Mapping[Fold, Table], everything: bool) -> dict[Table, Changes]:
        everything = everything or sum(map(len, folds)) > HELD_MAX
        return {
            table: fold.taken() if everything else fold.taken_if_final()
            for fold, table in folds.items()
        }

    def _write(self, changes: Mapping[Table, Changes], position: int, has_escapes: bool) -> None:
        if any(each.merge for each in changes.values()):
            self._index()
        with self.db.transaction():
            for table, each in changes.items():
                try:
                    write(self.db, table, each, has_escapes)
                except (DataError, IntegrityError, RowMissing) as error:
                    where = f"a fact of the last up to {position}"
                    raise BuildFailed(table.model_name, where, error) from error
            checkpoints.build_on(self.db, changes, position)

    def _index(self) -> None:
        if not self._indexed:
            for table in self.tables.values():
                self.db.execute(table.index)
            self._indexed = True

    def take_in(self, tables: Iterable[Table], rows: Sequence[Stored]) -> int:
        """What comes next, once loaded; return the position reached."""
        folds = {Fold(table.model): table for table in tables}
        intake = Intake(folds, self._codec, _give_up)
        intake.take(rows)
        position = rows[-1][0]
        changes = {table: fold.taken() for fold, table in folds.items()}
        self._write(changes, position, intake.has_escapes)
        return position

    def discard(self) -> None:
        """Leave no trace of what is not shown."""
        with self.db.transaction():
            for table in self.tables.values():
                checkpoints.discard(self.db, table)


@contextmanager
def building(dsn: str, names: Sequence[str], models: Mapping[str, ReadModel]) -> Iterator[Build]:
    """
    A build of these models; at the end, what is not shown by then is discarded.

    Raise Conflict when one of them is being built already.
    """
    with connect(dsn) as db:
        for name in names:
            if not checkpoints.claim(db, name):
                raise Conflict("REBUILD_RUNNING", "somebody is rebuilding it", model=name)
            checkpoints.clear(db, models[name])
        db.execute("SET synchronous_commit = off")
        db.execute("SET maintenance_work_mem = '64MB'")
        build = Build(dsn, db, [models[name] for name in names])
        try:
            yield build
        finally:
            if not db.closed:
                build.discard()


@contextmanager
def _without_gc() -> Iterator[None]:
    """Millions of rows come and go without one cycle; looking for cycles takes half the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _give_up(fold: Fold, row: Stored, error: Exception) -> None:
    raise BuildFailed(name_of(fold.model), f"fact {row[0]}", error) from error


def _nothing() -> None:
    return

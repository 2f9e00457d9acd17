"""
The projector: follows the tape and keeps every read model true.

Models that are level share one reading, one decoding and one transaction; a model that is
behind catches up by itself until it is level.  A fact that a model cannot take in parks its
stream for that model, with everything that follows in it, in ``rm.dead_letter``; a model of
money stops instead.  Either way a rebuild after the repair puts it right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import structlog
from psycopg import Connection
from psycopg.errors import DataError, DeadlockDetected, IntegrityError

from adapters.projector import checkpoints
from adapters.projector.checkpoints import Lost
from adapters.projector.fold import Fold
from adapters.projector.pages import LEAN_CODEC, Intake, Pages, Stored
from adapters.projector.store import RowMissing, write
from adapters.projector.tables import Table, fingerprint
from adapters.tape.codec import Codec, UnknownFact
from projections.base import ReadModel

PAGE = 1000

_FOLLOWS = "follows a dead letter of its stream"

_log = structlog.get_logger("projector")


class Poison(Exception):
    """A fact that one model cannot take in."""

    def __init__(self, table: Table, position: int, error: Exception) -> None:
        super().__init__(table.model_name, position)
        self.table = table
        self.position = position
        self.error = error


class Live:
    """The read models as people see them, on one connection that is its own."""

    def __init__(
        self, db: Connection[Any], models: Mapping[str, ReadModel], codec: Codec = LEAN_CODEC
    ) -> None:
        self._db = db
        self._models = models
        self._codec = codec
        self._pages = Pages(db)
        self._positions: dict[Table, int] = {}
        self._parked: dict[Table, set[str]] = {}
        # Committed like the tape itself: rows that are shown before the disk has them are gone
        # again when Postgres dies, and whoever has seen them would be shown something older.
        self.look()

    def look(self) -> None:
        """Find out where every model stands; one that another program made is left alone."""
        self._positions = {
            Table(model, each.version): each.position
            for each in checkpoints.shown(self._db).values()
            if each.state == "live"
            and (model := self._models.get(each.name)) is not None
            and each.fingerprint == fingerprint(model)
        }
        self._parked = {table: checkpoints.parked(self._db, table) for table in self._positions}

    def step(self, page: int = PAGE) -> int:
        """Take in a page for every group of level models; returns the rows of the fullest."""
        by_position = sorted(self._positions.items(), key=lambda item: item[1])
        groups = [
            (position, [table for table, _ in level])
            for position, level in groupby(by_position, key=lambda item: item[1])
        ]
        most = 0
        ahead = [position for position, _ in groups[1:]]
        for (position, tables), next_group in zip(groups, [*ahead, None], strict=True):
            limit = page if next_group is None else min(page, next_group - position)
            rows = self._pages.after(position, limit)
            if not rows:
                continue
            most = max(most, len(rows))
            try:
                self._take_in(tables, rows)
            except (Lost, DeadlockDetected):
                self.look()  # another projector was faster, or a rebuild is done
                return page
        return most

    def _take_in(self, tables: Sequence[Table], rows: Sequence[Stored]) -> None:
        """All of these rows, as far as the models can take them."""
        if not tables:
            return
        try:
            self._commit(tables, rows)
        except Poison as poison:
            self._isolate(poison, tables, rows)
        except UnknownFact:
            if len(rows) == 1:
                raise  # a newer program wrote it: this one must not pass it
            self._take_in_halves(tables, rows)
        except (DataError, IntegrityError, RowMissing) as error:
            if len(rows) > 1:
                self._take_in_halves(tables, rows)
            elif len(tables) > 1:
                for table in tables:
                    self._take_in([table], rows)
            else:
                self._isolate(Poison(tables[0], rows[0][0], error), tables, rows)

    def _take_in_halves(self, tables: Sequence[Table], rows: Sequence[Stored]) -> None:
        half = len(rows) // 2
        self._take_in(tables, rows[:half])
        self._take_in([table for table in tables if table in self._positions], rows[half:])

    def _commit(self, tables: Sequence[Table], rows: Sequence[Stored]) -> None:
        old, new = rows[0][0] - 1, rows[-1][0]
        folds = {Fold(table.model, parked=self._parked[table]): table for table in tables}

        def failed(fold: Fold, row: Stored, error: Exception) -> None:
            raise Poison(folds[fold], row[0], error)

        intake = Intake(folds, self._codec, failed)
        intake.take(rows)
        with self._db.transaction():
            checkpoints.move(self._db, tables, old, new)
            for fold, table in folds.items():
                write(self._db, table, fold.taken(), intake.has_escapes)
                for at in fold.passed_over:
                    checkpoints.bury(self._db, table, at.position, at.stream, _FOLLOWS)
        for table in tables:
            self._positions[table] = new

    def _isolate(self, poison: Poison, tables: Sequence[Table], rows: Sequence[Stored]) -> None:
        """Take in what comes before the fact, stop the model or park the stream, go on."""
        before = poison.position - rows[0][0]
        if before:
            self._take_in(tables, rows[:before])
        table, row = poison.table, rows[before]
        error = f"{type(poison.error).__name__}: {poison.error}"[:1000]
        with self._db.transaction():
            if table.model.MONEY:
                checkpoints.stop(self._db, table, poison.position, error)
            else:
                checkpoints.bury(self._db, table, poison.position, row[1], error)
        outcome = "stopped" if table.model.MONEY else "parked"
        _log.error(
            "read model cannot take in a fact",
            model=table.model_name,
            position=poison.position,
            stream=row[1],
            outcome=outcome,
            error=error,
        )
        if table.model.MONEY:
            del self._positions[table]
        else:
            self._parked[table].add(row[1])
        self._take_in([each for each in tables if each in self._positions], rows[before:])

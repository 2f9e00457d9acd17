"""
Folding: many facts become few changes of rows, in memory, before anything is written.

Changes of one row merge into one; a row that is born in the same window is written whole.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple

from domain.base import Event
from projections.base import At, Line, ReadModel, Row, columns, takes

_Keep = Callable[[Sequence[Row], At], None]


class Changes(NamedTuple):
    """What is to be written: ``new`` rows, and changes to ``merge`` with what is there."""

    new: list[Row]
    merge: list[Row]


class Fold:
    """
    The changes of one model's rows since they were last taken away.

    Told that it starts from the very ``beginning`` of the tape, it knows that a row it has not
    seen is not there.  Facts of ``parked`` streams are passed over.
    """

    def __init__(
        self, model: ReadModel, *, beginning: bool = False, parked: Collection[str] = ()
    ) -> None:
        self.model = model
        self.takes = takes(model)
        self.passed_over: list[At] = []
        self._parked = parked
        self._all_new = beginning and not _once(model.TABLE)
        self._lines: list[Row] = []
        self._births: dict[Any, Row] = {}
        self._merges: dict[Any, Row] = {}
        self._keep = self._lines_keeper() if issubclass(model.TABLE, Line) else self._rows_keeper()

    def __len__(self) -> int:
        return len(self._lines) + len(self._births) + len(self._merges)

    def take(self, event: Event, at: At) -> None:
        """Take in one fact, or raise and be as if it had not been seen."""
        if self._parked and at.stream in self._parked:
            self.passed_over.append(at)
        else:
            self._keep(self.model.project(event, at), at)

    def take_all(self, events: Iterable[Event], at: At) -> None:
        """Take in what became of one fact of an old shape."""
        if at.stream in self._parked:
            self.passed_over.append(at)
            return
        mine = [event for event in events if isinstance(event, self.takes)]
        self._keep([row for event in mine for row in self.model.project(event, at)], at)

    def taken(self) -> Changes:
        """Take everything away."""
        changes = Changes([*self._lines, *self._births.values()], list(self._merges.values()))
        for kept in (self._lines, self._births, self._merges):
            kept.clear()
        self._all_new = False
        return changes

    def taken_if_final(self) -> Changes:
        """Take away what no later fact is expected to change, and remember the rest."""
        final = [(key, row) for key, row in self._births.items() if row.is_final]
        for key, _ in final:
            del self._births[key]
        changes = Changes([*self._lines, *(row for _, row in final)], list(self._merges.values()))
        self._lines.clear()
        self._merges.clear()
        return changes

    def _lines_keeper(self) -> _Keep:
        lines = self._lines

        def keep(changes: Sequence[Row], at: At) -> None:
            position, recorded_at = at.position, at.recorded_at
            for change in changes:
                change.position = position
                change.updated_at = recorded_at
                lines.append(change)

        return keep

    def _rows_keeper(self) -> _Keep:
        births, merges = self._births, self._merges
        key_of, merge, is_birth = _compiled(self.model.TABLE)

        def keep(changes: Sequence[Row], at: At) -> None:
            position, recorded_at = at.position, at.recorded_at
            for change in changes:
                change.position = position
                change.updated_at = recorded_at
                key = key_of(change)
                row = births.get(key) or merges.get(key)
                if row is not None:
                    merge(row, change)
                elif self._all_new or is_birth(change):
                    births[key] = change
                else:
                    merges[key] = change

        return keep


def takers(folds: Iterable[Fold]) -> dict[str, list[Fold]]:
    """Who takes which facts, by the name of the fact."""
    by_name: dict[str, list[Fold]] = {}
    for fold in folds:
        for event in fold.takes:
            by_name.setdefault(event.__name__, []).append(fold)
    return by_name


def _once(table: type[Row]) -> list[str]:
    return [column.name for column in columns(table) if column.merge == "once"]


@cache
def _compiled(
    table: type[Row],
) -> tuple[Callable[[Row], Any], Callable[[Row, Row], None], Callable[[Row], bool]]:
    """
    The key of a row, the merge of a change into it, and whether a change is a birth.

    Written out for the columns of this table, as a dataclass's ``__init__`` is: merging is half
    the work of a rebuild, and a loop over names takes four times as long.
    """
    uuids = {column.name for column in columns(table) if column.sql == "uuid"}
    # A UUID is hashed in Python, its number in C.
    key = ", ".join(f"row.{name}.int" if name in uuids else f"row.{name}" for name in table.key)
    birth = _once(table)[:1]
    body = [f"def key(row): return {key}", "def merge(row, change):", "    pass"]
    for column in columns(table):
        if column.merge == "set":
            body.append(
                f"    if (value := change.{column.name}) is not None: row.{column.name} = value"
            )
        elif column.merge == "sum":
            body.append(f"    if value := change.{column.name}: row.{column.name} += value")
    body.append(f"def is_birth(row): return {f'row.{birth[0]} is not None' if birth else False}")
    made: dict[str, Any] = {}
    exec("\n".join(body), made)  # noqa: S102 - the names of our own columns
    return made["key"], made["merge"], made["is_birth"]

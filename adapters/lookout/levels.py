"""
Levels: thresholds of one value, and who is reached when it moves.

Those that are reached from below stand lowest first, those from above highest first, so that a
value that reaches nobody costs two comparisons, however many wait.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from decimal import Decimal
from uuid import UUID

_Line = list[tuple[Decimal, UUID]]


class Levels:
    def __init__(self) -> None:
        self._rising: _Line = []
        self._falling: _Line = []

    def __len__(self) -> int:
        return len(self._rising) + len(self._falling)

    def add(self, name: UUID, level: Decimal, *, rising: bool) -> None:
        insort(self._rising if rising else self._falling, (level if rising else -level, name))

    def remove(self, name: UUID, level: Decimal, *, rising: bool) -> None:
        """One that is not there stays away."""
        line = self._rising if rising else self._falling
        entry = (level if rising else -level, name)
        place = bisect_left(line, entry)
        if place < len(line) and line[place] == entry:
            del line[place]

    def reached(self, value: Decimal) -> Iterator[UUID]:
        """Whom this value reaches; they wait no longer."""
        yield from _taken(self._rising, value)
        yield from _taken(self._falling, -value)


def _taken(line: _Line, furthest: Decimal) -> list[UUID]:
    if not line or line[0][0] > furthest:
        return []
    place = next((n for n, (level, _) in enumerate(line) if level > furthest), len(line))
    taken = [name for _, name in line[:place]]
    del line[:place]
    return taken

"""The heartbeat of a part that follows the tape: how far it has come, for everybody to see."""

from __future__ import annotations

import time
from typing import Any

from msgspec import Struct
from psycopg import AsyncConnection
from psycopg.rows import class_row

EVERY_S = 1.0
BEAT = """
INSERT INTO ops.part (part, position, lag_facts, lag_seconds, at, detail)
SELECT %(part)s, %(position)s, greatest(0, head.position - %(position)s),
       greatest(%(worst_s)s, extract(epoch FROM clock_timestamp() - next.recorded_at)),
       clock_timestamp(), %(detail)s
FROM es.head LEFT JOIN es.event AS next ON next.position = %(position)s + 1
ON CONFLICT (part) DO UPDATE SET
    position = excluded.position, lag_facts = excluded.lag_facts,
    lag_seconds = excluded.lag_seconds, at = excluded.at, detail = excluded.detail
"""
PARTS = """
SELECT part AS name, position, lag_facts, lag_seconds, detail,
       extract(epoch FROM clock_timestamp() - at)::float8 AS age_s
FROM ops.part
"""


class Part(Struct, frozen=True):
    """
    What a part said last, ``age_s`` seconds ago; far more than a second means that it is gone.

    ``lag_seconds`` is the longest that a fact had to wait for it since it spoke before.
    """

    name: str
    position: int
    lag_facts: int
    lag_seconds: float
    detail: str
    age_s: float


class Heartbeat:
    """The heartbeat of one part: beats as often as it is asked to, but once a second at most."""

    def __init__(self, part: str) -> None:
        self._part = part
        self._next = 0.0
        self._worst_s = 0.0

    def note(self, lag_s: float) -> None:
        """How long a fact had to wait."""
        self._worst_s = max(self._worst_s, lag_s)

    async def beat(self, db: AsyncConnection[Any], position: int, detail: str) -> None:
        if time.monotonic() < self._next:
            return
        said = {
            "part": self._part, "position": position, "worst_s": self._worst_s, "detail": detail
        }  # fmt: skip
        await db.execute(BEAT, said)
        self._worst_s, self._next = 0.0, time.monotonic() + EVERY_S

    async def last_words(self, db: AsyncConnection[Any], position: int, detail: str) -> None:
        self._next = 0.0
        await self.beat(db, position, detail)


async def parts(db: AsyncConnection[Any]) -> dict[str, Part]:
    """The parts that ever ran, by name."""
    async with db.cursor(row_factory=class_row(Part)) as cursor:
        await cursor.execute(PARTS)
        return {part.name: part async for part in cursor}

"""Verifying the tape: every fact in its place, every hash right, the head where it belongs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import psycopg
from msgspec import Struct
from psycopg import Connection
from psycopg.pq import Format

from adapters.tape.chain import ORIGIN, Envelope, Head, link

PAGE = 5000
#: The envelope in its order, then payload and hash.  Ids as text, because only text is hashed.
ROWS = """
SELECT position, stream, version, type, schema_version, occurred_at, recorded_at, actor,
       on_behalf_of, command_id::text, correlation_id::text, causation_id::text, code,
       payload::text, hash
FROM es.event WHERE position > %s ORDER BY position LIMIT %s
"""
END = "SELECT position, hash, (SELECT coalesce(max(position), 0) FROM es.event) FROM es.head"
_TO_2000_US = 946_684_800_000_000  # Postgres counts microseconds from there


class Verdict(Struct, frozen=True):
    """
    How far the tape is sound: ``head`` is the last good position and its hash.

    ``bad`` is the first position that is not what it should be, and ``reason`` why.
    """

    head: Head
    bad: int | None = None
    reason: str = ""

    @property
    def sound(self) -> bool:
        return self.bad is None

    def __str__(self) -> str:
        if self.sound:
            return f"{self.head.position} facts, chain ok, head {self.head.hash.hex()}"
        return f"position {self.bad}: {self.reason}"


def verify(connection: Connection[Any], progress: Callable[[int], None] | None = None) -> Verdict:
    """
    Walk the tape from its first fact to its head; ``progress`` hears each position reached.

    The service may go on writing meanwhile: what is appended during the walk is walked too.
    """
    with connection.cursor(binary=True) as cursor:
        number = psycopg.adapters.get_loader(psycopg.adapters.types["int8"].oid, Format.BINARY)
        assert number, "psycopg reads integers"
        cursor.adapters.register_loader("timestamptz", number)
        walk = Walk()
        over = False
        while not over:
            rows = cursor.execute(ROWS, (walk.head.position, PAGE), prepare=True).fetchall()
            walk.over(rows)
            if progress is not None:
                progress(walk.head.position)
            if walk.bad is None and len(rows) < PAGE:
                position, digest, last = cursor.execute(END).fetchone() or (0, b"", 0)
                over = walk.is_over(Head(position, digest), last)
            over = over or walk.bad is not None
    return Verdict(walk.head, walk.bad, walk.reason)


class Walk:
    """Where the walk stands, and the first thing that is wrong."""

    def __init__(self) -> None:
        self.head = ORIGIN
        self.bad: int | None = None
        self.reason = ""
        self._versions: dict[str, int] = {}

    def over(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Go on over rows in the order of positions, up to the first that is bad."""
        versions = self._versions
        for (
            position, stream, version, type_, schema_version, occurred, recorded, actor,
            on_behalf_of, command_id, correlation_id, causation_id, code, payload, digest,
        ) in rows:  # fmt: skip
            if position != self.head.position + 1:
                return self.stop(f"it is missing, position {position} comes next")
            before = versions.get(stream)
            if version != before + 1 if before is not None else version > 1:
                return self.stop(f"version {version} of {stream} follows version {before or 0}")
            envelope: Envelope = (
                position, stream, version, type_, schema_version, occurred + _TO_2000_US,
                recorded + _TO_2000_US, actor, on_behalf_of, command_id, correlation_id,
                causation_id, code,
            )  # fmt: skip
            if link(self.head.hash, envelope, payload.encode()) != digest:
                return self.stop("its hash does not fit what stands there and before")
            versions[stream] = version
            self.head = Head(position, digest)
        return None

    def is_over(self, head: Head, last: int) -> bool:
        """Whether the walk has reached the head; ``last`` is the last position on the tape."""
        if last > head.position:
            self.stop(f"it stands beyond the head, which is at {head.position}", head.position + 1)
        elif last < head.position:
            self.stop(f"it is missing, the head stands at {head.position}")
        elif last == self.head.position and head.hash != self.head.hash:
            self.stop("the head has another hash", last)
        return self.bad is not None or head.position == self.head.position

    def stop(self, reason: str, position: int | None = None) -> None:
        self.bad, self.reason = position or self.head.position + 1, reason

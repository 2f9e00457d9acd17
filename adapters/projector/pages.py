"""
Reading the tape for read models: only what they see, and evidence left as the text it is.

Evidence is shown as it was stored, so its dozen numbers are not made into Decimals and back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from msgspec import Raw, ValidationError
from psycopg import Connection

import domain
from adapters.projector.fold import Fold, takers
from adapters.tape.codec import Codec
from domain.base import Event
from domain.market import Evidence
from projections.base import At

PAGE = """
SELECT position, stream, type, schema_version, payload::text, occurred_at, recorded_at
  FROM es.event WHERE position > %s ORDER BY position LIMIT %s
"""
HEAD = "SELECT position FROM es.head"


_NULL = Raw(b"null")


class Stored(NamedTuple):
    """A fact as it stands on the tape, without what no read model shows."""

    position: int
    stream: str
    type: str
    schema_version: int
    payload: str
    occurred_at: datetime
    recorded_at: datetime


class Pages:
    def __init__(self, db: Connection[Any]) -> None:
        self._db = db

    def head(self) -> int:
        row = self._db.execute(HEAD, prepare=True).fetchone()
        assert row, "the tape has no head"
        return int(row[0])

    def after(self, position: int, limit: int) -> list[Stored]:
        """At most ``limit`` facts that follow a position, in order."""
        with self._db.cursor(binary=True) as cursor:
            # Plain tuples: making a NamedTuple of each would cost a tenth of a rebuild.
            rows: Any = cursor.execute(PAGE, (position, limit), prepare=True).fetchall()
            return rows  # type: ignore[no-any-return]


#: Told of a fact that a model cannot take in; what it raises ends the page.
Failed = Callable[[Fold, Stored, Exception], None]


class Intake:
    """Feeds stored facts to those who take them."""

    def __init__(self, folds: Iterable[Fold], codec: Codec, failed: Failed) -> None:
        self._takers = takers(folds)
        self._decode = codec.decode
        self._failed = failed
        #: Some text had a character that JSON must escape, so rows may have it too.
        self.has_escapes = False

    def take(self, rows: Sequence[Stored]) -> None:
        """Raise UnknownFact where this program is too old to read on."""
        decode, interested = self._decode, self._takers
        for row in rows:
            position, stream, type_, schema_version, payload, occurred_at, recorded_at = row
            if "\\" in payload:
                self.has_escapes = True
            try:
                events = decode(type_, schema_version, payload)
            except ValidationError as error:
                for fold in interested.get(type_, ()):
                    self._failed(fold, row, error)
                continue
            at = At(position, stream, occurred_at, recorded_at)
            if len(events) == 1:
                event = events[0]
                for fold in interested.get(type(event).__name__, ()):
                    try:
                        fold.take(event, at)
                    except Exception as error:  # whatever is wrong, it is wrong with this fact
                        self._failed(fold, row, error)
            else:
                self._take_all(events, at, row)

    def _take_all(self, events: Sequence[Event], at: At, row: Stored) -> None:
        folds = [self._takers.get(type(event).__name__, ()) for event in events]
        for fold in dict.fromkeys(fold for several in folds for fold in several):
            try:
                fold.take_all(events, at)
            except Exception as error:
                self._failed(fold, row, error)


def lean(event: type[Event]) -> type[Event]:
    """The same fact, with its evidence as the text that was stored."""
    plain = [
        (field.name, Raw) if field.required else (field.name, Raw, _NULL)
        for field in msgspec.structs.fields(event)
        if field.type in {Evidence, Evidence | None}
    ]
    if not plain:
        return event
    made: Any = msgspec.defstruct(event.__name__, plain, bases=(event,), frozen=True, kw_only=True)
    read: type[Event] = made
    return read


LEAN_CODEC = Codec({name: lean(event) for name, event in domain.EVENTS.items()})

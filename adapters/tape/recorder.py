"""
The recorder of the eventsourcing library on our tape, so that its applications can share it.

Its notification log, subscriptions and projection runners read what is on the tape; what its
applications save goes through ``es.append`` like every other fact.  The tape is made by our
migrations, so the recorder creates nothing.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from threading import Lock
from typing import Any
from uuid import UUID

import psycopg
from eventsourcing.persistence import (
    ApplicationRecorder,
    InterfaceError,
    Notification,
    OperationalError,
    StoredEvent,
    Subscription,
)
from eventsourcing.postgres import (
    PostgresApplicationRecorder,
    PostgresDatastore,
    PostgresSubscription,
)
from eventsourcing.utils import retry
from psycopg.errors import SerializationFailure
from psycopg.rows import tuple_row
from psycopg.types.json import Json

from adapters.ids import Ids
from adapters.tape import foreign
from adapters.tape.batch import Batch
from adapters.tape.chain import Head
from adapters.tape.reader import CHANNEL, HEAD
from adapters.tape.writer import APPEND, LOOK, NOT_STORED

_EVENTS = """
SELECT version, type, payload::text FROM es.event
WHERE stream = %(stream)s AND version > coalesce(%(gt)s, -1)
  AND version <= coalesce(%(lte)s, version)
ORDER BY version {} LIMIT %(limit)s
"""
EVENTS, EVENTS_DESC = _EVENTS.format("ASC"), _EVENTS.format("DESC")
NOTIFICATIONS = """
SELECT position, stream, version, type, payload::text FROM es.event
WHERE position > %(after)s AND position <= coalesce(%(stop)s, position)
  AND (%(topics)s::text[] IS NULL OR type = ANY(%(topics)s::text[]))
ORDER BY position LIMIT %(limit)s
"""
_ATTEMPTS_MAX = 10
_PAUSE_S = 0.2
_again = retry((InterfaceError, OperationalError), max_attempts=_ATTEMPTS_MAX, wait=_PAUSE_S)


class TapeRecorder(PostgresApplicationRecorder):
    """
    Streams are the library's originator ids as text.

    Who, why and when may be given to ``Application.save`` under the names of ``Meta``.
    """

    def __init__(
        self,
        datastore: PostgresDatastore,
        *,
        events_table_name: str = "stored_events",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        code_version: str = "eventsourcing",
    ) -> None:
        super().__init__(datastore, events_table_name=events_table_name)
        self.channel_name = CHANNEL
        self._clock = clock
        self._code = code_version
        self._ids = Ids()
        self._turn = Lock()

    def create_table(self) -> None:
        """The tape is there already."""

    def insert_events(
        self, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        assert kwargs.get("tracking") is None, "tracking belongs in a tracking recorder"
        if not stored_events:
            return []
        with self._turn:
            now = self._clock()
            batch = Batch(foreign.lines(stored_events, now, self._ids, kwargs))
            last = self._append(batch, now)
        return list(range(last - len(batch) + 1, last + 1))

    def _append(self, batch: Batch, now: datetime) -> int:
        """The position of the last line; a lost answer is resolved as ``Writer`` does it."""
        unanswered: list[Head] = []
        attempts = 0
        while True:
            try:
                return self._try(batch, now, unanswered)
            except (OperationalError, InterfaceError) as error:
                if isinstance(error.__cause__, SerializationFailure):
                    continue
                attempts += 1
                if not unanswered and attempts == _ATTEMPTS_MAX:
                    raise
                time.sleep(_PAUSE_S)

    def _try(self, batch: Batch, now: datetime, unanswered: list[Head]) -> int:
        sent = [head.position for head in unanswered], [head.hash for head in unanswered]
        with (
            self.datastore.get_connection() as connection,
            connection.cursor(row_factory=tuple_row) as cursor,
        ):
            position, digest, recorded_at, stored = cursor.execute(LOOK, sent).fetchone() or ()
            if stored is not None:
                return int(stored)
            sealed = batch.seal(Head(position, digest), max(now, recorded_at or now), self._code)
            unanswered.append(sealed.head)
            values = (Json(sealed.json(), bytes), len(batch), position, sealed.head.hash, None)
            try:
                cursor.execute(APPEND, values, prepare=True)
            except psycopg.Error as error:
                if error.diag.severity_nonlocalized == NOT_STORED:
                    unanswered.pop()
                raise
            return sealed.head.position

    @_again
    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        values = {"stream": str(originator_id), "gt": gt, "lte": lte, "limit": limit}
        with self.datastore.get_connection() as connection, connection.cursor() as cursor:
            rows = cursor.execute(EVENTS_DESC if desc else EVENTS, values, prepare=True).fetchall()
        return [
            StoredEvent(originator_id, row["version"], row["type"], foreign.state(row["payload"]))
            for row in rows
        ]

    @_again
    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        after = 0 if start is None else start - inclusive_of_start
        values = {"after": after, "stop": stop, "topics": list(topics) or None, "limit": limit}
        with self.datastore.get_connection() as connection, connection.cursor() as cursor:
            rows = cursor.execute(NOTIFICATIONS, values, prepare=True).fetchall()
        return [
            Notification(
                self._originator_id(row["stream"]),
                row["version"],
                row["type"],
                foreign.state(row["payload"]),
                row["position"],
            )
            for row in rows
        ]

    @_again
    def max_notification_id(self) -> int | None:
        with self.datastore.get_connection() as connection:
            head = connection.execute(HEAD).fetchone()
        return int(head["position"]) or None if head else None

    def subscribe(
        self, gt: int | None = None, topics: Sequence[str] = ()
    ) -> Subscription[ApplicationRecorder]:
        return TapeSubscription(self, gt, topics)

    def _originator_id(self, stream: str) -> UUID | str:
        if self.datastore.originator_id_type == "uuid":
            with contextlib.suppress(ValueError):
                return UUID(stream)
        return stream


class TapeSubscription(PostgresSubscription):
    """The library's reads before it listens, and so may sleep on a fact; this one also polls."""

    def _listen(self) -> None:
        try:
            with self._recorder.datastore.get_connection() as connection:
                connection.execute(f"LISTEN {CHANNEL}")
                known = None
                while not self._has_been_stopped and not self._thread_error:
                    head = connection.execute(HEAD).fetchone()
                    if head != known:
                        known = head
                        self._has_been_notified.set()
                    for _ in connection.notifies(timeout=_PAUSE_S, stop_after=1):
                        pass
        except BaseException as error:
            self._thread_error = self._thread_error or error
            self.stop()

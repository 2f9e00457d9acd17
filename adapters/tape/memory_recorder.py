"""The recorder of the eventsourcing library on a tape in memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from eventsourcing.persistence import IntegrityError, Notification, StoredEvent
from eventsourcing.popo import POPOApplicationRecorder

from adapters.ids import Ids
from adapters.tape import foreign
from adapters.tape.batch import Batch
from adapters.tape.memory import MemoryTape


class MemoryRecorder(POPOApplicationRecorder):
    """Streams are originator ids as text; what others write on the tape is seen here too."""

    def __init__(self, tape: MemoryTape | None = None) -> None:
        super().__init__()
        self.tape = tape or MemoryTape()
        self.tape.listeners.append(self._notify_listeners)
        self._originator_ids: dict[str, UUID | str] = {}
        self._ids = Ids()

    def insert_events(
        self, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        if not stored_events:
            return []
        with self._database_lock:
            self._assert_uniqueness(stored_events)
            batch = Batch(foreign.lines(stored_events, datetime.now(UTC), self._ids, kwargs))
            for event in stored_events:
                self._originator_ids[str(event.originator_id)] = event.originator_id
            first = self.tape.write_batch(batch)
        return list(range(first, first + len(batch)))

    def _assert_uniqueness(self, stored_events: Sequence[StoredEvent], **_: Any) -> None:
        places = {(str(event.originator_id), event.originator_version) for event in stored_events}
        taken = any(
            (stream, row.version) in places
            for stream in {stream for stream, _ in places}
            for row in self.tape.stream_rows(stream)
        )
        if taken or len(places) < len(stored_events):
            raise IntegrityError("a stream has one fact of each version")

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        with self._database_lock:
            rows = sorted(self.tape.stream_rows(str(originator_id)), key=lambda row: row.version)
        chosen = [
            StoredEvent(originator_id, row.version, row.type, foreign.state(row.payload))
            for row in (reversed(rows) if desc else rows)
            if (gt is None or row.version > gt) and (lte is None or row.version <= lte)
        ]
        return chosen[:limit]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        after = max(0, 0 if start is None else start - inclusive_of_start)
        with self._database_lock:
            reach = self.tape.head().position if stop is None else stop
            rows = self.tape.rows(after, max(0, reach - after))
        chosen = [
            Notification(
                self._originator_ids.get(row.stream, row.stream),
                row.version,
                row.type,
                foreign.state(row.payload),
                row.position,
            )
            for row in rows
            if not topics or row.type in topics
        ]
        return chosen[:limit]

    def max_notification_id(self) -> int | None:
        return self.tape.head().position or None

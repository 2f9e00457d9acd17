"""A post office for tests: an outbox in a real Postgres, and a clock that is moved by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from psycopg import AsyncConnection

from adapters.mail.outbox import Writer
from adapters.mail.post import Post
from adapters.people.people import People
from adapters.settings import Settings

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
Db = AsyncConnection[Any]


class Office:
    """A post, its outbox, and a clock that stands still until it is moved."""

    def __init__(self, db: Db, people: People, settings: Settings) -> None:
        self.db = db
        self.people = people
        self.settings = settings
        self.now = NOW
        self.post = self.another(settings)
        self._position = 0

    def another(self, settings: Settings) -> Post:
        writer: Writer = self.people.writer
        return Post(settings, writer, lambda: self.now)

    async def letter(self, to: str, kind: str = "PasswordChanged") -> int:
        """Something to tell somebody of this address; its position."""
        user_id = uuid4()
        await self.people.credentials.add(user_id, to, None)
        self._position += 1
        await self.db.execute(
            "insert into ops.letter (position, user_id, kind, challenge_id, made_at, expires_at,"
            " due_at) values (%s, %s, %s, %s, %s, %s, %s)",
            (self._position, user_id, kind, UUID(int=self._position), self.now,
             self.now + timedelta(days=1), self.now),
        )  # fmt: skip
        return self._position

    async def state(self, position: int) -> tuple[bool, bool, int]:
        """Whether it was sent, whether it was given up, and how often it was tried."""
        found = await self.db.execute(
            "select sent_at is not null, given_up, attempts from ops.letter where position = %s",
            [position],
        )
        row: tuple[bool, bool, int] | None = await found.fetchone()
        assert row is not None
        return row

    async def step(self) -> bool:
        return await self.post.step(self.db)

    async def is_due(self, position: int) -> bool:
        query = "select due_at <= %s from ops.letter where position = %s"
        row = await (await self.db.execute(query, (self.now, position))).fetchone()
        assert row is not None
        return bool(row[0])

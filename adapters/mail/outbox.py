"""
The outbox: which letters follow from which facts.

A reaction with a checkpoint of its own, moved in the transaction that puts the letters in, so
that each fact gives one letter; rebuilding a read model sends nothing.  The same reaction
destroys the key of whoever was erased.
"""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import psycopg
import structlog
from msgspec import Struct
from psycopg import AsyncConnection
from psycopg.rows import class_row

from adapters.mail.words import KINDS, Kind, Letter, written
from adapters.people.codes import Codes, Purpose
from adapters.people.persons import Persons
from adapters.postgres import connect_async
from adapters.settings import Settings
from adapters.tape import facts_of
from adapters.tape.reader import CHANNEL, row_factory
from adapters.tape.watch import WATCHED
from domain.base import Fact
from domain.identity import UserErased

NAME = "mail"
WINDOW = 5000
SHOWN_MAX = 200
_TYPES = [*KINDS, "UserErased"]
_POLL_S = 1.0

_BEGIN = "INSERT INTO ops.reaction (name, position) VALUES (%s, 0) ON CONFLICT DO NOTHING"
_REACHED = "SELECT position FROM ops.reaction WHERE name = %s FOR UPDATE"
_MOVE = "UPDATE ops.reaction SET position = %s, updated_at = now() WHERE name = %s"
_HEAD = "SELECT position FROM es.head"
_PUT = """
INSERT INTO ops.letter (position, user_id, kind, challenge_id, made_at, expires_at, due_at)
SELECT %(position)s, user_id, %(kind)s, %(challenge)s, %(at)s, %(until)s, %(at)s
  FROM ops.person WHERE user_id = %(user)s ON CONFLICT DO NOTHING
"""
_CHALLENGE = """
INSERT INTO ops.challenge (challenge_id, purpose, user_id, made_at, expires_at)
SELECT %(challenge)s, %(purpose)s, user_id, %(at)s, %(until)s
  FROM ops.person WHERE user_id = %(user)s ON CONFLICT DO NOTHING
"""
_ERASE = "DELETE FROM ops.person WHERE user_id = %s"
_OLD = "DELETE FROM ops.letter WHERE expires_at < now() - interval '30 days'"
_SHOWN = """
SELECT l.position, l.user_id, l.kind, l.challenge_id, p.key_version, p.sealed_key,
       CASE WHEN l.kind = 'EmailChanged' THEN coalesce(c.sealed_former_email, c.sealed_email)
            ELSE c.sealed_email END AS sealed_email, h.about
  FROM ops.letter l JOIN ops.person p USING (user_id) JOIN ops.credential c USING (user_id)
       LEFT JOIN ops.challenge h USING (challenge_id)
"""
_NEWEST = f"{_SHOWN} ORDER BY l.position DESC LIMIT %s"
_ONE = f"{_SHOWN} WHERE l.position = %s"

_log = structlog.get_logger("mail")

Db = AsyncConnection[Any]


class Slip(Struct, frozen=True):
    """A letter that is due, with the seals of those it is for."""

    position: int
    user_id: UUID
    kind: str
    challenge_id: UUID | None
    key_version: int
    sealed_key: bytes
    sealed_email: bytes
    about: bytes | None


class Writer:
    """Writes out what a slip stands for; of the erased there are none."""

    def __init__(self, settings: Settings, persons: Persons, codes: Codes) -> None:
        self._domain = settings.mail_from.rpartition("@")[2]
        self._app_url = settings.app_url
        self._persons = persons
        self._codes = codes

    async def newest(self, db: Db) -> list[Letter]:
        """The letters of late, the last one first."""
        return [await self._write(slip) for slip in await _slips(db, _NEWEST, SHOWN_MAX)]

    async def one(self, db: Db, position: int) -> Letter | None:
        slips = await _slips(db, _ONE, position)
        return await self._write(slips[0]) if slips else None

    async def _write(self, slip: Slip) -> Letter:
        kind = KINDS[slip.kind]
        key = await self._persons.opened(slip.user_id, slip.key_version, slip.sealed_key)
        to = key.open("email", bytes(slip.sealed_email))
        if kind.purpose is Purpose.EMAIL and slip.about is not None:
            to = key.open("new email", bytes(slip.about))
        message_id = f"<letter.{slip.position}.{slip.user_id.hex[-12:]}@{self._domain}>"
        return written(message_id, to.decode(), kind, self._proof(kind, slip), self._app_url)

    def _proof(self, kind: Kind, slip: Slip) -> str | None:
        if kind.purpose is None or slip.challenge_id is None:
            return None
        if kind.purpose is Purpose.OTP:
            return self._codes.code(slip.challenge_id)
        return self._codes.token(slip.challenge_id)


async def _slips(db: Db, query: Any, value: int) -> list[Slip]:
    async with db.cursor(row_factory=class_row(Slip)) as cursor:
        return await (await cursor.execute(query, [value])).fetchall()


async def fill(dsn: str, codes: Codes) -> None:
    """Put letters into the outbox as their facts come, until cancelled."""
    while True:
        try:
            async with await connect_async(dsn) as db:
                await db.execute(f"LISTEN {CHANNEL}")
                await db.execute(_BEGIN, [NAME])
                await db.execute(_OLD)
                while True:
                    if not await step(db, codes):
                        async for _ in db.notifies(timeout=_POLL_S, stop_after=1):
                            pass
        except psycopg.Error as error:
            _log.warning("the outbox waits", reason=type(error).__name__)
            await asyncio.sleep(_POLL_S)


async def step(db: Db, codes: Codes) -> bool:
    """One window of the tape; False when all of it has been seen."""
    async with db.transaction():
        reached = await _number(db, _REACHED, NAME)
        head = await _number(db, _HEAD)
        until = min(reached + WINDOW, head)
        if until <= reached:
            return False
        async with db.cursor(binary=True, row_factory=row_factory) as cursor:
            await cursor.execute(WATCHED, (reached, until, _TYPES))
            facts = facts_of(await cursor.fetchall())
        for fact in facts:
            await _react(db, codes, fact)
        await db.execute(_MOVE, (until, NAME))
    return until < head


async def _react(db: Db, codes: Codes, fact: Fact) -> None:
    event: Any = fact.event
    if isinstance(event, UserErased):
        await db.execute(_ERASE, [event.user_id])
        return
    kind = KINDS[type(event).__name__]
    at = fact.meta.occurred_at
    life = codes.life(kind.purpose) if kind.purpose else kind.life
    values = {
        "position": fact.position,
        "user": event.user_id,
        "kind": type(event).__name__,
        "challenge": getattr(event, "challenge_id", None),
        "purpose": kind.purpose,
        "at": at,
        "until": at + life,
    }
    if kind.purpose is not None:  # asked for by somebody who did not set one
        await db.execute(_CHALLENGE, values)
    await db.execute(_PUT, values)


async def _number(db: Db, query: Any, *values: object) -> int:
    row = await (await db.execute(query, values)).fetchone()
    return int(row[0]) if row else 0

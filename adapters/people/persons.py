"""
Persons: the key of each, under which whatever names them is sealed.

To erase a person is to delete the key: what was sealed under it, on the tape and in every copy
of the tape, is noise from then on.
"""

from __future__ import annotations

import secrets
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from adapters.vault import KeyRing, seal, unseal
from adapters.vault.keyring import KEY_BYTES

_ADD = """
INSERT INTO ops.person (user_id, key_version, sealed_key, since) VALUES (%s, %s, %s, %s)
"""
_FIND = "SELECT key_version, sealed_key FROM ops.person WHERE user_id = %s"
_ERASE = "DELETE FROM ops.person WHERE user_id = %s"

Db = AsyncConnection[Any]


class PersonKey(Struct, frozen=True):
    """The key of one person; ``what`` is the place of what is sealed, and nowhere else it opens."""

    user_id: UUID
    key: bytes

    def __repr__(self) -> str:
        return f"PersonKey({self.user_id})"

    def seal(self, what: str, plain: bytes) -> bytes:
        return seal(self.key, plain, self.user_id.bytes + what.encode())

    def open(self, what: str, sealed: bytes) -> bytes:
        return unseal(self.key, sealed, self.user_id.bytes + what.encode())

    def seal_text(self, what: str, plain: bytes) -> str:
        """Sealed as text, for a fact."""
        return b64encode(self.seal(what, plain)).decode()

    def open_text(self, what: str, sealed: str) -> bytes:
        return self.open(what, b64decode(sealed))


class NewPerson(Struct, frozen=True):
    """A person whose key is not kept yet: ``add`` keeps it in the caller's transaction."""

    key: PersonKey
    version: int
    sealed_key: bytes
    since: datetime

    async def add(self, db: Db) -> None:
        values = (self.key.user_id, self.version, self.sealed_key, self.since)
        await db.execute(_ADD, values)


class Persons:
    """The keys of persons, sealed under the master key in ``ops``."""

    def __init__(
        self, pool: AsyncConnectionPool[Any], ring: KeyRing, clock: Callable[[], datetime]
    ) -> None:
        self._pool = pool
        self._ring = ring
        self._clock = clock

    async def make(self, user_id: UUID) -> NewPerson:
        key = secrets.token_bytes(KEY_BYTES)
        version, sealed_key = await self._ring.wrap(key, _bound(user_id))
        return NewPerson(PersonKey(user_id, key), version, sealed_key, self._clock())

    async def key_of(self, user_id: UUID) -> PersonKey | None:
        """None for a person who was erased, or never was."""
        async with self._pool.connection() as db:
            found = await (await db.execute(_FIND, [user_id])).fetchone()
        return None if found is None else await self.opened(user_id, *found)

    async def opened(self, user_id: UUID, version: int, sealed_key: bytes) -> PersonKey:
        key = await self._ring.unwrap(version, bytes(sealed_key), _bound(user_id))
        return PersonKey(user_id, key)

    async def erase(self, user_id: UUID) -> None:
        """Destroy the key, and with it all that is kept of the person beside the tape."""
        async with self._pool.connection() as db:
            await db.execute(_ERASE, [user_id])


def _bound(user_id: UUID) -> bytes:
    return user_id.bytes + b"key"

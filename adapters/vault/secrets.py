"""
The vault: what a person has entrusted to us and we must be able to use, such as a broker's key.

Envelope encryption: each record is sealed under a key of its own, which is sealed under the
master key.  Both seals name owner, record and field, so a row that is moved does not open.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg_pool import AsyncConnectionPool

from adapters.vault.keyring import KEY_BYTES, KeyRing, seal, unseal

_PUT = """
INSERT INTO ops.secret (secret_id, user_id, name, key_version, sealed_key, sealed, since)
VALUES (%(secret_id)s, %(user_id)s, %(name)s, %(version)s, %(sealed_key)s, %(sealed)s, %(since)s)
ON CONFLICT (secret_id) DO UPDATE SET
    key_version = excluded.key_version, sealed_key = excluded.sealed_key,
    sealed = excluded.sealed, since = excluded.since
WHERE secret.user_id = excluded.user_id AND secret.name = excluded.name
"""
_GET = """
SELECT name, key_version, sealed_key, sealed FROM ops.secret WHERE secret_id = %s AND user_id = %s
"""
_DROP = "DELETE FROM ops.secret WHERE secret_id = %s AND user_id = %s"


class Vault:
    """Secrets by id and owner, in ``ops``."""

    def __init__(
        self, pool: AsyncConnectionPool[Any], ring: KeyRing, clock: Callable[[], datetime]
    ) -> None:
        self._pool = pool
        self._ring = ring
        self._clock = clock

    async def put(self, secret_id: UUID, owner: UUID, name: str, secret: bytes) -> None:
        """Keep it, in the place of what was there under this id."""
        key = secrets.token_bytes(KEY_BYTES)
        bound = bound_to(owner, secret_id, name)
        version, sealed_key = await self._ring.wrap(key, bound)
        values = {
            "secret_id": secret_id,
            "user_id": owner,
            "name": name,
            "version": version,
            "sealed_key": sealed_key,
            "sealed": seal(key, secret, bound),
            "since": self._clock(),
        }
        async with self._pool.connection() as db:
            await db.execute(_PUT, values)

    async def get(self, secret_id: UUID, owner: UUID) -> bytes | None:
        """The secret, or None if this owner has none of that id."""
        async with self._pool.connection() as db:
            found = await (await db.execute(_GET, (secret_id, owner))).fetchone()
        if found is None:
            return None
        name, version, sealed_key, sealed = found
        bound = bound_to(owner, secret_id, name)
        key = await self._ring.unwrap(version, bytes(sealed_key), bound)
        return unseal(key, bytes(sealed), bound)

    async def drop(self, secret_id: UUID, owner: UUID) -> None:
        async with self._pool.connection() as db:
            await db.execute(_DROP, (secret_id, owner))


def bound_to(owner: UUID, secret_id: UUID, name: str) -> bytes:
    """Of fixed lengths but for the last part, so that no two are spelled alike."""
    return owner.bytes + secret_id.bytes + name.encode()

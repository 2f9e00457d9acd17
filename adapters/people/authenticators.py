"""
Authenticators: the second proof (RFC 6238), and codes for the day on which it is lost.

A code is good for its half minute and the ones beside it, and never twice.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import pyotp
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from adapters.keys import derived
from adapters.people.persons import Persons
from adapters.tokens import Untrusted
from domain.errors import Illegal

STEP_S = 30
RECOVERY_CODES = 10
_ISSUER = "Papertape"

_OFFER = """
INSERT INTO ops.totp (user_id, sealed_secret) VALUES (%s, %s)
ON CONFLICT (user_id) DO UPDATE SET sealed_secret = excluded.sealed_secret, last_step = 0
WHERE NOT totp.enabled RETURNING true
"""
_KEPT = "SELECT sealed_secret, enabled FROM ops.totp WHERE user_id = %s"
_STEP = "UPDATE ops.totp SET last_step = %s WHERE user_id = %s AND last_step < %s RETURNING true"
_ENABLE = "UPDATE ops.totp SET enabled = true WHERE user_id = %s AND NOT enabled RETURNING true"
_ENABLED = "SELECT 1 FROM ops.totp WHERE user_id = %s AND enabled FOR UPDATE"
_DROP = "DELETE FROM ops.totp WHERE user_id = %s AND enabled RETURNING true"
_FORGET = "DELETE FROM ops.recovery WHERE user_id = %s"
_KEEP = "INSERT INTO ops.recovery (user_id, digest) VALUES (%s, %s)"
_USE = "DELETE FROM ops.recovery WHERE user_id = %s AND digest = %s RETURNING true"
_LEFT = "SELECT count(*) FROM ops.recovery WHERE user_id = %s"

Db = AsyncConnection[Any]


class Authenticators:
    """Secrets of authenticators, sealed under their owners' keys in ``ops``."""

    def __init__(
        self,
        pool: AsyncConnectionPool[Any],
        persons: Persons,
        master: bytes,
        clock: Callable[[], datetime],
    ) -> None:
        self._pool = pool
        self._persons = persons
        self._key = derived(master, "recovery")
        self._clock = clock

    async def offer(self, user_id: UUID, name: str) -> tuple[str, str]:
        """A secret to put into an authenticator, and the same as an otpauth URI."""
        key = await self._persons.key_of(user_id)
        if key is None:
            raise Untrusted
        secret = pyotp.random_base32()
        async with self._pool.connection() as db:
            sealed = key.seal("totp", secret.encode())
            if not await (await db.execute(_OFFER, (user_id, sealed))).fetchone():
                raise Illegal("TOTP_ENABLED")
        return secret, pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=_ISSUER)

    async def confirm(self, user_id: UUID, code: str) -> tuple[str, ...]:
        """Demand it from now on; the recovery codes, which are never told again."""
        await self._check(user_id, code, enabled=False)
        async with self._pool.connection() as db, db.transaction():
            if not await (await db.execute(_ENABLE, [user_id])).fetchone():
                raise Illegal("TOTP_ENABLED")
            return await self._recovery_codes(db, user_id)

    async def renew(self, user_id: UUID) -> tuple[str, ...]:
        """Other recovery codes; those there were open nothing any more."""
        async with self._pool.connection() as db, db.transaction():
            if not await (await db.execute(_ENABLED, [user_id])).fetchone():
                raise Illegal("TOTP_DISABLED")
            return await self._recovery_codes(db, user_id)

    async def check(self, user_id: UUID, code: str) -> None:
        """Untrusted if this is not what the authenticator shows, or was shown before."""
        await self._check(user_id, code, enabled=True)

    async def recover(self, user_id: UUID, code: str) -> int:
        """Use up a recovery code; how many are left."""
        digest = self._digest(user_id, code.strip().lower())
        async with self._pool.connection() as db, db.transaction():
            if not await (await db.execute(_USE, (user_id, digest))).fetchone():
                raise Untrusted
            row = await (await db.execute(_LEFT, [user_id])).fetchone()
        return int(row[0]) if row else 0

    async def drop(self, user_id: UUID) -> None:
        """Ask for no code any more; Illegal if none was asked for."""
        async with self._pool.connection() as db, db.transaction():
            if not await (await db.execute(_DROP, [user_id])).fetchone():
                raise Illegal("TOTP_DISABLED")
            await db.execute(_FORGET, [user_id])

    async def _recovery_codes(self, db: Db, user_id: UUID) -> tuple[str, ...]:
        codes = tuple(secrets.token_hex(5) for _ in range(RECOVERY_CODES))
        await db.execute(_FORGET, [user_id])
        for each in codes:
            await db.execute(_KEEP, (user_id, self._digest(user_id, each)))
        return codes

    async def _check(self, user_id: UUID, code: str, *, enabled: bool) -> None:
        async with self._pool.connection() as db:
            found = await (await db.execute(_KEPT, [user_id])).fetchone()
        key = await self._persons.key_of(user_id)
        if found is None or key is None or found[1] is not enabled:
            raise Untrusted
        step = self._step_of(key.open("totp", bytes(found[0])).decode(), code)
        async with self._pool.connection() as db:
            if not await (await db.execute(_STEP, (step, user_id, step))).fetchone():
                raise Untrusted

    def _step_of(self, secret: str, code: str) -> int:
        """Which half minute shows this code: now, the one before, the one after."""
        now = int(self._clock().timestamp()) // STEP_S
        for step in (now, now - 1, now + 1):
            if hmac.compare_digest(pyotp.HOTP(secret).at(step).encode(), code.strip().encode()):
                return step
        raise Untrusted

    def _digest(self, user_id: UUID, code: str) -> bytes:
        return hmac.digest(self._key, user_id.bytes + code.encode(), "sha256")

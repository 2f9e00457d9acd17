"""
API keys: how programs say in whose name they ask.

A key is shown once, when it is made; what is kept is its digest.  One that was good is taken at
its word for a minute, unless a fact says otherwise, so that no request asks the database.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime, timedelta
from hashlib import sha256
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any
from uuid import UUID

from msgspec import Struct
from psycopg.rows import class_row
from psycopg_pool import AsyncConnectionPool

from adapters.tokens import Identity, Untrusted
from domain.base import Role

PREFIX = "ptk_"
TAKEN_AT_ITS_WORD = timedelta(seconds=60)
REMEMBERED = 4096
HINT = 4
_ADD = """
INSERT INTO ops.api_key
    (key_id, user_id, digest, label, hint, scopes, networks, made_at, expires_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
_FIND = """
UPDATE ops.api_key SET used_at = %(now)s WHERE digest = %(digest)s AND expires_at > %(now)s
RETURNING key_id, user_id, scopes, networks, expires_at
"""
_OF_USER = """
SELECT key_id, label, hint, scopes, networks::text[] AS networks, made_at, expires_at, used_at
FROM ops.api_key WHERE user_id = %s ORDER BY made_at DESC, key_id
"""
_OF_ALL = """
SELECT key_id, user_id, label, hint, scopes, networks::text[] AS networks, made_at, expires_at,
       used_at
FROM ops.api_key
WHERE (%(user_id)s::uuid IS NULL OR user_id = %(user_id)s)
  AND (%(key_id)s::uuid IS NULL OR key_id = %(key_id)s)
  AND (%(before)s::uuid IS NULL OR key_id < %(before)s)
ORDER BY key_id DESC LIMIT %(limit)s
"""
_REMOVE = "DELETE FROM ops.api_key WHERE user_id = %s AND key_id = %s"

Network = IPv4Network | IPv6Network
#: Raises a DomainError unless the tape says that the key (of this person) is good.
Attend = Callable[[UUID, UUID], Awaitable[None]]


class KeyTerms(Struct, frozen=True):
    """``hint`` is how the key ends; ``used_at`` is true to a minute."""

    key_id: UUID
    label: str
    hint: str
    scopes: list[str]
    networks: list[str]
    made_at: datetime
    expires_at: datetime
    used_at: datetime | None


class KeyOfUser(KeyTerms, frozen=True, kw_only=True):
    """The same for those who look after the keys of others."""

    user_id: UUID


class _Known(Struct, frozen=True):
    identity: Identity
    networks: tuple[Network, ...]
    until: datetime


class ApiKeys:
    def __init__(
        self, pool: AsyncConnectionPool[Any], clock: Callable[[], datetime], attend: Attend
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._attend = attend
        self._known: OrderedDict[bytes, _Known] = OrderedDict()

    async def issue(
        self,
        user_id: UUID,
        key_id: UUID,
        *,
        label: str,
        scopes: Collection[str],
        networks: Collection[Network],
        expires_at: datetime,
    ) -> str:
        """The key itself, which nobody can tell again."""
        key = PREFIX + secrets.token_urlsafe(32)
        values = (
            key_id,
            user_id,
            _digest(key),
            label,
            key[-HINT:],
            list(scopes),
            list(networks),
            self._clock(),
            expires_at,
        )
        async with self._pool.connection() as db:
            await db.execute(_ADD, values)
        return key

    async def of_user(self, user_id: UUID) -> list[KeyTerms]:
        """The newest first, those that have expired too."""
        async with (
            self._pool.connection() as db,
            db.cursor(row_factory=class_row(KeyTerms)) as cursor,
        ):
            await cursor.execute(_OF_USER, (user_id,))
            found: list[KeyTerms] = await cursor.fetchall()
            return found

    async def of_all(
        self,
        *,
        user_id: UUID | None = None,
        key_id: UUID | None = None,
        before: UUID | None = None,
        limit: int = 1,
    ) -> list[KeyOfUser]:
        """Everybody's keys, or those of one person, or one; the newest first."""
        values = {"user_id": user_id, "key_id": key_id, "before": before, "limit": limit}
        async with (
            self._pool.connection() as db,
            db.cursor(row_factory=class_row(KeyOfUser)) as cursor,
        ):
            await cursor.execute(_OF_ALL, values)
            found: list[KeyOfUser] = await cursor.fetchall()
            return found

    async def remove(self, user_id: UUID, key_id: UUID) -> None:
        async with self._pool.connection() as db:
            await db.execute(_REMOVE, (user_id, key_id))

    async def check(self, key: str, address: str) -> Identity:
        """In whose name it asks; Untrusted if it is not good, or not from this address."""
        digest, now = _digest(key), self._clock()
        known = self._known.get(digest)
        if known is None or known.until <= now:
            known = await self._find(digest, now)
            self._known[digest] = known
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        if known.networks and not _within(address, known.networks):
            raise Untrusted
        return known.identity

    async def _find(self, digest: bytes, now: datetime) -> _Known:
        self._known.pop(digest, None)
        async with self._pool.connection() as db:
            values = {"digest": digest, "now": now}
            found = await (await db.execute(_FIND, values)).fetchone()
        if found is None:
            raise Untrusted
        key_id, user_id, scopes, networks, expires_at = found
        await self._attend(user_id, key_id)
        identity = Identity(
            user_id,
            Role.TRADER,
            expires_at.timestamp(),
            f"user:{user_id}",
            key_id=key_id,
            scopes=frozenset(scopes),
        )
        return _Known(identity, tuple(networks), min(now + TAKEN_AT_ITS_WORD, expires_at))


def _within(address: str, networks: Collection[Network]) -> bool:
    try:
        one = ip_address(address)
    except ValueError:
        return False
    return any(one in network for network in networks)


def _digest(key: str) -> bytes:
    return sha256(key.encode()).digest()

"""
Sessions: staying signed in by refresh tokens, each of which is good for one use.

A token that is used a second time is in two hands, so the session ends for both; so does one
that comes from another device than it was given to.  The one exception is a client that asked
twice at once: within seconds, and while nobody has used the successor, it gets that same
successor again.
"""

from __future__ import annotations

import hmac
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

from msgspec import Struct
from psycopg.rows import class_row
from psycopg_pool import AsyncConnectionPool

from adapters.credentials import derived
from adapters.keys import kept
from adapters.tokens import Untrusted
from domain.identity import SESSION_LIFE

GRACE = timedelta(seconds=10)
AGENT_MAX = 200
_BEGIN = """
WITH ended AS (DELETE FROM ops.session
               WHERE user_id = %(user_id)s
                 AND (ends_at <= %(now)s OR session_id = %(replaces)s)),
seen AS (INSERT INTO ops.device (user_id, device, seen_at)
         SELECT %(user_id)s, %(device)s, %(now)s WHERE %(device)s::text IS NOT NULL
         ON CONFLICT (user_id, device) DO UPDATE SET seen_at = excluded.seen_at),
begun AS (INSERT INTO ops.session (session_id, user_id, began_at, used_at, auth_time, ends_at,
                                   methods, agent, ip_hash, device)
          VALUES (%(session_id)s, %(user_id)s, %(now)s, %(now)s, %(now)s, %(ends_at)s,
                  %(methods)s, %(agent)s, %(ip_hash)s, %(device)s) RETURNING session_id)
INSERT INTO ops.refresh (digest, session_id, expires_at)
SELECT %(digest)s, session_id, %(expires_at)s FROM begun
"""
_RENEW = """
WITH used AS (
    UPDATE ops.refresh r SET used_at = %(now)s FROM ops.session s
    WHERE r.digest = %(digest)s AND r.used_at IS NULL AND r.expires_at > %(now)s
      AND s.session_id = r.session_id AND s.ends_at > %(now)s
      AND s.device IS NOT DISTINCT FROM %(device)s
    RETURNING r.session_id),
session AS (UPDATE ops.session s SET used_at = %(now)s, ip_hash = %(ip_hash)s FROM used
            WHERE s.session_id = used.session_id
            RETURNING s.session_id, s.user_id, s.auth_time),
renewed AS (INSERT INTO ops.refresh (digest, session_id, expires_at)
            SELECT %(successor)s, session_id, %(expires_at)s FROM session)
SELECT session_id, user_id, auth_time FROM session
"""
_AGAIN = """
SELECT s.session_id, s.user_id, s.auth_time, s.device IS NOT DISTINCT FROM %(device)s,
       r.used_at > %(since)s AND n.used_at IS NULL AND n.digest IS NOT NULL,
       r.used_at IS NULL AND r.expires_at <= %(now)s
FROM ops.refresh r JOIN ops.session s USING (session_id)
     LEFT JOIN ops.refresh n ON n.digest = %(successor)s
WHERE r.digest = %(digest)s AND s.ends_at > %(now)s
"""
_END = "DELETE FROM ops.session WHERE user_id = %s AND session_id = ANY(%s)"
_OF_USER = """
SELECT session_id, began_at, used_at, ends_at, methods, agent FROM ops.session
WHERE user_id = %s AND ends_at > %s ORDER BY used_at DESC, session_id
"""


class Caught(Untrusted):
    """A refresh token in two hands: the session is over, and ``reason`` says how it was seen."""

    def __init__(self, user_id: UUID, session_id: UUID, reason: str) -> None:
        super().__init__()
        self.user_id = user_id
        self.session_id = session_id
        self.reason = reason


class Whence(Struct, frozen=True):
    """Where somebody asks from: keyed digests, and what the client calls itself."""

    ip_hash: str
    device: str | None = None
    agent: str = ""


class Renewed(Struct, frozen=True):
    session_id: UUID
    user_id: UUID
    auth_time: datetime
    successor: str


class OpenSession(Struct, frozen=True):
    session_id: UUID
    began_at: datetime
    used_at: datetime
    ends_at: datetime
    methods: list[str]
    agent: str


class Sessions:
    """Sessions in ``ops``, where only digests of tokens are kept; ``idle`` is a token's life."""

    def __init__(
        self,
        pool: AsyncConnectionPool[Any],
        keys: Path,
        clock: Callable[[], datetime],
        idle: timedelta,
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._idle = idle
        self._following = derived(kept(keys / "people", lambda: secrets.token_bytes(32)), "refresh")

    async def begin(
        self,
        user_id: UUID,
        session_id: UUID,
        methods: Collection[str],
        whence: Whence,
        replaces: UUID | None = None,
    ) -> str:
        """A new session; the first of its refresh tokens."""
        token, now = session_id.hex + secrets.token_urlsafe(32), self._clock()
        values = {
            "user_id": user_id,
            "session_id": session_id,
            "replaces": replaces,
            "digest": _digest(token),
            "now": now,
            "expires_at": now + self._idle,
            "ends_at": now + SESSION_LIFE,
            "methods": list(methods),
            "agent": whence.agent[:AGENT_MAX],
            "ip_hash": whence.ip_hash,
            "device": whence.device,
        }
        async with self._pool.connection() as db:
            await db.execute(_BEGIN, values)
        return token

    async def renew(self, token: str, whence: Whence) -> Renewed:
        """The session, and the token that follows; Untrusted (or Caught) if it is not good."""
        successor, now = self._successor(token), self._clock()
        values = {
            "digest": _digest(token),
            "successor": _digest(successor),
            "now": now,
            "since": now - GRACE,
            "expires_at": now + self._idle,
            "ip_hash": whence.ip_hash,
            "device": whence.device,
        }
        async with self._pool.connection() as db:
            if found := await (await db.execute(_RENEW, values)).fetchone():
                session_id, user_id, auth_time = found
                return Renewed(session_id, user_id, auth_time, successor)
            again = await (await db.execute(_AGAIN, values)).fetchone()
            if again is None:
                raise Untrusted
            session_id, user_id, auth_time, same_device, at_once, expired = again
            if expired:
                raise Untrusted
            if same_device and at_once:
                return Renewed(session_id, user_id, auth_time, successor)
            await db.execute(_END, (user_id, [session_id]))
            raise Caught(user_id, session_id, "REUSED" if same_device else "OTHER_DEVICE")

    async def end(self, user_id: UUID, sessions: Collection[UUID]) -> None:
        """No refresh token of these sessions is good any more."""
        async with self._pool.connection() as db:
            await db.execute(_END, (user_id, list(sessions)))

    async def of_user(self, user_id: UUID) -> list[OpenSession]:
        """What is open, the latest used first."""
        async with (
            self._pool.connection() as db,
            db.cursor(row_factory=class_row(OpenSession)) as cursor,
        ):
            await cursor.execute(_OF_USER, (user_id, self._clock()))
            found: list[OpenSession] = await cursor.fetchall()
            return found

    def _successor(self, token: str) -> str:
        """Follows from the token and our key, so that it can be told again but never guessed."""
        follows = hmac.digest(self._following, token.encode(), "sha256")
        return token[:32] + urlsafe_b64encode(follows).rstrip(b"=").decode()


def session_of(token: str) -> UUID | None:
    """The session that a refresh token says it is of; whether that is true only renewing tells."""
    try:
        return UUID(hex=token[:32])
    except ValueError:
        return None


def _digest(token: str) -> bytes:
    return sha256(token.encode()).digest()

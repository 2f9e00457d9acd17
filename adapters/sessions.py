"""
Sessions: staying signed in by refresh tokens, each of which is good for one use.

A token that is used a second time is in two hands, so the session ends for both.  The one
exception is a client that asked twice at once: within seconds, and while nobody has used the
successor, it gets that same successor again.
"""

from __future__ import annotations

import hmac
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

from psycopg_pool import AsyncConnectionPool

from adapters.credentials import derived
from adapters.keys import kept
from adapters.tokens import Untrusted

LIFE_MAX = timedelta(days=30)
GRACE = timedelta(seconds=10)
_BEGIN = """
WITH ended AS (DELETE FROM ops.session WHERE user_id = %(user_id)s AND ends_at <= %(now)s),
begun AS (INSERT INTO ops.session (session_id, user_id, ends_at)
          VALUES (%(session_id)s, %(user_id)s, %(ends_at)s) RETURNING session_id)
INSERT INTO ops.refresh (digest, session_id, expires_at)
SELECT %(digest)s, session_id, %(expires_at)s FROM begun
"""
_RENEW = """
WITH used AS (
    UPDATE ops.refresh SET used_at = %(now)s
    WHERE digest = %(digest)s AND used_at IS NULL AND expires_at > %(now)s
    RETURNING session_id),
session AS (SELECT s.* FROM ops.session s JOIN used USING (session_id) WHERE ends_at > %(now)s),
renewed AS (INSERT INTO ops.refresh (digest, session_id, expires_at)
            SELECT %(successor)s, session_id, %(expires_at)s FROM session)
SELECT user_id FROM session
"""
_AGAIN = """
SELECT s.session_id, s.user_id,
       r.used_at > %(since)s AND n.used_at IS NULL AND n.digest IS NOT NULL AS at_once
FROM ops.refresh r JOIN ops.session s USING (session_id)
     LEFT JOIN ops.refresh n ON n.digest = %(successor)s
WHERE r.digest = %(digest)s AND r.used_at IS NOT NULL AND s.ends_at > %(now)s
"""
_END = "DELETE FROM ops.session WHERE session_id = %s"


class Sessions:
    """Sessions in ``ops``, where only digests of tokens are kept; ``idle`` is a token's life."""

    def __init__(
        self,
        pool: AsyncConnectionPool[Any],
        keys: Path,
        ids: Callable[[], UUID],
        clock: Callable[[], datetime],
        idle: timedelta,
    ) -> None:
        self._pool = pool
        self._ids = ids
        self._clock = clock
        self._idle = idle
        self._following = derived(kept(keys / "people", lambda: secrets.token_bytes(32)), "refresh")

    async def begin(self, user_id: UUID) -> str:
        """A new session; the first of its refresh tokens."""
        token, now = secrets.token_urlsafe(32), self._clock()
        values = {
            "user_id": user_id,
            "session_id": self._ids(),
            "digest": _digest(token),
            "now": now,
            "expires_at": now + self._idle,
            "ends_at": now + LIFE_MAX,
        }
        async with self._pool.connection() as db:
            await db.execute(_BEGIN, values)
        return token

    async def renew(self, token: str) -> tuple[UUID, str]:
        """Whose session it is, and the token that follows; Untrusted if it is not good (now)."""
        successor, now = self._successor(token), self._clock()
        values = {
            "digest": _digest(token),
            "successor": _digest(successor),
            "now": now,
            "since": now - GRACE,
            "expires_at": now + self._idle,
        }
        async with self._pool.connection() as db:
            if found := await (await db.execute(_RENEW, values)).fetchone():
                return found[0], successor
            again = await (await db.execute(_AGAIN, values)).fetchone()
            if again is None:
                raise Untrusted
            session_id, user_id, at_once = again
            if not at_once:
                await db.execute(_END, (session_id,))
                raise Untrusted
            return user_id, successor

    def _successor(self, token: str) -> str:
        """Follows from the token and our key, so that it can be told again but never guessed."""
        follows = hmac.digest(self._following, token.encode(), "sha256")
        return urlsafe_b64encode(follows).rstrip(b"=").decode()


def _digest(token: str) -> bytes:
    return sha256(token.encode()).digest()

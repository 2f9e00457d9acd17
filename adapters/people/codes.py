"""
Codes: what a person is sent and tells us again to prove that they got it.

Nothing of a code is kept.  It follows from the id of its challenge and a key in a file, so that
a letter that is sent twice says the same both times, and a dump of the database says nothing.
Each attempt is counted before it is looked at, and a challenge is used up by one that succeeds.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NoBase64
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from msgspec import Struct
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from adapters.keys import derived
from adapters.tokens import Untrusted

TRIES_MAX = 5
TRIES_A_DAY_MAX = 10
LETTERS_AN_HOUR_MAX = 5
DIGITS = 6
_TOKEN_BYTES = 24

_BEGIN = """
INSERT INTO ops.challenge (challenge_id, purpose, user_id, about, made_at, expires_at)
VALUES (%s, %s, %s, %s, %s, %s)
"""
_LOCK = "SELECT 1 FROM ops.person WHERE user_id = %s FOR UPDATE"
_RECENT = """
SELECT count(*) FROM ops.challenge WHERE user_id = %s AND purpose = %s AND made_at > %s
"""
_TRIES = """
SELECT coalesce(sum(attempts), 0) FROM ops.challenge
 WHERE user_id = %s AND purpose = %s AND made_at > %s
"""
_FIND = "SELECT user_id, about FROM ops.challenge WHERE challenge_id = %s AND purpose = %s"
_TRY = """
UPDATE ops.challenge SET attempts = attempts + 1
 WHERE challenge_id = %s AND used_at IS NULL AND expires_at > %s AND attempts < %s
RETURNING true
"""
_USE = """
UPDATE ops.challenge SET used_at = %s WHERE challenge_id = %s AND used_at IS NULL RETURNING true
"""
_FORGET = "DELETE FROM ops.challenge WHERE expires_at < %s"

Db = AsyncConnection[Any]


class Purpose(StrEnum):
    OTP = "OTP"
    VERIFY = "VERIFY"
    RESET = "RESET"
    EMAIL = "EMAIL"
    SECOND_FACTOR = "SECOND_FACTOR"
    NONCE = "NONCE"


#: How long each is good for; that of a code for signing in is a setting.
LIFE = {
    Purpose.OTP: timedelta(minutes=5),
    Purpose.VERIFY: timedelta(days=1),
    Purpose.RESET: timedelta(minutes=30),
    Purpose.EMAIL: timedelta(hours=1),
    Purpose.SECOND_FACTOR: timedelta(minutes=5),
    Purpose.NONCE: timedelta(minutes=10),
}
#: Guessable ones, whose attempts are counted by the day as well.
GUESSABLE = frozenset({Purpose.OTP})
LETTERS = frozenset({Purpose.OTP, Purpose.VERIFY, Purpose.RESET, Purpose.EMAIL})


class Met(Struct, frozen=True):
    """A challenge that was met: by whom, and what it was about."""

    challenge_id: UUID
    user_id: UUID | None
    about: bytes | None

    @property
    def person(self) -> UUID:
        """Untrusted if it was a challenge of nobody."""
        if self.user_id is None:
            raise Untrusted
        return self.user_id


class Codes:
    """Challenges in ``ops``; ``master`` is the key that codes follow from."""

    def __init__(
        self,
        pool: AsyncConnectionPool[Any],
        master: bytes,
        clock: Callable[[], datetime],
        otp_life: timedelta = LIFE[Purpose.OTP],
    ) -> None:
        self._pool = pool
        self._key = derived(master, "codes")
        self._clock = clock
        self._life = LIFE | {Purpose.OTP: otp_life}

    def life(self, purpose: Purpose) -> timedelta:
        return self._life[purpose]

    async def begin(
        self,
        purpose: Purpose,
        challenge_id: UUID,
        user_id: UUID | None,
        about: bytes | None = None,
    ) -> bool:
        """Set a challenge; False if this person was sent enough of them within the hour."""
        now = self._clock()
        made = (challenge_id, purpose, user_id, about, now, now + self._life[purpose])
        async with self._pool.connection() as db, db.transaction():
            await db.execute(_FORGET, [now - timedelta(days=2)])
            if purpose in LETTERS and user_id is not None:
                await db.execute(_LOCK, [user_id])
                since = now - timedelta(hours=1)
                count = await _number(db, _RECENT, (user_id, purpose, since))
                if count >= LETTERS_AN_HOUR_MAX:
                    return False
            await db.execute(_BEGIN, made)
        return True

    def code(self, challenge_id: UUID) -> str:
        """Six digits, for somebody to type."""
        number = int.from_bytes(self._follows(b"code", challenge_id))
        return f"{number % 10**DIGITS:0{DIGITS}}"

    def token(self, challenge_id: UUID) -> str:
        """The id and 192 bits that nobody guesses, for somebody to copy."""
        proof = self._follows(b"token", challenge_id)[:_TOKEN_BYTES]
        return urlsafe_b64encode(challenge_id.bytes + proof).decode().rstrip("=")

    async def meet_code(self, purpose: Purpose, challenge_id: UUID, code: str) -> Met:
        """Try a code, for ``spend`` to use up; Untrusted for a wrong one, or one too many."""
        return await self._meet(purpose, challenge_id, self.code(challenge_id), code, use=False)

    async def meet_token(self, purpose: Purpose, token: str, *, use: bool = True) -> Met:
        """The same with a token, which is used up at once unless it is only tried."""
        challenge_id = _id_in(token)
        return await self._meet(purpose, challenge_id, self.token(challenge_id), token, use=use)

    async def spend(self, challenge_id: UUID) -> None:
        """Use up a challenge that was tried; Untrusted if somebody else was faster."""
        async with self._pool.connection() as db:
            if not await (await db.execute(_USE, (self._clock(), challenge_id))).fetchone():
                raise Untrusted

    async def _meet(
        self, purpose: Purpose, challenge_id: UUID, right: str, given: str, *, use: bool
    ) -> Met:
        now = self._clock()
        async with self._pool.connection() as db:
            async with db.transaction():  # an attempt stays counted, whatever comes of it
                found = await (await db.execute(_FIND, (challenge_id, purpose))).fetchone()
                user_id, about = found or (None, None)
                await db.execute(_LOCK, [user_id])
                since = now - timedelta(days=1)
                tries = await _number(db, _TRIES, (user_id, purpose, since))
                counted = (challenge_id, now, TRIES_MAX)
                may = await (await db.execute(_TRY, counted)).fetchone()
            met = hmac.compare_digest(right.encode(), given.encode())
            spent = purpose in GUESSABLE and tries >= TRIES_A_DAY_MAX
            if not (found and may and met) or spent:
                raise Untrusted
            if use and not await (await db.execute(_USE, (now, challenge_id))).fetchone():
                raise Untrusted
        return Met(challenge_id, user_id, None if about is None else bytes(about))

    def _follows(self, kind: bytes, challenge_id: UUID) -> bytes:
        return hmac.digest(self._key, kind + challenge_id.bytes, "sha256")


async def _number(db: Db, query: Any, values: tuple[Any, ...]) -> int:
    row = await (await db.execute(query, values)).fetchone()
    return int(row[0]) if row else 0


def _id_in(token: str) -> UUID:
    try:
        return UUID(bytes=urlsafe_b64decode(token + "=" * (-len(token) % 4))[:16])
    except (NoBase64, ValueError):
        raise Untrusted from None

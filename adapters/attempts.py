"""
Attempts to prove who one is: the more that failed, the longer the next one has to wait.

An attempt counts before it is looked at, so that many at once are no way around, and is struck
off when it succeeds.  Strangers and each device that a person has signed in from before are
counted apart: whoever guesses at a stranger's password cannot shut its owner out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from msgspec import Struct
from psycopg_pool import AsyncConnectionPool

from adapters.limits import TooMany

#: After so long without an attempt everything is forgiven.
FORGIVEN_AFTER = timedelta(hours=1)
SWEEP_EVERY = 256
_COUNT = """
INSERT INTO ops.attempt AS a (key, free, most_s, failures, last_at, until)
SELECT key, free, most_s, 1, %(now)s,
       %(now)s + make_interval(secs => CASE WHEN free > 1 THEN 0 ELSE 1 END)
FROM unnest(%(keys)s::text[], %(free)s::int[], %(most_s)s::int[]) AS r (key, free, most_s)
ORDER BY key
ON CONFLICT (key) DO UPDATE SET
    failures = CASE WHEN a.last_at < %(forgiven)s THEN 1 ELSE a.failures + 1 END,
    last_at = excluded.last_at,
    until = excluded.last_at + make_interval(secs => CASE
        WHEN a.last_at < %(forgiven)s OR a.failures + 1 < a.free THEN 0
        ELSE least(power(2, least(a.failures + 1 - a.free, 20)), a.most_s) END)
WHERE a.until <= excluded.last_at
RETURNING key
"""
_UNTIL = "SELECT max(until) FROM ops.attempt WHERE key = ANY(%s)"
_STRIKE_OFF = """
UPDATE ops.attempt SET failures = greatest(failures - 1, 0), until = least(until, %s)
WHERE key = ANY(%s)
"""
_FORGIVE = "DELETE FROM ops.attempt WHERE key = ANY(%s)"
_SWEEP = "DELETE FROM ops.attempt WHERE last_at < %s AND until < %s"
_KNOWN = "SELECT EXISTS (SELECT FROM ops.device WHERE user_id = %s AND device = %s)"


class Patience(Struct, frozen=True):
    """``free`` attempts without a delay, then 1, 2, 4 ... seconds, ``most_s`` at most."""

    free: int
    most_s: int


OF_STRANGERS = Patience(5, 900)
OF_KNOWN_DEVICES = Patience(5, 60)
OF_ADDRESSES = Patience(30, 900)

Count = tuple[str, Patience]


class Attempts:
    """Counted in ``ops``, so that all processes count together."""

    def __init__(self, pool: AsyncConnectionPool[Any], clock: Callable[[], datetime]) -> None:
        self._pool = pool
        self._clock = clock
        self._until_sweep = SWEEP_EVERY

    async def knows(self, user_id: UUID | None, device: str | None) -> bool:
        """Whether this person has signed in from this device before."""
        if device is None:
            return False
        async with self._pool.connection() as db:
            found = await (await db.execute(_KNOWN, (user_id, device))).fetchone()
        return bool(found and found[0])

    async def count(self, counts: Sequence[Count]) -> None:
        """One more attempt on each of these; TooMany when one of them has to wait."""
        now = self._clock()
        values = {
            "keys": [key for key, _ in counts],
            "free": [patience.free for _, patience in counts],
            "most_s": [patience.most_s for _, patience in counts],
            "now": now,
            "forgiven": now - FORGIVEN_AFTER,
        }
        async with self._pool.connection() as db:
            counted = await (await db.execute(_COUNT, values)).fetchall()
            if len(counted) == len(counts):
                await self._sweep(db, now)
                return
            # What was counted besides was not tried.
            await db.execute(_STRIKE_OFF, (now, [key for (key,) in counted]))
            found = await (await db.execute(_UNTIL, (values["keys"],))).fetchone()
        wait_s = (found[0] - now).total_seconds() if found and found[0] else 1.0
        what = "too many attempts, wait before the next one"
        raise TooMany("AUTH_LOCKED", what, max(1, math.ceil(wait_s)))

    async def strike_off(self, counts: Sequence[Count]) -> None:
        """The attempt was no failure, or was never looked at."""
        async with self._pool.connection() as db:
            await db.execute(_STRIKE_OFF, (self._clock(), [key for key, _ in counts]))

    async def forgive(self, counts: Sequence[Count]) -> None:
        """Forget all failures that were counted here."""
        async with self._pool.connection() as db:
            await db.execute(_FORGIVE, ([key for key, _ in counts],))

    async def _sweep(self, db: Any, now: datetime) -> None:
        self._until_sweep -= 1
        if self._until_sweep <= 0:
            self._until_sweep = SWEEP_EVERY
            await db.execute(_SWEEP, (now - 2 * FORGIVEN_AFTER, now))

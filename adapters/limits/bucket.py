"""
Token buckets: a burst at once, and then a steady rate.

A bucket is kept as one number, the time at which it will be full again (the generic cell rate
algorithm of ATM, ITU-T I.371): nothing has to be refilled, and an old bucket is a full one.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Protocol

from msgspec import Struct

from domain.errors import DomainError

KEPT_MAX = 100_000


class TooMany(DomainError):
    """429: enough for now; another try makes sense after ``retry_after`` seconds."""

    status = 429

    def __init__(self, code: str, detail: str = "", retry_after: int = 1) -> None:
        super().__init__(code, detail)
        self.retry_after = retry_after


class Limit(Struct, frozen=True):
    """``per_s`` a second in the long run, ``burst`` at once."""

    name: str
    per_s: float
    burst: int

    @property
    def window_s(self) -> float:
        """Seconds in which an empty bucket fills."""
        return self.burst / self.per_s


class Verdict(Struct, frozen=True):
    """``remaining`` could be taken at once; after ``wait_s`` seconds, one more than now."""

    limit: Limit
    allowed: bool
    remaining: int
    wait_s: float


Ask = tuple[Limit, str]


class Buckets(Protocol):
    async def take(self, asks: Sequence[Ask], /) -> list[Verdict]:
        """Take one from the bucket of each key, where there is one left."""
        ...

    async def close(self) -> None: ...


def taken(limit: Limit, full_at: float, now: float) -> tuple[float, Verdict]:
    """When the bucket is full after this, and what that means for who asked."""
    each_s = 1 / limit.per_s
    full_at = max(full_at, now)
    room_s = limit.window_s - (full_at - now)
    if room_s < each_s * 0.999999:  # a sum of floats may be a hair short of one
        return full_at, Verdict(limit, False, 0, each_s - room_s)
    left = (room_s - each_s) / each_s + 1e-6
    whole = math.floor(left)
    return full_at + each_s, Verdict(limit, True, whole, (1 - (left - whole)) * each_s)


class MemoryBuckets:
    """Buckets of this process; of the most recent keys, for nobody waits for the others."""

    def __init__(self, now: Callable[[], float] = time.monotonic, kept: int = KEPT_MAX) -> None:
        self._now = now
        self._kept = kept
        self._full_at: OrderedDict[Ask, float] = OrderedDict()

    async def take(self, asks: Sequence[Ask], /) -> list[Verdict]:
        return self.take_now(asks)

    def take_now(self, asks: Sequence[Ask]) -> list[Verdict]:
        now, known = self._now(), self._full_at
        verdicts = []
        for ask in asks:
            known[ask], verdict = taken(ask[0], known.get(ask, 0.0), now)
            known.move_to_end(ask)
            verdicts.append(verdict)
        while len(known) > self._kept:
            known.popitem(last=False)
        return verdicts

    async def close(self) -> None:
        self._full_at.clear()

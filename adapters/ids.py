"""Ids: UUIDs of version 7, which sort by the time they were made (RFC 9562 §5.7)."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from uuid import UUID

_RANDOM_BITS = 74
_RANDOM_MAX = (1 << _RANDOM_BITS) - 1
_VERSION = 7 << 76
_VARIANT = 2 << 62


class Ids:
    """
    ``ids()`` is a new id, greater than every one this maker gave before.

    Within a millisecond, and while a clock that was set back catches up, the random part is
    raised by 1 to 2^48 (RFC 9562 §6.2, method 2), so that the next id cannot be guessed.
    Not for several threads.
    """

    def __init__(self, now_ns: Callable[[], int] = time.time_ns) -> None:
        self._now_ns = now_ns
        self._entropy = _words()
        self._ms = 0
        self._random = 0

    def __call__(self) -> UUID:
        ms = self._now_ns() // 1_000_000
        if ms > self._ms:
            self._restart(ms)
        else:
            self._random += 1 + (next(self._entropy) >> 16)
            if self._random > _RANDOM_MAX:
                self._restart(self._ms + 1)
        high, low = self._random >> 62, self._random & ((1 << 62) - 1)
        return UUID(int=self._ms << 80 | _VERSION | high << 64 | _VARIANT | low)

    def _restart(self, ms: int) -> None:
        self._ms = ms
        self._random = next(self._entropy) << 9 | next(self._entropy) >> 55  # 73 bits: room to rise


def _words() -> Iterator[int]:
    """Random numbers of 64 bits, asked of the system a page at a time."""
    while True:
        yield from memoryview(os.urandom(4096)).cast("Q")

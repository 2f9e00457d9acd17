"""Passwords: argon2id, two at a time, so that signing in never starves trading."""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from domain.errors import Unavailable

T = TypeVar("T")

AT_ONCE = 2
WAITING_MAX = 16
LEAST_URGENT = 19


class Passwords:
    """
    Hashes with 19 MiB, 2 passes and 1 lane (the least that OWASP allows).

    A password is taken as the bytes that came: not cut, not normalised.  Beyond two at work
    and sixteen in line, Unavailable; and those two stand back for whatever else wants the
    processor.
    """

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
        self._threads = ThreadPoolExecutor(
            AT_ONCE, thread_name_prefix="argon2", initializer=_stand_back
        )
        self._inside = 0
        # Checked for a person we do not know, so that both answers take as long.
        self._nobody = self._hasher.hash(secrets.token_bytes(32))

    async def hash(self, password: bytes) -> str:
        return await self._in_turn(lambda: self._hasher.hash(password))

    async def matches(self, known: str | None, password: bytes) -> bool:
        """Whether this is the password; ``known`` is None for a person we do not know."""
        right = await self._in_turn(lambda: self._verify(known or self._nobody, password))
        return right and known is not None

    def is_outdated(self, known: str) -> bool:
        """Made with weaker parameters than today's."""
        return self._hasher.check_needs_rehash(known)

    def close(self) -> None:
        self._threads.shutdown(cancel_futures=True)

    def _verify(self, known: str, password: bytes) -> bool:
        try:
            return self._hasher.verify(known, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _in_turn(self, work: Callable[[], T]) -> T:
        if self._inside >= AT_ONCE + WAITING_MAX:
            raise Unavailable("SIGN_IN_BUSY", "too many people are signing in", retry_after=2)
        self._inside += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._inside -= 1


def _stand_back() -> None:
    """Of a thread: the least urgent of all, where the system can tell threads apart."""
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LEAST_URGENT)

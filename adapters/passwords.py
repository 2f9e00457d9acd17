"""Passwords: argon2id, one at a time, so that signing in never starves trading."""

from __future__ import annotations

import asyncio
import secrets
import threading
from concurrent.futures import ThreadPoolExecutor

from adapters.hashing import Hashing, hasher
from domain.errors import Unavailable

AT_ONCE = 1
WAITING_MAX = 16


class Passwords:
    """
    Hashed by a process of its own (adapters.hashing): at most one processor is taken from orders.

    A password is taken as the bytes that came: not cut, not normalised.  Beyond one at work
    and sixteen in line, Unavailable.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="argon2")
        self._own = threading.local()
        self._inside = 0
        # Checked for a person we do not know, so that both answers take as long.
        self._nobody = hasher().hash(secrets.token_bytes(32))

    async def hash(self, password: bytes) -> str:
        return str(await self._in_turn(password, None))

    async def matches(self, known: str | None, password: bytes) -> bool:
        """Whether this is the password; ``known`` is None for a person we do not know."""
        right = await self._in_turn(password, known or self._nobody)
        return right is True and known is not None

    def is_outdated(self, known: str) -> bool:
        """Made with weaker parameters than today's."""
        return hasher().check_needs_rehash(known)

    def demand_room(self) -> None:
        """Raise Unavailable while there is no place in line."""
        if self._inside >= AT_ONCE + WAITING_MAX:
            raise Unavailable("SIGN_IN_BUSY", "too many people are signing in", retry_after=2)

    def close(self) -> None:
        self._threads.shutdown(cancel_futures=True)

    async def _in_turn(self, password: bytes, known: str | None) -> str | bool:
        self.demand_room()
        self._inside += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, self._ask, password, known)
        finally:
            self._inside -= 1

    def _ask(self, password: bytes, known: str | None) -> str | bool:
        if not hasattr(self._own, "hashing"):
            self._own.hashing = Hashing()
        told: str | bool = self._own.hashing.ask(password, known)
        return told

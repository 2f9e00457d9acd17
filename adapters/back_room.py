"""
The back room: long work on the whole tape, done by a process of its own.

Walking the chain or building a read model takes a core for as long as the tape is long, and so
does sealing every key anew; the process that answers requests must not be the one to give it.
"""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any, TypeVar

from adapters import postgres, projector
from adapters.settings import Settings
from adapters.tape import Verdict, verify
from adapters.vault import ring_of
from adapters.vault.rotation import rotate_all
from domain.errors import Conflict, DomainError

T = TypeVar("T")


class BackRoom:
    """One work at a time; Conflict while another is being done."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._busy = False

    async def verify(self) -> Verdict:
        return await self._alone(_verified, self._dsn)

    async def rebuild(self, model: str) -> str | None:
        """Why it could not be rebuilt, as a code, or None."""
        return await self._alone(_rebuilt, self._dsn, model)

    async def rotate(self, settings: Settings) -> tuple[int, int]:
        """Seal every stored key anew: under which version, and how many did not open."""
        return await self._alone(_rotated, self._dsn, settings)

    @property
    def busy(self) -> bool:
        return self._busy

    async def _alone(self, work: Callable[..., T], *of: Any) -> T:
        if self._busy:
            raise Conflict("BACK_ROOM_BUSY")
        self._busy = True
        room = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))
        try:
            return await asyncio.get_running_loop().run_in_executor(room, work, *of)
        finally:
            room.shutdown(wait=False)
            self._busy = False


def _verified(dsn: str) -> Verdict:
    with postgres.connect(dsn) as db:
        return verify(db)


def _rebuilt(dsn: str, model: str) -> str | None:
    try:
        projector.rebuild(dsn, [model])
    except projector.BuildFailed:
        return "BUILD_FAILED"
    except DomainError as error:
        return error.code
    return None


def _rotated(dsn: str, settings: Settings) -> tuple[int, int]:
    async def all_of_them() -> tuple[int, int]:
        async with await postgres.connect_async(dsn) as db:
            return await rotate_all(db, ring_of(settings))

    return asyncio.run(all_of_them())

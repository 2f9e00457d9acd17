"""Afterwards: what is done once somebody has their answer, so that its time tells nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

from domain.errors import DomainError, Unavailable

AT_ONCE_MAX = 256

_log = structlog.get_logger("api")
_under_way: set[asyncio.Task[None]] = set()


def afterwards(work: Coroutine[Any, Any, None]) -> None:
    """Begin this work and do not wait for it; Unavailable while too much is under way."""
    if len(_under_way) >= AT_ONCE_MAX:
        work.close()
        raise Unavailable("SIGN_IN_BUSY", "too many people ask for letters", retry_after=2)
    task = asyncio.create_task(_quietly(work))
    _under_way.add(task)
    task.add_done_callback(_under_way.discard)


async def _quietly(work: Coroutine[Any, Any, None]) -> None:
    """Nobody waits for it, so that nobody would hear what went wrong."""
    try:
        await work
    except DomainError as error:
        _log.info("no letter", code=error.code)
    except Exception:
        _log.exception("no letter")

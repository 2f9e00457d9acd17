"""Opening the gate: what has to be followed as long as the doors are open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from psycopg_pool import AsyncConnectionPool

from adapters.ended import Ended
from adapters.tokens import Tokens
from api.auth.gate import Gate
from commands.base import Caller
from commands.identity import ReportSigningKeys
from domain.base import Role
from domain.errors import DomainError

if TYPE_CHECKING:
    from api.parts import Engine

LOOK_EVERY_S = 1.0


@asynccontextmanager
async def open_gate(
    engine: Engine,
    views: AsyncConnectionPool[Any],
    tokens: Tokens,
    clock: Callable[[], datetime],
) -> AsyncIterator[Gate]:
    """The gate, which knows of whoever signs out anywhere as long as the block lasts."""
    ended = Ended(clock, timedelta(seconds=tokens.longest_life_s))
    engine.dispatch.followers.append(ended.committed)
    keys = engine.settings.data / "keys"
    gate = Gate(engine.settings, views, engine.dispatch, engine.ids, clock, keys=keys, ended=ended)
    reporting = asyncio.create_task(_report_keys(engine, tokens, clock))
    try:
        async with ended.kept_fresh(engine.dsn):
            yield gate
    finally:
        reporting.cancel()
        await gate.close()


async def _report_keys(engine: Engine, tokens: Tokens, clock: Callable[[], datetime]) -> None:
    """Record which keys sign, now and whenever that changes, whoever changed it."""
    told: list[str] = []
    while True:
        tokens.look()
        if tokens.kids != told:
            kids = tokens.kids
            report = ReportSigningKeys(at=clock(), trusted=tuple(kids), signs=kids[-1])
            caller = Caller(actor="system:doors", roles=Role.SYSTEM, correlation_id=engine.ids())
            try:
                await engine.dispatch(report, caller)
                told = kids
            except DomainError:
                pass  # the tape is away: told again in a moment
        await asyncio.sleep(LOOK_EVERY_S)

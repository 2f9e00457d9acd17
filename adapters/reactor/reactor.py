"""
The reactor: reads the tape and sends the commands that follow from its facts.

# 1. A reaction is pure: ``react(event, meta) -> commands``.  It reads nothing and keeps nothing.
# 2. Its checkpoint is moved after the commands are answered.  A crash between the two repeats
#    them; each carries a claim derived from the position of its fact, so what became true the
#    first time is found again and does not become true twice.
# 3. A command that is refused has been decided on, and is not tried again.  One that found no
#    answer (Unavailable) is: until then nothing behind it is looked at.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, NoReturn, Protocol
from uuid import UUID

import psycopg
import structlog
from msgspec.structs import replace
from psycopg import AsyncConnection

from adapters.postgres import connect_async
from adapters.tape import facts_of
from adapters.tape.reader import CHANNEL, COLUMNS, row_factory
from commands.base import Caller, Claim, Command, Receipt
from domain.base import Event, Fact, Meta, Role
from domain.errors import DomainError, Unavailable

#: Positions looked through at once; only facts that some reaction takes are read.
WINDOW = 2000
POLL_S = 0.25
PAUSE_S = 0.5

_BEGIN = "INSERT INTO ops.reaction (name, position) VALUES (%s, 0) ON CONFLICT DO NOTHING"
_REACHED = "SELECT position FROM ops.reaction WHERE name = %s"
_MOVE = """
UPDATE ops.reaction SET position = %s, updated_at = clock_timestamp()
 WHERE name = %s AND position = %s
"""
_HEAD = "SELECT position FROM es.head"
_TAKEN = f"""
SELECT {COLUMNS} FROM es.event
 WHERE position > %s AND position <= %s AND type = ANY(%s) ORDER BY position
"""  # noqa: S608

_log = structlog.get_logger("reactor")

Db = AsyncConnection[Any]
Dispatch = Callable[[Command, Caller, Claim], Awaitable[Receipt]]


class Reaction(Protocol):
    """A module or an object: ``TAKES`` are the facts that concern it."""

    @property
    def NAME(self) -> str: ...  # noqa: N802 - a constant of the module
    @property
    def TAKES(self) -> tuple[type[Event], ...]: ...  # noqa: N802
    def react(self, event: Any, meta: Meta, /) -> Iterable[Command]: ...


class Reactor:
    """Several may run: the slower finds the checkpoint moved, and its claims taken."""

    def __init__(
        self,
        dsn: str,
        dispatch: Dispatch,
        clock: Callable[[], datetime],
        reactions: Sequence[Reaction],
    ) -> None:
        self._dsn = dsn
        self._dispatch = dispatch
        self._clock = clock
        self._reactions = tuple(reactions)
        #: Commands by what became of them, for the metrics.
        self.sent = 0
        self.refused = 0

    async def run(self) -> NoReturn:
        """React until cancelled.  A lost Postgres only delays it."""
        while True:
            try:
                async with await connect_async(self._dsn) as db:
                    await db.execute(f"LISTEN {CHANNEL}")  # first: what comes now is heard
                    while True:
                        if not await self.step(db):
                            async for _ in db.notifies(timeout=POLL_S, stop_after=1):
                                pass
            except (psycopg.OperationalError, Unavailable) as error:
                _log.warning("reactor waits", reason=str(error) or type(error).__name__)
                await asyncio.sleep(PAUSE_S)

    async def step(self, db: Db) -> bool:
        """One window for every reaction; False when all of them have seen everything."""
        row = await (await db.execute(_HEAD)).fetchone()
        head = int(row[0]) if row else 0
        more = False
        for reaction in self._reactions:
            more |= await self._step(db, reaction, head)
        return more

    async def _step(self, db: Db, reaction: Reaction, head: int) -> bool:
        reached = await self._reached(db, reaction.NAME)
        until = min(reached + WINDOW, head)
        if until <= reached:
            return False
        facts = await self._facts(db, reaction, reached, until)
        await asyncio.gather(
            *(
                self._send(reaction.NAME, fact, nth, command)
                for fact in facts
                for nth, command in enumerate(reaction.react(fact.event, fact.meta))
            )
        )
        await db.execute(_MOVE, (until, reaction.NAME, reached))
        return until < head

    async def _reached(self, db: Db, name: str) -> int:
        row = await (await db.execute(_REACHED, [name])).fetchone()
        if row is None:
            await db.execute(_BEGIN, [name])
            return 0
        return int(row[0])

    async def _facts(self, db: Db, reaction: Reaction, after: int, until: int) -> list[Fact]:
        types = [event.__name__ for event in reaction.TAKES]
        async with db.cursor(binary=True, row_factory=row_factory) as cursor:
            await cursor.execute(_TAKEN, (after, until, types), prepare=True)
            rows = await cursor.fetchall()
        return [fact for fact in facts_of(rows) if isinstance(fact.event, reaction.TAKES)]

    async def _send(self, name: str, fact: Fact, nth: int, command: Command) -> None:
        by = caller(name, fact.meta)
        try:
            await self._dispatch(
                replace(command, at=self._clock()), by, claim(name, fact.position, nth)
            )
        except Unavailable:
            raise
        except DomainError as error:
            self.refused += 1
            _log.info("reaction refused", reaction=name, position=fact.position, code=error.code)
        else:
            self.sent += 1


def claim(name: str, position: int, nth: int) -> Claim:
    """The promise that the nth command of a reaction to one fact has effect once."""
    key = sha256(f"reaction\n{name}\n{position}\n{nth}".encode()).digest()
    return Claim(key, key)


def caller(name: str, meta: Meta) -> Caller:
    """A reaction acts for itself, in the course of what its fact belongs to."""
    causation_id: UUID = meta.command_id
    return Caller(
        actor=f"system:{name}",
        roles=Role.SYSTEM,
        correlation_id=meta.correlation_id,
        causation_id=causation_id,
    )

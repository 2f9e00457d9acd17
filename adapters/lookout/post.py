"""
The post of the lookout: facts and slices come in, and it is told on the tape who was reached.

Which alerts wait is read from their read model and the tape behind it, so that a process that
was killed goes on where it stopped.  What cannot be told now is told when the tape is back.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
import psycopg
import structlog
from psycopg import Connection
from psycopg.errors import UndefinedTable
from psycopg.rows import dict_row

from adapters import postgres
from adapters.candles.query import candles
from adapters.lookout.lookout import Command, Lookout
from adapters.lookout.track import Track
from adapters.tape import Reader
from commands import base
from commands.base import Caller, Entry, Receipt
from domain.base import Event, Fact, Role
from domain.errors import DomainError, Unavailable
from domain.identity import UserErased
from domain.market import AlertCancelled, AlertExpired, AlertSet, AlertTriggered, Quote
from projections.query import prepare

ACTOR = "system:lookout"
#: How often it looks at the clock, in seconds, and waits before it tells something again.
TICK_S, AGAIN_S = 0.25, 1.0
#: Commands under way at once.
TELLERS = 16
_PAGE = 2000

_REACHED = """
SELECT coalesce(max(position), 0) FROM rm.checkpoint WHERE name = 'alerts' AND state = 'live'
"""
_OPEN = """
SELECT alert_id, user_id, symbol, condition, reference, threshold, rising, expires_at
  FROM rm.alerts WHERE status = 'OPEN'
"""

_log = structlog.get_logger("lookout")

Dispatch = Callable[[base.Command, Caller], Awaitable[Receipt]]


class Post:
    """
    Give it the alerts that wait, every fact from then on (``follow``, or ``told`` among the
    followers of the only dispatch) and every slice (``on_quote``), and let it ``run``.
    """

    def __init__(
        self, lookout: Lookout, dispatch: Dispatch, clock: Callable[[], datetime], dsn: str
    ) -> None:
        self.lookout = lookout
        self._dispatch = dispatch
        self._clock = clock
        self._dsn = dsn
        self._commands: asyncio.Queue[Command] = asyncio.Queue()

    # ── facts ──────────────────────────────────────────────────────────────────

    async def follow(self, pages: AsyncIterable[Iterable[Fact]]) -> None:
        """Learn every fact of the tape, as it is appended."""
        async for page in pages:
            for fact in page:
                self.learn(fact.event)

    def told(self, news: Sequence[tuple[int, Entry]]) -> None:
        """Learn what this process has committed: a follower of ``commands.dispatch``."""
        for _, entry in news:
            for event in entry.facts:
                self.learn(event)

    def learn(self, event: Event) -> None:
        match event:
            case AlertSet():
                self.lookout.on_set(event)
            case AlertTriggered() | AlertCancelled() | AlertExpired():
                self.lookout.on_over(event.alert_id)
            case UserErased():
                self._tell(self.lookout.on_gone(event.user_id, self._clock()))
            case _:
                pass

    # ── slices and time ────────────────────────────────────────────────────────

    def on_quote(self, quote: Quote) -> None:
        """Look at this slice; returns at once, commands are sent in the background."""
        self._tell(self.lookout.on_quote(quote, self._clock()))

    async def run(self) -> None:
        """Tell, expire, and read what tracks begin with, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(TELLERS):
                group.create_task(self._telling())
            while True:
                self._tell(self.lookout.on_time(self._clock()))
                for track in self.lookout.new_tracks():
                    await self._begin(track)
                await asyncio.sleep(TICK_S)

    async def drained(self) -> None:
        """Return when everything sent has been answered."""
        await self._commands.join()

    async def _begin(self, track: Track) -> None:
        try:
            async with await postgres.connect_async(self._dsn) as db:
                await prepare(db)
                track.begin(await candles(db, track.asked))
        except psycopg.Error as error:
            _log.warning("candles wait", symbol=track.candles.symbol, error=type(error).__name__)
            self.lookout.wanting.append(track)
            await asyncio.sleep(AGAIN_S)

    # ── commands ───────────────────────────────────────────────────────────────

    def _tell(self, commands: Iterable[Command]) -> None:
        for command in commands:
            self._commands.put_nowait(command)

    async def _telling(self) -> None:
        while True:
            command = await self._commands.get()
            try:
                await self._ask(command)
            finally:
                self._commands.task_done()

    async def _ask(self, command: Command) -> None:
        by = Caller(actor=ACTOR, roles=Role.SYSTEM, correlation_id=command.alert_id)
        while True:
            try:
                await self._dispatch(command, by)
            except Unavailable:
                await asyncio.sleep(AGAIN_S)
                continue
            except DomainError as error:  # its owner was quicker
                _log.info("alert refused", code=error.code, alert_id=str(command.alert_id))
            except Exception:  # whatever broke, the lookout goes on
                _log.exception("alert failed", alert_id=str(command.alert_id))
            return


def open_alerts(post: Post, db: Connection[Any]) -> int:
    """Give the post the alerts that wait; return the position of the last fact it has learnt."""
    with db.transaction():
        db.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        try:
            row = db.execute(_REACHED).fetchone()
            position = row[0] if row else 0
            with db.cursor(row_factory=dict_row) as cursor:
                found = cursor.execute(_OPEN).fetchall() if position else []
        except UndefinedTable:  # nothing was ever projected here
            position, found = 0, []
    for each in found:
        post.lookout.on_set(msgspec.convert(each, AlertSet, strict=False))
    reader = Reader(db)
    while facts := reader.facts(position, _PAGE):
        for fact in facts:
            post.learn(fact.event)
        position = facts[-1].position
    return position

"""
The recorder: candles of what the board shows, written down about once a second.

Market data may be lost with the machine's power, since it can be had again: commits do not wait
for the disk, so that orders never wait for candles.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import psycopg
import structlog
from msgspec import Struct
from psycopg import Connection

from adapters import postgres
from adapters.candles import shelf
from adapters.candles.builder import Builder
from adapters.candles.series import Days
from domain.market import Calendar, Calendars, Instrument, Quote
from domain.market.candle import Level, trading_day

#: How often candles are written, in seconds; how often the old are thrown away.
EVERY_S = 1.0
SWEEP = timedelta(hours=1)

_log = structlog.get_logger("candles")


class Retention(Struct, frozen=True):
    """How many days of market time seconds and minutes are kept; 0 keeps them for ever."""

    seconds_days: int
    minutes_days: int

    def limits(self, reached: datetime) -> Iterable[tuple[Level, datetime]]:
        for level, days in ((Level.SECOND, self.seconds_days), (Level.MINUTE, self.minutes_days)):
            if days:
                yield level, reached - timedelta(days=days)


def days_of(calendars: Calendars, instruments: Iterable[Instrument]) -> Callable[[str], Days]:
    """The trading days of a symbol, by the calendar of its exchange."""
    exchanges = {one.symbol: one.exchange for one in instruments}

    def days(symbol: str) -> Days:
        calendar: Calendar = calendars.of(exchanges.get(symbol, ""))
        return partial(trading_day, calendar)

    return days


class Recorder:
    """Give it every slice (``on_quote``), late prints apart (``on_late``), and let it ``run``."""

    def __init__(
        self, dsn: str, source: str, days: Callable[[str], Days], retention: Retention
    ) -> None:
        self.builder = Builder(days)
        self.on_quote: Callable[[Quote], None] = self.builder.on_quote
        self.on_late: Callable[[Quote], None] = self.builder.on_late
        self._dsn = dsn
        self._source = source
        self._retention = retention
        self._swept: datetime | None = None
        self._db: Connection[Any] | None = None

    def take_up(self) -> None:
        """Go on with the candles that were not over; before the first slice."""
        self.builder.resume(shelf.unfinished(self._connected()))

    async def run(self) -> None:
        """Write what has changed, until cancelled; a database that is away is tried again."""
        try:
            while True:
                await asyncio.sleep(EVERY_S)
                await self._note()
        finally:
            self._hang_up()

    async def _note(self) -> None:
        changed, reached = list(self.builder.changed()), self.builder.reached
        if changed and reached is not None:
            rows = [shelf.row(*candle, self._source) for candle in changed]
            pages = [rows[n : n + shelf.PAGE] for n in range(0, len(rows), shelf.PAGE)]
            await self._written([shelf.text(page) for page in pages], reached)

    async def _written(self, pages: list[str], reached: datetime) -> None:
        while True:
            try:
                await asyncio.to_thread(self._write, pages, reached)
            except psycopg.OperationalError as error:
                _log.warning("candles wait", error=type(error).__name__)
                self._hang_up()
                await asyncio.sleep(EVERY_S)
            except psycopg.Error:
                _log.exception("candles not written", pages=len(pages))
                return
            else:
                return

    def _write(self, pages: list[str], reached: datetime) -> None:
        db = self._connected()
        for page in pages:
            db.execute(shelf.KEEP, [page, reached])
        if self._swept is None or reached - self._swept >= SWEEP:
            self._swept = reached
            for level, before in self._retention.limits(reached):
                for name in shelf.forget(db, level, before):
                    _log.info("candles thrown away", partition=name)

    def _connected(self) -> Connection[Any]:
        """The one connection, opened anew only where it was lost."""
        if self._db is None:
            self._db = postgres.connect(self._dsn)
            self._db.execute("SET synchronous_commit = off")
        return self._db

    def _hang_up(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None

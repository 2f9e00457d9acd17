"""
Closing days: when the next day of a source has begun, the day before is put on the tape by hash.

A day is over for good once the market has gone on for so long that nothing printed in it can be
taken in any more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import structlog
from msgspec import Struct
from psycopg import Connection

from adapters import postgres
from adapters.candles.series import LATE_MAX
from commands import base
from commands.base import Caller, Receipt
from commands.market import CloseMarketDataDay
from domain.base import Role
from domain.errors import DomainError

ACTOR = "system:recorder"
#: How often it is looked, in seconds, and how many days back.
EVERY_S = 600.0
LOOK_BACK = timedelta(days=7)

_OVER = """
SELECT day FROM md.candle WHERE level = '1D' AND source = %(source)s
   AND begins > (SELECT max(reached) FROM md.series) - %(back)s
 GROUP BY day
HAVING max(begins) < (SELECT max(begins) FROM md.candle WHERE level = '1D' AND source = %(source)s)
   AND max(ends) + %(late)s <= (SELECT max(reached) FROM md.series)
 ORDER BY day
"""
_DIGEST = """
SELECT count(*), encode(sha256(convert_to(coalesce(string_agg(
    concat_ws(',', symbol, extract(epoch FROM begins)::bigint, trim_scale(open), trim_scale(high),
              trim_scale(low), trim_scale(close), trim_scale(volume), trades) || chr(10), ''
    ORDER BY symbol COLLATE "C", begins), ''), 'UTF8')), 'hex')
  FROM md.candle
 WHERE level = '1m' AND day = %(day)s AND source = %(source)s
   AND begins BETWEEN %(day)s::date - 2 AND %(day)s::date + 2
"""

_log = structlog.get_logger("candles")


class Digest(Struct, frozen=True):
    """What ``MarketDataDayClosed`` says of a day."""

    rows: int
    sha256: str


def digest(db: Connection[Any], source: str, day: date) -> Digest:
    """Of the candles of a minute as they are kept now."""
    row = db.execute(_DIGEST, {"source": source, "day": day}).fetchone()
    assert row is not None, "an aggregate is one row"
    return Digest(*row)


def days_over(db: Connection[Any], source: str) -> list[date]:
    """The latest days of this source to which nothing can be added, oldest first."""
    asked = {"source": source, "back": LOOK_BACK, "late": LATE_MAX}
    return [day for (day,) in db.execute(_OVER, asked)]


class Closing:
    def __init__(
        self,
        dsn: str,
        source: str,
        dispatch: Callable[[base.Command, Caller], Awaitable[Receipt]],
        clock: Callable[[], datetime],
        new_id: Callable[[], UUID],
    ) -> None:
        self._dsn, self._source = dsn, source
        self._dispatch, self._clock, self._new_id = dispatch, clock, new_id
        self._known: set[date] = set()

    async def run(self) -> None:
        """Close what is over, until cancelled; what fails is tried the next time."""
        while True:
            try:
                await self.look()
            except (psycopg.Error, DomainError) as error:
                _log.warning("days wait to be closed", error=type(error).__name__)
            await asyncio.sleep(EVERY_S)

    async def look(self) -> None:
        by = Caller(actor=ACTOR, roles=Role.SYSTEM, correlation_id=self._new_id())
        for day, found in await asyncio.to_thread(self._found):
            command = CloseMarketDataDay(
                at=self._clock(),
                source=self._source,
                day=day,
                rows=found.rows,
                sha256=found.sha256,
            )
            await self._dispatch(command, by)
            self._known.add(day)

    def _found(self) -> list[tuple[date, Digest]]:
        with postgres.connect(self._dsn) as db:
            days = [day for day in days_over(db, self._source) if day not in self._known]
            return [(day, digest(db, self._source, day)) for day in days]

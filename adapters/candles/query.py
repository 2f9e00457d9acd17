"""
Candles as they are asked for: any timeframe of ours, of the kept seconds, minutes and sessions.

What was answered is remembered with the version of the symbol's candles, so that asking again
costs one short look at that version; an ETag says that nothing is new.
"""

from __future__ import annotations

from collections import OrderedDict
from datetime import date, datetime
from hashlib import blake2b
from typing import Any

import msgspec
from msgspec import Struct
from psycopg import AsyncConnection
from psycopg.rows import class_row, tuple_row

from adapters.candles.actions import adjustments
from adapters.candles.adjusting import adjusted
from domain.market.candle import LENGTHS, Level, Part, Timeframe
from projections.query import sql

LIMIT, LIMIT_MAX = 500, 5000
FIRST = datetime.fromisoformat("0001-01-03T00:00:00Z")
LAST = datetime.fromisoformat("9999-01-01T00:00:00Z")
#: Bytes of answers that are remembered.
REMEMBERED_MAX = 16_000_000

_VERSION = b"SELECT version FROM md.series WHERE symbol = %s"
_PRICES = """trim_scale(open)::text AS open, trim_scale(high)::text AS high,
 trim_scale(low)::text AS low, trim_scale(close)::text AS close,
 trim_scale(volume)::text AS volume,
 CASE WHEN volume > 0 THEN trim_scale(round(turnover / volume, 8))::text END AS vwap, trades"""
_KEPT = sql(
    """
SELECT begins AS time, day, {prices},
    ends <= (SELECT reached FROM md.series WHERE symbol = %(symbol)s) AS complete
  FROM md.candle
 WHERE symbol = %(symbol)s AND level = %(level)s AND begins >= %(since)s AND begins < %(until)s
   AND part = ANY(%(parts)s)
 ORDER BY begins DESC LIMIT %(limit)s
""",
    prices=_PRICES,
)
_MADE = """
WITH pieces AS (
    SELECT *, {bin} AS bin FROM md.candle
     WHERE symbol = %(symbol)s AND level = %(level)s AND begins >= %(since)s
       AND begins < %(until)s + %(length)s AND part = ANY(%(parts)s)
     ORDER BY begins DESC LIMIT (%(limit)s + 1) * %(pieces)s
), made AS (
    SELECT min(begins) AS first, min(day) AS day, bin, part, max(ends) AS over,
        (array_agg(open ORDER BY begins))[1] AS open, max(high) AS high, min(low) AS low,
        (array_agg(close ORDER BY begins DESC))[1] AS close, sum(volume) AS volume,
        sum(turnover) AS turnover, sum(trades)::bigint AS trades
      FROM pieces GROUP BY {group}
)
SELECT {time} AS time, day, {prices},
    {over} <= (SELECT reached FROM md.series WHERE symbol = %(symbol)s) AS complete
  FROM made WHERE {time} >= %(since)s AND {time} < %(until)s ORDER BY time DESC LIMIT %(limit)s
"""
_INTRADAY = sql(
    _MADE,
    bin="date_bin(%(length)s, begins, opens)",
    group="bin, part, opens",
    time="bin",
    over="bin + %(length)s",
    prices=_PRICES,
)
_LONG = sql(
    _MADE,
    bin="date_trunc(%(unit)s, day::timestamp)",
    group="bin, part",
    time="first",
    over="bin + ('1 ' || %(unit)s)::interval",
    prices=_PRICES,
)


class Asked(Struct, frozen=True):
    """The newest ``limit`` candles that begin in [since, until), as a program asks for them."""

    symbol: str
    timeframe: Timeframe
    since: datetime = FIRST
    until: datetime = LAST
    limit: int = LIMIT
    extended: bool = False
    adjusted: bool = False


class Candle(Struct, frozen=True):
    """
    ``time`` is when it begins (of a session, when that opens); ``day`` the date of its session.

    Prices are per unit, ``volume`` in units; ``vwap`` is turnover over volume.  Not ``complete``
    are candles in which trades may still happen.
    """

    time: datetime
    day: date
    open: str
    high: str
    low: str
    close: str
    volume: str
    vwap: str | None
    trades: int
    complete: bool


class Candles(Struct, frozen=True):
    """Oldest first."""

    symbol: str
    timeframe: Timeframe
    adjusted: bool
    items: list[Candle]


class Answer(Struct, frozen=True):
    """An answer as JSON, and the tag by which its asker knows it again."""

    body: bytes
    etag: str


async def candles(db: AsyncConnection[Any], asked: Asked) -> list[Candle]:
    """From the tables; oldest first."""
    frame = asked.timeframe
    level, length = frame.level, frame.length
    kept = frame.value == level.value
    parts = [*Part] if asked.extended and level is not Level.DAY else [Part.REGULAR]
    query = _KEPT if kept else _LONG if level is Level.DAY else _INTRADAY
    values = {
        "symbol": asked.symbol, "level": level.value, "length": length, "limit": asked.limit,
        "since": max(asked.since, FIRST), "until": min(asked.until, LAST),
        "parts": [int(part) for part in parts], "pieces": -(-length // LENGTHS[Timeframe(level)]),
        "unit": "week" if frame is Timeframe.W1 else "month",
    }  # fmt: skip
    async with db.cursor(row_factory=class_row(Candle)) as cursor:
        await cursor.execute(query, values, prepare=True)
        found = await cursor.fetchall()
    found.reverse()
    return adjusted(found, await adjustments(db, asked.symbol)) if asked.adjusted else found


class Remembered:
    """Answers given before, as long as the version of their symbol's candles is the same."""

    def __init__(self) -> None:
        self._answers: OrderedDict[Asked, tuple[int, Answer]] = OrderedDict()
        self._bytes = 0

    async def answer(self, db: AsyncConnection[Any], asked: Asked) -> Answer:
        async with db.cursor(row_factory=tuple_row) as cursor:
            await cursor.execute(_VERSION, [asked.symbol], prepare=True)
            row = await cursor.fetchone()
        version = row[0] if row else 0
        known = self._answers.get(asked)
        if known is not None and known[0] == version:
            self._answers.move_to_end(asked)
            return known[1]
        found = await candles(db, asked)
        whole = Candles(asked.symbol, asked.timeframe, asked.adjusted, found)
        body = msgspec.json.encode(whole)
        answer = Answer(body, f'"{blake2b(body, digest_size=16).hexdigest()}"')
        self._remember(asked, version, answer)
        return answer

    def _remember(self, asked: Asked, version: int, answer: Answer) -> None:
        before = self._answers.pop(asked, None)
        self._bytes += len(answer.body) - (len(before[1].body) if before else 0)
        self._answers[asked] = (version, answer)
        while self._bytes > REMEMBERED_MAX and len(self._answers) > 1:
            _, (_, oldest) = self._answers.popitem(last=False)
            self._bytes -= len(oldest.body)

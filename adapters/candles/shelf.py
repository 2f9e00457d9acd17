"""The shelf: where candles are kept, and what is taken from it to go on with them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import Struct
from psycopg import Connection
from psycopg.rows import class_row

from adapters.candles.forming import Forming
from adapters.candles.series import Kept
from adapters.feeds.sheets import Session
from domain.market.candle import Level

#: Written in one statement.
PAGE = 2000
KEEP = b"SELECT md.keep(%s::text::json, %s)"
KEEP_ACTIONS = b"SELECT md.keep_actions(%s::text::json)"
FORGET = b"SELECT md.forget(%s, %s)"
_UNFINISHED = b"""
SELECT symbol, level, begins, open, high, low, close, volume, turnover, trades, first_at, last_at
  FROM md.candle JOIN md.series USING (symbol)
 WHERE level IN ('1m', '1D') AND begins > reached - interval '2 days' AND ends > reached
"""

_SESSIONS = b"""
SELECT s.symbol, day, open, high, low, close, volume, last_at FROM md.series s CROSS JOIN LATERAL (
    SELECT * FROM md.candle c WHERE c.symbol = s.symbol AND level = '1D'
     ORDER BY begins DESC LIMIT 2) newest
"""

_encode = msgspec.json.Encoder().encode


class Action(Struct, frozen=True):
    """
    A corporate action: from ``ex_date`` on, one old share is ``ratio`` new ones (2 for a split
    of two for one) and has paid ``amount`` in cash.
    """

    symbol: str
    ex_date: date
    ratio: Decimal = Decimal(1)
    amount: Decimal = Decimal(0)


def row(symbol: str, level: Level, bar: Forming, source: str) -> dict[str, Any]:
    """A candle as ``md.keep`` takes it."""
    return {
        "s": symbol, "l": level, "b": bar.begins, "e": bar.ends, "d": bar.day.day,
        "x": bar.day.opens, "p": bar.part, "o": bar.open, "h": bar.high, "w": bar.low,
        "c": bar.close, "v": bar.volume, "t": bar.turnover, "n": bar.trades,
        "f": bar.first_at, "z": bar.last_at, "u": source,
    }  # fmt: skip


def text(rows: Iterable[dict[str, Any]]) -> str:
    return _encode(list(rows)).decode()


def keep(
    db: Connection[Any],
    candles: Iterable[tuple[str, Level, Forming]],
    reached: datetime,
    source: str,
) -> int:
    """Write candles; returns how many were news.  Call it in a transaction or without one."""
    rows = [row(*candle, source) for candle in candles]
    told = 0
    for first in range(0, len(rows), PAGE):
        found = db.execute(KEEP, [text(rows[first : first + PAGE]), reached]).fetchone()
        told += found[0] if found else 0
    return told


def keep_actions(db: Connection[Any], actions: Iterable[Action]) -> int:
    found = db.execute(KEEP_ACTIONS, [_encode(list(actions)).decode()]).fetchone()
    return int(found[0]) if found else 0


def forget(db: Connection[Any], level: Level, before: datetime) -> list[str]:
    """Drop what ended before; returns the names of the partitions that are gone."""
    return [name for (name,) in db.execute(FORGET, [level, before]).fetchall()]


def unfinished(db: Connection[Any]) -> dict[str, dict[Level, Kept]]:
    """The minutes and sessions that were not over when this was last written to."""
    found: dict[str, dict[Level, Kept]] = {}
    with db.cursor(row_factory=class_row(Kept)) as cursor:
        for kept in cursor.execute(_UNFINISHED):
            found.setdefault(kept.symbol, {})[Level(kept.level)] = kept
    return found


def sessions(db: Connection[Any]) -> dict[str, list[Session]]:
    """The last two sessions of each symbol, the newest first."""
    found: dict[str, list[Session]] = {}
    with db.cursor(row_factory=class_row(Session)) as cursor:
        for session in cursor.execute(_SESSIONS):
            found.setdefault(session.symbol, []).append(session)
    return found

"""
Finding an instrument: by its symbol or the first letters of its words, by ISIN, mistyped.

Every word that is asked for must be there; words are believed to be mistyped only when nothing
begins with them.
"""

from __future__ import annotations

import re
from typing import Any

from msgspec import Struct, json
from psycopg.rows import dict_row

from adapters.masters.words import neighbours
from domain.market import Instrument
from projections.query import LIMIT, Db, Page, page, start

#: A word means at most so many others, one of a letter or two fewer: beyond it, it says too little.
MEANT_MAX, MEANT_SHORT = 200, 40
_ISIN = re.compile(r"[A-Z]{2}[A-Z0-9]{9}[0-9]")
_WORD = re.compile(r"[A-Z0-9&-]+")
_PARTS = re.compile(r"[A-Z0-9]{2,}")

_MEANT = """
SELECT word FROM ref.word WHERE word LIKE %s ORDER BY length(word), word LIMIT %s
"""
_MISTYPED = """
SELECT word FROM ref.word WHERE neighbours && %s
 ORDER BY abs(length(word) - length(%s)), word LIMIT 10
"""
_LIKE_IT = """
SELECT word FROM ref.word WHERE word OPERATOR(public.%%) %s
 ORDER BY public.similarity(word, %s) DESC, word LIMIT 5
"""
_TRIGRAMS = "SELECT EXISTS (SELECT FROM pg_indexes WHERE indexname = 'word_trigrams')"
#: Options are many and stand last: they are looked at where the few others do not fill a page.
_RANKS = {"i.rank < 3": True, "i.rank >= 3": False}
#: What says much is found first and sorted then; what says little is met soon in the order.
_FOUND = """
WITH hit AS {how} (SELECT i.id, i.rank, i.symbol FROM ref.instrument i WHERE {conditions})
SELECT i.id, i.instrument_id::text, i.status, i.terms::text AS terms, i.isin,
       (SELECT json_object_agg(l.broker, l.key)::text FROM ref.listing l
         WHERE l.instrument_id = i.instrument_id) AS brokers
  FROM (SELECT id FROM hit ORDER BY rank, symbol, id LIMIT %(limit)s) top
  JOIN ref.instrument i USING (id) ORDER BY i.rank, i.symbol, i.id
"""


class Found(Struct, frozen=True):
    """An instrument, what each broker calls it, and whether any of them trades it now."""

    id: int
    instrument_id: str
    status: str
    instrument: Instrument
    isin: str | None
    brokers: dict[str, str]


async def search(
    db: Db,
    q: str = "",
    *,
    type: str | None = None,
    exchange: str | None = None,
    limit: int = LIMIT,
    cursor: str | None = None,
) -> Page[Found]:
    """Indices and shares first, then futures, then options, each by symbol."""
    (after,) = start(limit, cursor)
    asked: dict[str, Any] = {"type": type, "exchange": exchange, "limit": limit + 1}
    conditions = ["i.type = %(type)s"] * bool(type) + ["i.exchange = %(exchange)s"] * bool(exchange)
    if cursor is not None:
        asked["after"] = after
        conditions.append(
            "(i.rank, i.symbol, i.id) >"
            " (SELECT rank, symbol, id FROM ref.instrument WHERE id = %(after)s)"
        )
    text = q.strip().upper()
    if _ISIN.fullmatch(text):
        isin = [*conditions, "i.isin = %(isin)s"]
        found = await _rows(db, isin, asked | {"isin": text}, selective=True)
    else:
        found = await _by_words(db, text, conditions, asked)
    return page([_found(row) for row in found], limit, lambda one: (one.id,))


async def _by_words(
    db: Db, text: str, conditions: list[str], asked: dict[str, Any]
) -> list[dict[str, Any]]:
    words = _WORD.findall(text)
    if text and not words:
        return []
    for mistyped in (False, True):
        wanted, values = list(conditions), dict(asked)
        for nth, word in enumerate(words):
            values |= {f"like{nth}": _begins(word), f"words{nth}": await _meant(db, word, mistyped)}
            wanted.append(f"(i.symbol LIKE %(like{nth})s OR i.words && %(words{nth})s)")
        selective = any(len(word) > 1 for word in words)
        found = await _rows(db, wanted, values, selective=selective)
        if found or not words:
            return found
    return []


async def _meant(db: Db, word: str, mistyped: bool) -> list[str]:
    """The words that somebody who typed this may have meant."""
    if not mistyped:
        most = MEANT_MAX if len(word) > 2 else MEANT_SHORT
        return await _column(db, _MEANT, (_begins(word), most))
    parts = _PARTS.findall(word) or [word]
    meant: list[str] = []
    for part in parts:
        near = await _column(db, _MISTYPED, (sorted(neighbours(part)), part))
        if not near and await _has_trigrams(db):
            near = await _column(db, _LIKE_IT, (part, part))
        meant += near
    return meant


def _begins(word: str) -> str:
    return word.replace("\\", "").replace("%", "").replace("_", r"\_") + "%"


async def _has_trigrams(db: Db) -> bool:
    return bool((await _column(db, _TRIGRAMS, ()))[0])


async def _column(db: Db, query: str, values: tuple[object, ...]) -> list[Any]:
    cursor = await db.execute(query.encode(), values, prepare=False)  # a plan for these values
    return [row[0] for row in await cursor.fetchall()]


async def _rows(
    db: Db, conditions: list[str], values: dict[str, Any], *, selective: bool
) -> list[dict[str, Any]]:
    """In their order, as many as there are up to the limit."""
    found: list[dict[str, Any]] = []
    for rank, few in _RANKS.items():
        how = "MATERIALIZED" if selective or (few and conditions) else "NOT MATERIALIZED"
        query = _FOUND.format(how=how, conditions=" AND ".join([*conditions, rank]))
        left = values | {"limit": values["limit"] - len(found)}
        async with db.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(query.encode(), left, prepare=False)
            found += await cursor.fetchall()
        if len(found) >= values["limit"]:
            break
    return found


def _found(row: dict[str, Any]) -> Found:
    return Found(
        id=row["id"],
        instrument_id=row["instrument_id"],
        status=row["status"],
        instrument=json.decode(row["terms"], type=Instrument),
        isin=row["isin"],
        brokers=json.decode(row["brokers"] or "{}", type=dict[str, str]),
    )

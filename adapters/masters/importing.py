"""
Importing: a broker's list is compared with the one we had, and every difference is kept.

All of it is one transaction, in the middle of which the import becomes a fact.  When the program
ends between the fact and the rows, the same file again completes them.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from msgspec import Struct, json
from psycopg import Connection

from adapters.feeds.port import Flaws
from adapters.masters.entry import Entry
from adapters.masters.files import read
from adapters.masters.words import neighbours
from domain.market import InstrumentType
from domain.market.master import Differences

_LOCK = 0x6D617374  # one import at a time
_RANK = {InstrumentType.FUT: 2, InstrumentType.CE: 3, InstrumentType.PE: 3}
_COLUMNS = (
    "instrument_id, symbol, exchange, type, rank, name, underlying, expiry, strike, isin, terms,"
    " words, key, broker_symbol, exchange_token, status"
)
_STAGE = """
CREATE TEMP TABLE staged (
    instrument_id uuid PRIMARY KEY, symbol text, exchange text, type text, rank smallint,
    name text, underlying text, expiry date, strike numeric, isin text, terms text, words text[],
    key text, broker_symbol text, exchange_token text, status text
) ON COMMIT DROP
"""
_LIST_INSTRUMENTS = """
INSERT INTO ref.instrument (instrument_id, symbol, exchange, type, rank, name, underlying, expiry,
                            strike, isin, terms, source, words)
SELECT instrument_id, symbol, exchange, type, rank, name, underlying, expiry, strike, isin,
       terms::json, %(broker)s, words
  FROM staged ORDER BY rank, symbol, exchange DESC ON CONFLICT (instrument_id) DO NOTHING
"""
#: What is in the file only, what is in it on other terms, and what of its exchanges is not in it.
_DIFFERENCES = """
CREATE TEMP TABLE differing ON COMMIT DROP AS
SELECT s.instrument_id, CASE WHEN l.instrument_id IS NULL THEN 'LISTED'
       WHEN l.status = 'ACTIVE' AND s.status = 'SUSPENDED' THEN 'SUSPENDED'
       ELSE 'CHANGED' END AS kind,
       l.terms::text AS before, s.terms AS after
  FROM staged s LEFT JOIN ref.listing l
    ON l.broker = %(broker)s AND l.instrument_id = s.instrument_id
 WHERE l.instrument_id IS NULL OR l.terms::text <> s.terms OR l.status <> s.status
UNION ALL
SELECT l.instrument_id, CASE WHEN i.expiry < %(as_of)s THEN 'EXPIRED' ELSE 'SUSPENDED' END,
       l.terms::text, NULL
  FROM ref.listing l JOIN ref.instrument i USING (instrument_id)
 WHERE l.broker = %(broker)s AND l.status = 'ACTIVE'
   AND i.exchange IN (SELECT DISTINCT exchange FROM staged)
   AND NOT EXISTS (SELECT FROM staged s WHERE s.instrument_id = l.instrument_id)
"""
_APPLY = (
    """
INSERT INTO ref.listing (broker, instrument_id, key, symbol, exchange_token, terms, status)
SELECT %(broker)s, instrument_id, key, broker_symbol, exchange_token, terms::json, status
  FROM staged
    ON CONFLICT (broker, instrument_id) DO UPDATE
   SET key = excluded.key, symbol = excluded.symbol, exchange_token = excluded.exchange_token,
       terms = excluded.terms, status = excluded.status
 WHERE (listing.key, listing.symbol, listing.exchange_token, listing.terms::text, listing.status)
       IS DISTINCT FROM (excluded.key, excluded.symbol, excluded.exchange_token,
                         excluded.terms::text, excluded.status)
""",
    """
UPDATE ref.listing l SET status = d.kind FROM differing d
 WHERE l.broker = %(broker)s AND l.instrument_id = d.instrument_id AND d.after IS NULL
""",
    """
UPDATE ref.instrument i SET name = s.name, isin = s.isin, terms = s.terms::json, words = s.words
  FROM differing d JOIN staged s USING (instrument_id)
 WHERE i.instrument_id = d.instrument_id AND d.kind = 'CHANGED' AND i.source = %(broker)s
""",
    """
UPDATE ref.instrument i SET isin = s.isin FROM staged s
 WHERE i.instrument_id = s.instrument_id AND i.isin IS NULL AND s.isin IS NOT NULL
""",
    # An instrument lives while one broker lists it.
    """
UPDATE ref.instrument i SET status = now.status
  FROM (SELECT l.instrument_id, min(l.status) AS status FROM ref.listing l
         WHERE l.instrument_id IN (SELECT instrument_id FROM differing)
         GROUP BY l.instrument_id) now
 WHERE i.instrument_id = now.instrument_id AND i.status <> now.status
""",
    """
INSERT INTO ref.import (import_id, broker, file, sha256, size, kept, flaws, differences, digest,
                        imported_at)
VALUES (%(import_id)s, %(broker)s, %(file)s, %(sha256)s, %(size)s, %(kept)s, %(flaws)s,
        %(counts)s, %(digest)s, %(at)s)
""",
    """
INSERT INTO ref.difference (import_id, instrument_id, kind, before, after)
SELECT %(import_id)s, instrument_id, kind, before::json, after::json FROM differing
""",
)


class Imported(Struct, frozen=True):
    """What an import found; nothing of it is true before ``record`` has returned."""

    import_id: UUID
    broker: str
    file: str
    sha256: str
    size: int
    kept: int
    flaws: Flaws
    differences: Differences
    digest: str
    as_of: date
    note: str


def import_master(
    db: Connection[Any],
    path: Path,
    broker: str,
    *,
    import_id: UUID,
    at: datetime,
    record: Callable[[Imported], None],
    progress: Callable[[str, int], None] = lambda step, rows: None,
) -> Imported:
    """
    Take over a broker's file; what ``record`` raises leaves everything as it was.

    ``progress`` is told each step and how many rows it has come to.  MasterError when the file
    is none of this broker.
    """
    flaws = Flaws()
    master = read(path, broker, flaws)
    asked = {"broker": broker, "as_of": at.date()}
    with db.transaction():
        db.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        db.execute(_STAGE)
        kept, words = _stage(db, master.entries, progress)
        progress("compared", kept)
        db.execute("ANALYZE staged")
        db.execute(_LIST_INSTRUMENTS, asked)
        db.execute(_DIFFERENCES, asked)
        counts, digest = _digest(db)
        imported = Imported(
            import_id=import_id,
            broker=broker,
            file=path.name,
            sha256=master.sha256,
            size=master.size,
            kept=kept,
            flaws=flaws,
            differences=Differences(**{kind.lower(): n for kind, n in counts.items()}),
            digest=digest,
            as_of=at.date(),
            note=master.note,
        )
        record(imported)
        progress("stored", kept)
        _store(db, imported, at, words)
    db.execute("ANALYZE ref.instrument")
    db.execute("ANALYZE ref.word")
    return imported


def _store(db: Connection[Any], imported: Imported, at: datetime, words: set[str]) -> None:
    told = {
        "import_id": imported.import_id,
        "broker": imported.broker,
        "file": imported.file,
        "sha256": imported.sha256,
        "size": imported.size,
        "kept": imported.kept,
        "flaws": json.encode(dict(imported.flaws.counts)).decode(),
        "counts": json.encode(imported.differences).decode(),
        "digest": imported.digest,
        "at": at,
    }
    for statement in _APPLY:
        db.execute(statement, told)
    _keep_words(db, words)


def _stage(
    db: Connection[Any], entries: Iterator[Entry], progress: Callable[[str, int], None]
) -> tuple[int, set[str]]:
    kept, words = 0, set[str]()
    with db.cursor() as cursor, cursor.copy(f"COPY staged ({_COLUMNS}) FROM STDIN") as copy:
        for kept, entry in enumerate(entries, 1):
            one, found_by = entry.instrument, entry.words
            words.update(found_by)
            if one.underlying is None:
                words.add(one.symbol)
            copy.write_row(
                (
                    entry.instrument_id,
                    one.symbol,
                    one.exchange,
                    one.type,
                    _RANK.get(one.type, 1),
                    one.name,
                    one.underlying,
                    one.expiry,
                    one.strike,
                    one.isin,
                    json.encode(one).decode(),
                    found_by,
                    entry.key,
                    entry.symbol,
                    entry.exchange_token,
                    "ACTIVE" if entry.is_tradable else "SUSPENDED",
                )
            )
            if kept % 10_000 == 0:
                progress("read", kept)
    return kept, words


def _digest(db: Connection[Any]) -> tuple[Counter[str], str]:
    """How many differences there are of each kind, and the hash over all of them in order."""
    counts, digest = Counter[str](), hashlib.sha256()
    with db.cursor("differences") as cursor:
        cursor.itersize = 5_000
        cursor.execute(
            "SELECT kind, instrument_id, before, after FROM differing ORDER BY kind, instrument_id"
        )
        for kind, instrument_id, before, after in cursor:
            counts[kind] += 1
            digest.update(f"{kind} {instrument_id} {before or '-'} {after or '-'}\n".encode())
    return counts, digest.hexdigest()


def _keep_words(db: Connection[Any], words: set[str]) -> None:
    db.execute("CREATE TEMP TABLE spelt (word text, neighbours text[]) ON COMMIT DROP")
    with db.cursor() as cursor, cursor.copy("COPY spelt FROM STDIN") as copy:
        for word in words:
            copy.write_row((word, sorted(neighbours(word))))
    db.execute("INSERT INTO ref.word SELECT * FROM spelt ON CONFLICT DO NOTHING")

"""
A recorded market: files of trades, quotes or bars, played as one in the order of time.

A folder is searched with everything below it.  Where a symbol has both ticks and minutes of one
day, the ticks are played.  Where trades and quotes of a symbol come from different files, each
trade is shown with the book that stood before it.  Instruments are listed with a tick of 0.01
and whole units, unless a file ``instruments.csv`` says otherwise (columns are the fields of
``Instrument``; only ``symbol`` is needed).
"""

from __future__ import annotations

import csv
import heapq
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain
from operator import attrgetter
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from adapters.feeds.lean import LeanDay, lean_day
from adapters.feeds.port import FeedError, Flaw, Flaws
from adapters.feeds.table import Table, table
from domain.market import Instrument, InstrumentType, Quote, listing_faults

LISTING = "instruments.csv"


class ReplayFeed:
    """The recordings in one file or folder; FeedError when there is nothing to play."""

    def __init__(self, path: Path, currency: str = "USD") -> None:
        days, self._tables, self._unknown = _found(path)
        self._days = _finest(days)
        self._symbols = Counter(chain.from_iterable(stream.symbols for stream in self._streams()))
        if not self._symbols:
            raise FeedError(f"{path}: no market data found")
        self._instruments = _listed(self._symbols, path, currency)
        self.flaws = Flaws()

    def instruments(self) -> tuple[Instrument, ...]:
        return self._instruments

    def slices(self, since: datetime) -> Iterator[Quote]:
        """The whole recording, whatever ``since`` is; ``flaws`` are counted anew."""
        self.flaws = flaws = Flaws()
        for path in self._unknown:
            flaws.row(str(path), 0, "", Flaw("no recording that we know"))
        streams = [stream.slices(flaws) for stream in self._streams()]
        merged = heapq.merge(*streams, key=attrgetter("at")) if len(streams) > 1 else streams[0]
        return joined(merged) if max(self._symbols.values()) > 1 else merged

    def _streams(self) -> list[Stream]:
        """Files that follow each other are one stream; quotes come first, as trades need them."""
        days: dict[tuple[bool, str], list[LeanDay]] = {}
        for day in sorted(self._days, key=attrgetter("day")):
            days.setdefault((not day.quoted, day.symbol), []).append(day)
        tables = sorted(self._tables, key=lambda table: ("price" in table.columns, table.path))
        return [
            *(Stream(frozenset({key[1]}), tuple(days[key])) for key in sorted(days)),
            *(Stream(table.symbols, (table,)) for table in tables),
        ]


class Stream(Struct, frozen=True):
    """Recordings that are played one after the other."""

    symbols: frozenset[str]
    recordings: tuple[LeanDay | Table, ...]

    def slices(self, flaws: Flaws) -> Iterator[Quote]:
        for recording in self.recordings:
            yield from recording.slices(flaws)


def joined(quotes: Iterator[Quote]) -> Iterator[Quote]:
    """Show each trade with the book before it, and each book with the last trade before it."""
    known: dict[str, Quote] = {}
    for quote in quotes:
        before = known.get(quote.symbol, quote)
        whole = quote
        if quote.last_size is None:
            whole = replace(quote, last=before.last)
        elif quote.bid is None and quote.ask is None:
            whole = replace(
                quote,
                bid=before.bid,
                bid_size=before.bid_size,
                ask=before.ask,
                ask_size=before.ask_size,
            )
        known[quote.symbol] = whole
        yield whole


def _found(path: Path) -> tuple[list[LeanDay], list[Table], list[Path]]:
    """What can be played, and the files of the right kind that say nothing we know."""
    days: list[LeanDay] = []
    tables: list[Table] = []
    unknown: list[Path] = []
    if not path.exists():
        raise FeedError(f"{path}: no such file or folder")
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.name == LISTING or not file.is_file():
            continue
        recording: LeanDay | Table | None = None
        match file.suffix.lower():
            case ".zip":
                recording = lean_day(file)
            case ".csv":
                recording = table(file)
            case _:
                continue
        match recording:
            case LeanDay():
                days.append(recording)
            case Table():
                tables.append(recording)
            case None:
                unknown.append(file)
    return days, tables, unknown


def _finest(days: list[LeanDay]) -> list[LeanDay]:
    """No day of a symbol twice, and no minutes where there are ticks."""
    ticked = {(day.symbol, day.day) for day in days if day.ticks}
    chosen = {
        (day.symbol, day.day, day.quoted): day
        for day in days
        if day.ticks or (day.symbol, day.day) not in ticked
    }
    return list(chosen.values())


def _listed(symbols: Iterable[str], path: Path, currency: str) -> tuple[Instrument, ...]:
    listing = (path if path.is_dir() else path.parent) / LISTING
    told = _listing(listing) if listing.exists() else {}
    instruments: list[Instrument] = []
    for symbol in sorted(symbols):
        usual = {
            "name": symbol,
            "exchange": "REPLAY",
            "type": InstrumentType.EQ,
            "currency": currency,
            "tick_size": "0.01",
        }
        fields = usual | told.get(symbol, {}) | {"symbol": symbol}
        try:
            instrument = msgspec.convert(fields, Instrument, strict=False)
        except msgspec.ValidationError as error:
            raise FeedError(f"{listing}: {symbol}: {error}") from error
        faults = listing_faults(instrument)
        if faults:
            raise FeedError(f"{listing}: {symbol}: {'; '.join(faults)}")
        instruments.append(instrument)
    return tuple(instruments)


def _listing(path: Path) -> dict[str, dict[str, str]]:
    columns = {field.name for field in msgspec.structs.fields(Instrument)}
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            rows = list(csv.DictReader(lines, restval="", restkey=""))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FeedError(f"{path}: cannot be read: {error}") from error
    strange = {name for row in rows for name in row} - columns
    if strange or any("symbol" not in row for row in rows):
        raise FeedError(f"{path}: columns must be symbol and some of {', '.join(sorted(columns))}")
    return {row["symbol"]: {name: text for name, text in row.items() if text} for row in rows}

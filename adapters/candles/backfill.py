"""
Backfill: candles out of the exchange's own record, which goes before what we have seen.

Read are recordings as ``replay`` plays them (ticks make seconds, minutes and sessions; rows of
bars make minutes, and sessions of these), and LEAN's daily files, which make sessions.  Nothing
is guessed: a bar that begins off the minute, or a row that makes no sense, is counted and left.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import TextIOWrapper
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import msgspec
from psycopg import Connection

from adapters.candles import shelf
from adapters.candles.builder import Builder
from adapters.candles.forming import Forming
from adapters.candles.series import MINUTE, Days
from adapters.feeds.amounts import Amounts
from adapters.feeds.lean import DECI_CENT, UNREADABLE, LeanDay, NewYorkDay, lean_day
from adapters.feeds.port import FeedError, Flaw, Flaws
from adapters.feeds.table import Table, table
from domain.market.candle import Level, Part, TradingDay

Made = tuple[str, Level, Forming]
#: open, high, low, close, volume
Five = tuple[Decimal, ...]


class BackfillError(Exception):
    """Nothing was written; the message names the file and what is wrong with it."""


def backfill(db: Connection[Any], path: Path, days: Callable[[str], Days], flaws: Flaws) -> int:
    """Write the candles of a file or a folder; returns how many were news."""
    if not path.exists():
        raise BackfillError(f"{path}: no such file or folder")
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    told = 0
    for file in files:
        try:
            made = list(made_of(file, days, flaws))
        except FeedError as error:
            raise BackfillError(str(error)) from error
        if made:
            reached = max(bar.ends for _, _, bar in made)
            told += shelf.keep(db, made, reached, f"backfill:{file.name}"[:200])
    return told


def made_of(file: Path, days: Callable[[str], Days], flaws: Flaws) -> Iterator[Made]:
    match file.suffix.lower():
        case ".zip":
            day = lean_day(file)
            if day is None:
                yield from _daily(file, days, flaws)
            elif day.quoted:
                return
            elif day.ticks:
                yield from _of_ticks(day, days, flaws)
            else:
                yield from _with_sessions(_minutes(day, days, flaws))
        case ".csv":
            found = table(file)
            if found is not None and "open" in found.columns:
                yield from _with_sessions(_bars(found, days, flaws))
            elif found is not None and "price" in found.columns:
                yield from _of_ticks(found, days, flaws)


def _of_ticks(
    recording: LeanDay | Table, days: Callable[[str], Days], flaws: Flaws
) -> Iterator[Made]:
    builder = Builder(days)
    for quote in recording.slices(flaws):
        builder.on_quote(quote)
    yield from builder.changed()


def _minutes(day: LeanDay, days: Callable[[str], Days], flaws: Flaws) -> Iterator[Made]:
    """Rows of time, open, high, low, close, volume."""
    clock, prices, sizes = NewYorkDay(day.day), Amounts(DECI_CENT), Amounts()
    of = days(day.symbol)
    with ZipFile(day.path) as archive, archive.open(day.member) as raw:
        for nth, line in enumerate(TextIOWrapper(raw, encoding="ascii"), 1):
            try:
                text, *four, volume = line.rstrip().split(",")
                first, high, low, last = (prices[price] for price in four)
                at = clock.at(text)
                bar = _minute(of(at), at, (first, high, low, last, sizes[volume]))
            except ValueError as error:
                flaws.row(day.member, nth, line, error)
                continue
            yield day.symbol, Level.MINUTE, bar


def _bars(found: Table, days: Callable[[str], Days], flaws: Flaws) -> Iterator[Made]:
    """Our own rows of bars; only those of a minute are candles that we keep."""
    if found.bar != MINUTE:
        raise FeedError(f"{found.path}: bars of {found.bar}: a backfill takes bars of a minute")
    for nth, (symbol, at, five) in enumerate(found.told(flaws), 1):
        try:
            bar = _minute(days(symbol)(at), at, five)
        except Flaw as error:
            flaws.row(found.path.name, nth, at, error)
            continue
        yield symbol, Level.MINUTE, bar


def _daily(file: Path, days: Callable[[str], Days], flaws: Flaws) -> Iterator[Made]:
    """LEAN's daily files: rows of YYYYMMDD HH:MM, open, high, low, close, volume."""
    prices, sizes = Amounts(DECI_CENT), Amounts()
    symbol = file.stem.upper()
    of = days(symbol)
    try:
        with ZipFile(file) as archive:
            names = archive.namelist()
            if names != [f"{file.stem}.csv"]:
                return
            lines = TextIOWrapper(archive.open(names[0]), encoding="ascii").readlines()
    except UNREADABLE as error:
        raise FeedError(f"{file}: cannot be read: {error}") from error
    for nth, line in enumerate(lines, 1):
        try:
            text, *four, volume = line.rstrip().split(",")
            noon = datetime.combine(date.fromisoformat(text.split()[0]), datetime.min.time(), UTC)
            day = of(noon + timedelta(hours=17))
            first, high, low, last = (prices[price] for price in four)
            five = (first, high, low, last, sizes[volume])
            yield symbol, Level.DAY, _filled(_session(day), five)
        except ValueError as error:
            flaws.row(names[0], nth, line, error)


def _session(day: TradingDay) -> Forming:
    """A day whose calendar knows no session is one session from its beginning to its end."""
    known = day.opens < day.closes
    begins, ends = (day.opens, day.closes) if known else (day.begins, day.ends)
    return Forming(begins, ends, day, Part.REGULAR)


def _minute(day: TradingDay, at: datetime, five: Five) -> Forming:
    part, over = day.part(at)
    if at.second or at.microsecond:
        raise Flaw("off the minute")
    return _filled(Forming(at, min(at + MINUTE, over), day, part), five)


def _filled(bar: Forming, five: Five) -> Forming:
    first, high, low, last, volume = five
    if not (low <= first <= high and low <= last <= high):
        raise Flaw("open or close outside low and high")
    bar.open, bar.high, bar.low, bar.close, bar.volume = first, high, low, last, volume
    bar.turnover = volume * (high + low + last) / 3  # the typical price: all that a bar can tell
    bar.first_at, bar.last_at = bar.begins, bar.ends
    return bar


def _with_sessions(made: Iterable[Made]) -> Iterator[Made]:
    sessions: dict[tuple[str, date], Forming] = {}
    for symbol, level, bar in made:
        yield symbol, level, bar
        if bar.part is Part.REGULAR:
            session = sessions.setdefault((symbol, bar.day.day), _session(bar.day))
            session.join(bar)
    for (symbol, _), session in sessions.items():
        yield symbol, Level.DAY, session


def read_actions(path: Path) -> list[shelf.Action]:
    """A CSV file of symbol, ex_date, ratio, amount; BackfillError names the row that is wrong."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            rows = list(csv.DictReader(lines))
        return [
            msgspec.convert({k: v for k, v in row.items() if v}, shelf.Action, strict=False)
            for row in rows
        ]
    except (OSError, UnicodeDecodeError, csv.Error, msgspec.ValidationError) as error:
        raise BackfillError(f"{path}: {error}") from error

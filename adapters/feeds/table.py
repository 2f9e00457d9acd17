"""
Our own recordings: a CSV file whose header line says what it holds.

    time,symbol,price,size                                  trades
    time,symbol,price,size,bid,bid_size,ask,ask_size        trades, each with its book
    time,symbol,bid,bid_size,ask,ask_size                   books
    time,symbol,open,high,low,close,volume                  bars (told in four slices: bars.py)

Times are RFC 3339, oldest first; a bar's is the time at which it begins.  Numbers are plain and
above zero; an empty price means that nobody quotes that side.  One file may hold many symbols.
``seq`` is the number of the row after the header (four slices a row for bars).
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path

from msgspec import Struct

from adapters.feeds import bars
from adapters.feeds.amounts import Amounts
from adapters.feeds.port import FeedError, Flaw, Flaws
from domain.market import Quote, is_symbol

_BOOK = ("bid", "bid_size", "ask", "ask_size")
_BAR = ("open", "high", "low", "close", "volume")
#: What may follow time and symbol.
HEADERS = (("price", "size"), ("price", "size", *_BOOK), _BOOK, _BAR)
#: How long a bar is when no symbol has two of them.
BAR = timedelta(minutes=1)

Rows = Iterator[list[str]]


class Table(Struct, frozen=True):
    """One file; ``columns`` follow time and symbol, ``bar`` is how long a bar of it is."""

    path: Path
    columns: tuple[str, ...]
    symbols: frozenset[str]
    bar: timedelta = BAR

    def slices(self, flaws: Flaws) -> Iterator[Quote]:
        """The rows in the order of time; rows that make no sense go to ``flaws``."""
        told = self._slices(flaws)
        return bars.interleaved(told) if self.columns == _BAR else told

    def _slices(self, flaws: Flaws) -> Iterator[Quote]:
        amounts, reached = Amounts(), datetime.min.replace(tzinfo=UTC)
        with _rows(self.path) as rows:
            for nth, row in enumerate(islice(rows, 1, None), 1):
                try:
                    text, symbol, *texts = row
                    at = _time(text)
                    if at < reached:
                        raise Flaw("back in time")
                    if symbol not in self.symbols:
                        raise Flaw("no symbol")
                    named = zip(self.columns, texts, strict=True)
                    known = {name: amounts[text] for name, text in named if text}
                    yield from self._told(
                        bars.Row(symbol, self.path.name, nth, at, self.bar), known
                    )
                except ValueError as error:
                    flaws.row(self.path.name, nth, row, error)
                    continue
                reached = at

    def told(self, flaws: Flaws) -> Iterator[tuple[str, datetime, tuple[Decimal, ...]]]:
        """The rows of bars as they are: open, high, low, close and volume."""
        amounts = Amounts()
        with _rows(self.path) as rows:
            for nth, row in enumerate(islice(rows, 1, None), 1):
                try:
                    text, symbol, *texts = row
                    if symbol not in self.symbols:
                        raise Flaw("no symbol")
                    known = tuple(amounts[text] for text in texts)
                    if len(known) != len(_BAR):
                        raise Flaw("a number is missing")
                    yield symbol, _time(text), known
                except ValueError as error:
                    flaws.row(self.path.name, nth, row, error)

    def _told(self, row: bars.Row, known: dict[str, Decimal]) -> Iterable[Quote]:
        if not known.keys() >= set(self.columns) - set(_BOOK):
            raise Flaw("a number is missing")
        if self.columns == _BAR:
            prices = bars.told(known["open"], known["high"], known["low"], known["close"])
            return bars.trades(row, prices, known["volume"])
        quote = Quote(
            symbol=row.symbol,
            source=row.source,
            seq=row.nth,
            at=row.at,
            received_at=row.at,
            bid=known.get("bid"),
            bid_size=known.get("bid_size"),
            ask=known.get("ask"),
            ask_size=known.get("ask_size"),
            last=known.get("price"),
            last_size=known.get("size"),
        )
        return (quote,)


def table(path: Path) -> Table | None:
    """
    What this file holds, found by reading it once; None when its header is not one of ours.

    FeedError when it cannot be read.
    """
    with _rows(path) as rows:
        header = tuple(next(rows, ()))
        columns = header[2:]
        if header[:2] != ("time", "symbol") or columns not in HEADERS:
            return None
        if columns == _BAR:
            return _table_of_bars(path, rows)
        return Table(path, columns, _symbols(row[1] for row in rows if len(row) > 1))


def _table_of_bars(path: Path, rows: Rows) -> Table:
    begun: dict[str, datetime] = {}
    steps: set[timedelta] = set()
    for row in rows:
        try:
            at = _time(row[0])
            steps.add(at - begun.get(row[1], at))
            begun[row[1]] = at
        except (ValueError, IndexError):
            continue  # named and counted when the file is played
    return Table(
        path,
        _BAR,
        _symbols(begun),
        min((step for step in steps if step > timedelta(0)), default=BAR),
    )


def _symbols(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(filter(is_symbol, frozenset(texts)))


def _time(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise Flaw("no RFC 3339 time") from error
    if at.tzinfo is None:
        raise Flaw("no RFC 3339 time")
    return at.astimezone(UTC)


@contextmanager
def _rows(path: Path) -> Iterator[Rows]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            yield csv.reader(lines)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FeedError(f"{path}: cannot be read: {error}") from error

"""
The zip files of the LEAN project: one day of one symbol, as ticks or as minutes.

Prices are ten-thousandths, times milliseconds since midnight in New York.  A price of 0 on one
side of a quote tick leaves that side as it was.  Ticks that the recorder flagged as suspicious
are left out and counted.  ``seq`` is the number of the row in the file that ``source`` names
(four slices a row for minutes), so that any price can be looked up again.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from io import TextIOWrapper
from pathlib import Path
from zipfile import BadZipFile, ZipFile
from zoneinfo import ZoneInfo

from msgspec import Struct

from adapters.feeds import bars
from adapters.feeds.amounts import Amounts
from adapters.feeds.port import FeedError, Flaw, Flaws
from domain.market import Counts, Quote

NEW_YORK = "America/New_York"
DECI_CENT = Decimal("0.0001")
MINUTE = timedelta(minutes=1)
HOUR_MS = 3_600_000
#: A zip file that is broken, gone, locked with a password, or packed in a way unknown to us.
UNREADABLE = (BadZipFile, OSError, EOFError, zlib.error, UnicodeDecodeError, RuntimeError)

#: Flags of sale conditions (TradeConditionFlags of LEAN).
EXTENDED_HOURS = 0x2000
PRICELESS = 0x20 | 0x200 | 0x40000 | 0x100000 | 0x1000000
OFFICIAL = 0x80 | 0x1000000 | 0x4000000
_COUNTS: dict[tuple[bool, bool], Counts] = {
    (True, False): "PRICE",
    (False, True): "VOLUME",
    (False, False): "NOTHING",
}

_MEMBER = re.compile(
    r"(?P<day>\d{8})_(?P<symbol>[a-z0-9.]+)_"
    r"(?:(?P<tick>trade|quote)_tick|minute_(?P<minute>trade|quote))\.csv",
    re.IGNORECASE,
)


class LeanDay(Struct, frozen=True):
    """One file: what traded (or was quoted) in one symbol on one day."""

    path: Path
    member: str
    symbol: str
    day: date
    quoted: bool
    ticks: bool

    def slices(self, flaws: Flaws) -> Iterator[Quote]:
        """The rows in the order of the file; rows that make no sense go to ``flaws``."""
        read = {
            (True, False): trade_ticks,
            (True, True): quote_ticks,
            (False, False): trade_minutes,
            (False, True): quote_minutes,
        }[self.ticks, self.quoted]
        try:
            with ZipFile(self.path) as archive, archive.open(self.member) as raw:
                yield from read(self, TextIOWrapper(raw, encoding="ascii"), flaws)
        except UNREADABLE as error:
            raise FeedError(f"{self.path}: cannot be read: {error}") from error


def lean_day(path: Path) -> LeanDay | None:
    """The day in this zip file; None when it is no file of ours; FeedError when unreadable."""
    try:
        with ZipFile(path) as archive:
            names = archive.namelist()
    except UNREADABLE as error:
        raise FeedError(f"{path}: cannot be read: {error}") from error
    found = _MEMBER.fullmatch(names[0]) if len(names) == 1 else None
    if found is None:
        return None
    try:
        day = date.fromisoformat(found["day"])
    except ValueError as error:
        raise FeedError(f"{path}: {names[0]} names no day") from error
    return LeanDay(
        path=path,
        member=names[0],
        symbol=found["symbol"].upper(),
        day=day,
        quoted=(found["tick"] or found["minute"]).lower() == "quote",
        ticks=found["tick"] is not None,
    )


class NewYorkDay:
    """From milliseconds since midnight in New York to UTC."""

    def __init__(self, day: date) -> None:
        zone = ZoneInfo(NEW_YORK)  # not at import: a machine without time zones may simulate
        self._hours = [
            datetime.combine(day, time(hour), zone).astimezone(UTC) for hour in range(24)
        ]
        self._reached = 0

    def at(self, text: str) -> datetime:
        """A Flaw when it is no time of this day, or before a time already given."""
        if not text.isdecimal():
            raise Flaw("no time of day")
        milliseconds = int(text)
        if milliseconds < self._reached:
            raise Flaw("back in time")
        hour, rest = divmod(milliseconds, HOUR_MS)
        if hour >= len(self._hours):
            raise Flaw("no time of day")
        self._reached = milliseconds
        return self._hours[hour] + timedelta(0, 0, rest * 1000)


class Conditions(dict[str, Counts | None]):
    """
    Sale conditions, as hexadecimal flags, and what their prints count for.

    Found by comparing the ticks with the minutes that the same recorder made of them: prints of
    intermarket sweeps, at derived or prior reference prices and of other odd forms move no price
    while the session is on; official opening and closing prices and the closing cross are no
    volume (the trades behind them are reported as well).
    """

    def __missing__(self, text: str) -> Counts | None:
        try:
            flags = int(text, 16) if text else 0
        except ValueError:
            raise Flaw("no sale condition") from None
        price = bool(flags & EXTENDED_HOURS) or not flags & PRICELESS
        volume = not flags & OFFICIAL
        what = None if price and volume else _COUNTS[price, volume]
        self[text] = what
        return what


def trade_ticks(file: LeanDay, lines: Iterable[str], flaws: Flaws) -> Iterator[Quote]:
    """Rows of time, price, size, exchange, sale condition, suspicious."""
    clock, prices, sizes = NewYorkDay(file.day), Amounts(DECI_CENT), Amounts()
    symbol, source, counts = file.symbol, file.member, Conditions()
    when, at = "", clock.at("0")
    for nth, line in enumerate(lines, 1):
        try:
            time_, price, size, _, condition, suspicious = line.split(",")
            if suspicious.rstrip() != "0":
                raise Flaw("suspicious")
            last, last_size = prices[price], sizes[size]
            what = counts[condition]
            if time_ != when:  # last, so that only a sound row moves the clock
                when, at = time_, clock.at(time_)
        except ValueError as error:
            flaws.row(source, nth, line, error)
            continue
        yield Quote(
            symbol, source, nth, at, at, None, None, None, None, last, last_size, (), (), what
        )


def quote_ticks(file: LeanDay, lines: Iterable[str], flaws: Flaws) -> Iterator[Quote]:
    """Rows of time, bid, bid size, ask, ask size, exchange, condition, suspicious."""
    clock, prices, sizes = NewYorkDay(file.day), Amounts(DECI_CENT), Amounts()
    symbol, source = file.symbol, file.member
    bid: tuple[Decimal | None, Decimal | None] = (None, None)
    ask: tuple[Decimal | None, Decimal | None] = (None, None)
    for nth, line in enumerate(lines, 1):
        try:
            time_, bid_price, bid_size, ask_price, ask_size, _, _, suspicious = line.split(",")
            if suspicious.rstrip() != "0":
                raise Flaw("suspicious")
            new_bid = bid if bid_price == "0" else (prices[bid_price], sizes[bid_size])
            new_ask = ask if ask_price == "0" else (prices[ask_price], sizes[ask_size])
            at = clock.at(time_)
        except ValueError as error:
            flaws.row(source, nth, line, error)
            continue
        bid, ask = new_bid, new_ask
        yield Quote(symbol, source, nth, at, at, *bid, *ask)


def trade_minutes(file: LeanDay, lines: Iterable[str], flaws: Flaws) -> Iterator[Quote]:
    """Rows of time, open, high, low, close, volume."""
    clock, prices, sizes = NewYorkDay(file.day), Amounts(DECI_CENT), Amounts()
    for nth, line in enumerate(lines, 1):
        try:
            time_, *four, volume = line.rstrip().split(",")
            path, size = _path(four, prices), sizes[volume]
            row = bars.Row(file.symbol, file.member, nth, clock.at(time_), MINUTE)
            yield from bars.trades(row, path, size)
        except ValueError as error:
            flaws.row(file.member, nth, line, error)


def quote_minutes(file: LeanDay, lines: Iterable[str], flaws: Flaws) -> Iterator[Quote]:
    """Rows of time, then open, high, low, close and last size of the bid, then of the ask."""
    clock, prices, sizes = NewYorkDay(file.day), Amounts(DECI_CENT), Amounts()

    def side(columns: list[str]) -> bars.Side | None:
        if not any(columns):
            return None
        return bars.Side(_path(columns[:4], prices), sizes[columns[4]])

    known: tuple[Decimal | None, Decimal | None] = (None, None)
    for nth, line in enumerate(lines, 1):
        try:
            time_, *columns = line.rstrip().split(",")
            if len(columns) != 10:
                raise Flaw("wrong number of columns")
            bid, ask = side(columns[:5]), side(columns[5:])
            row = bars.Row(file.symbol, file.member, nth, clock.at(time_), MINUTE)
            yield from bars.books(row, bid, ask, known)
        except ValueError as error:
            flaws.row(file.member, nth, line, error)
            continue
        known = (bid.size if bid else known[0], ask.size if ask else known[1])


def _path(texts: list[str], prices: Amounts) -> bars.Prices:
    first, high, low, last = (prices[text] for text in texts)
    return bars.told(first, high, low, last)

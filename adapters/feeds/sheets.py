"""The sheet of a symbol: its day so far (open, high, low, volume), and its last trades."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from msgspec import Struct

from domain.market import Counts, Quote
from domain.market.candle import TradingDay
from domain.money import ZERO

#: How many trades of a symbol are remembered.
TRADES = 50

Days = Callable[[datetime], TradingDay]


class Session(Struct, frozen=True):
    """A session as it is kept: of an earlier day, or of today until ``last_at``."""

    symbol: str
    day: date
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    last_at: datetime


class Print(NamedTuple):
    """One trade; ``counts`` as in a quote."""

    at: datetime
    price: Decimal
    size: Decimal
    source: str
    seq: int
    counts: Counts | None


#: A print as it is remembered: made with every trade, and hardly ever looked at.
Remembered = tuple[datetime, Decimal, Decimal, str, int, Counts | None]


class Sheet:
    """
    Prices per unit, volume in units, of the regular session of ``day``.

    ``open`` is None before the first trade of the session, and then high, low and close say
    nothing; ``previous_close`` is None where no session before it is known.
    """

    __slots__ = (
        "_prints", "close", "closes", "day", "high", "low", "open", "opens", "previous_close",
        "volume",
    )  # fmt: skip

    def __init__(self, day: TradingDay) -> None:
        self._prints: deque[Remembered] = deque(maxlen=TRADES)
        self.high = self.low = self.close = ZERO
        self.previous_close: Decimal | None = None
        self.open: Decimal | None = None
        self.turn(day)

    def turn(self, day: TradingDay) -> None:
        """Another day: what was its close is now the previous one."""
        if self.open is not None:
            self.previous_close = self.close
        self.day, self.opens, self.closes = day, day.opens, day.closes
        self.open, self.volume = None, ZERO

    def resume(self, session: Session) -> None:
        """Go on with a session of which we have not seen the beginning."""
        self.open, self.high, self.low = session.open, session.high, session.low
        self.close, self.volume = session.close, session.volume

    def take(self, quote: Quote, price: Decimal, size: Decimal) -> None:
        """One print, in the session or outside of it."""
        at, counts = quote.at, quote.counts
        self._prints.append((at, price, size, quote.source, quote.seq, counts))
        if not self.opens <= at < self.closes:
            return
        if counts is None or counts == "PRICE":
            if self.open is None:
                self.open = self.high = self.low = price
            elif price > self.high:
                self.high = price
            elif price < self.low:
                self.low = price
            self.close = price
        if counts is None or counts == "VOLUME":
            self.volume += size

    @property
    def trades(self) -> list[Print]:
        """The last of them, oldest first."""
        return [Print(*remembered) for remembered in self._prints]


class Sheets:
    """The sheets of all symbols: a watcher of the board."""

    def __init__(self, days: Callable[[str], Days]) -> None:
        self._days = days
        self._sheets: dict[str, Sheet] = {}
        self._kept: Mapping[str, Sequence[Session]] = {}

    def resume(self, kept: Mapping[str, Sequence[Session]]) -> None:
        """Take up the last sessions that were kept, the newest of a symbol first."""
        self._kept = kept

    def on_quote(self, quote: Quote) -> None:
        """A slice of the market; only what printed in it counts."""
        price, size = quote.last, quote.last_size
        if size is None or price is None:
            return
        sheet = self._sheets.get(quote.symbol)
        if sheet is None or not sheet.opens <= quote.at < sheet.closes:
            sheet = self._sheets[quote.symbol] = self.of(quote.symbol, quote.at)
        sheet.take(quote, price, size)

    def of(self, symbol: str, at: datetime) -> Sheet:
        """The sheet of the day of this moment, begun anew if another day was the last."""
        sheet = self._sheets.get(symbol)
        if sheet is None or at < sheet.day.begins:  # nothing yet, or a recording began again
            return self._begun(symbol, at)
        if at >= sheet.day.ends:
            sheet.turn(self._days(symbol)(at))
        return sheet

    def _begun(self, symbol: str, at: datetime) -> Sheet:
        """With what was kept of this day and the one before, if we come in the middle."""
        sheet = Sheet(self._days(symbol)(at))
        for session in reversed(self._kept.get(symbol, ())):
            if session.last_at < at and session.day <= sheet.day.day:
                sheet.resume(session)
                if session.day != sheet.day.day:
                    sheet.turn(sheet.day)
        return sheet

"""The candles of one symbol that may still change: its second, its minute, its session."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from adapters.candles.forming import Forming
from domain.market import Quote
from domain.market.candle import Level, Part, TradingDay, begins_at

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
#: How much later than the newest a print may come and still be taken in.
LATE_MAX = timedelta(minutes=2)

#: The trading day of a moment, by the calendar of the symbol's exchange.
Days = Callable[[datetime], TradingDay]


class Kept(Struct, frozen=True, gc=False):
    """A candle as the shelf has it, for a series that goes on where another stopped."""

    symbol: str
    level: Level
    begins: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    turnover: Decimal
    trades: int
    first_at: datetime
    last_at: datetime


class Series:
    """
    ``turn`` is called with every print whose second is not the one in the making; the print
    itself is given to the second that ``turn`` returns.
    """

    def __init__(self, days: Days, kept: dict[Level, Kept]) -> None:
        self.second: Forming | None = None
        self._minute: Forming | None = None
        self._session: Forming | None = None
        self._seconds: dict[datetime, Forming] = {}
        self._minutes: dict[datetime, Forming] = {}
        self._changed: dict[tuple[Level, datetime], Forming] = {}
        self._told: tuple[datetime, int, Decimal] | None = None
        self._days = days
        self._kept = kept
        self._day: TradingDay | None = None

    def day(self, at: datetime) -> TradingDay:
        if self._day is None or not self._day.begins <= at < self._day.ends:
            self._day = self._days(at)
        return self._day

    def turn(self, at: datetime) -> Forming:
        """Close what is over at this moment, and open the candles that it falls into."""
        day = self.day(at)
        self._close(at, day)
        if self._minute is None:
            self._minute = self._opened(Level.MINUTE, at, day, MINUTE)
            self._minutes[self._minute.begins] = self._minute
        if self._session is None and self._minute.part is Part.REGULAR:
            self._session = Forming(day.opens, day.closes, day, Part.REGULAR)
            self._resume(Level.DAY, self._session, at)
        self.second = self._opened(Level.SECOND, at, day, SECOND)
        self._seconds[self.second.begins] = self.second
        return self.second

    def _close(self, at: datetime, day: TradingDay) -> None:
        """A second joins its minute, a minute that is over its session."""
        minute = self._minute
        if self.second is not None and minute is not None:
            minute.join(self.second)
            self._note(Level.SECOND, self.second)
            if at >= minute.ends:
                self._note(Level.MINUTE, minute)
                if self._session is not None and minute.part is Part.REGULAR:
                    self._session.join(minute)
                    self._note(Level.DAY, self._session)
                self._minute = None
                self._forget(at)
        if self._session is not None and self._session.day != day:
            self._session = None

    def _opened(self, level: Level, at: datetime, day: TradingDay, length: timedelta) -> Forming:
        part, over = day.part(at)
        begins = begins_at(at, length, day.opens)
        forming = Forming(begins, min(begins + length, over), day, part)
        self._resume(level, forming, at)
        return forming

    def _resume(self, level: Level, forming: Forming, at: datetime) -> None:
        """Go on with what an earlier series left; a recording that begins anew does not."""
        kept = self._kept.pop(level, None)
        if kept is None or kept.begins != forming.begins or kept.last_at >= at:
            return
        for name in Kept.__struct_fields__[3:]:
            setattr(forming, name, getattr(kept, name))

    def _note(self, level: Level, forming: Forming) -> None:
        self._changed[level, forming.begins] = forming

    def _forget(self, at: datetime) -> None:
        """Seconds and minutes that no print can be late for any more."""
        for known in (self._seconds, self._minutes):
            for begins in [begins for begins, bar in known.items() if bar.ends <= at - LATE_MAX]:
                del known[begins]

    def late(self, quote: Quote) -> bool:
        """Add a print to what it belongs to; False when that is over for good."""
        day = self.day(quote.at)
        newest = self.second
        if newest is None or newest.begins - quote.at > LATE_MAX or newest.day != day:
            return False
        second = self._found(self._seconds, quote.at, day, SECOND)
        second.take(quote)
        self._note(Level.SECOND, second)
        minute = self._found(self._minutes, quote.at, day, MINUTE)
        if second is not self.second:
            minute.take(quote)
            self._note(Level.MINUTE, minute)
        if minute is not self._minute and minute.part is Part.REGULAR and self._session:
            self._session.take(quote)
            self._note(Level.DAY, self._session)
        return True

    def _found(
        self, known: dict[datetime, Forming], at: datetime, day: TradingDay, length: timedelta
    ) -> Forming:
        begins = begins_at(at, length, day.opens)
        if begins not in known:
            part, over = day.part(at)
            known[begins] = Forming(begins, min(begins + length, over), day, part)
        return known[begins]

    def changed(self) -> Iterator[tuple[Level, Forming]]:
        """What has changed since the last time, the unfinished as they stand now."""
        second, minute, session = self.second, self._minute, self._session
        told = (second.begins, second.trades, second.close) if second is not None else None
        if told == self._told and not self._changed:
            return
        changed, self._changed, self._told = self._changed, {}, told
        found = dict(changed)
        if second is not None and minute is not None:
            whole = replace(minute)
            whole.join(second)
            found[Level.SECOND, second.begins] = second
            found[Level.MINUTE, whole.begins] = whole
            if session is not None and minute.part is Part.REGULAR:
                today = replace(session)
                today.join(whole)
                found[Level.DAY, today.begins] = today
        for (level, _), bar in found.items():
            yield level, bar

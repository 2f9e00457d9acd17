"""
Candles: the trades of a stretch of time as open, high, low, close and volume.

A trading day is a span with a regular session in it.  Intraday candles are counted from the
opening of the session (an hour of Mumbai runs from 09:15 to 10:15), so that no candle mixes two
sessions, nor a session with what is traded before and after it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from enum import IntEnum, StrEnum
from zoneinfo import ZoneInfo

from msgspec import Struct

from domain.market.calendar import Calendar

DAY = timedelta(days=1)


class Timeframe(StrEnum):
    """How long a candle is; a month is 1M, a minute 1m."""

    S1 = "1s"
    S5 = "5s"
    S15 = "15s"
    S30 = "30s"
    M1 = "1m"
    M3 = "3m"
    M5 = "5m"
    M10 = "10m"
    M15 = "15m"
    M30 = "30m"
    H1 = "1h"
    H2 = "2h"
    H4 = "4h"
    D1 = "1D"
    W1 = "1W"
    MONTH = "1M"

    @property
    def length(self) -> timedelta:
        """The longest that a candle may be; a session or a month may end it earlier."""
        return LENGTHS[self]

    @property
    def level(self) -> Level:
        """The candles that are kept, and from which these are made when they are asked for."""
        if self.length < LENGTHS[Timeframe.M1]:
            return Level.SECOND
        return Level.MINUTE if self.length < DAY else Level.DAY


class Level(StrEnum):
    SECOND = "1s"
    MINUTE = "1m"
    DAY = "1D"


_UNITS = {"s": timedelta(seconds=1), "m": timedelta(minutes=1), "h": timedelta(hours=1)}
LENGTHS: dict[Timeframe, timedelta] = {
    **{each: int(each[:-1]) * _UNITS[each[-1]] for each in Timeframe if each[-1] in _UNITS},
    Timeframe.D1: DAY,
    Timeframe.W1: 7 * DAY,
    Timeframe.MONTH: 31 * DAY,
}
#: As other services spell them.
SPELLINGS = {
    **{f"{each[:-1]}minute": each for each in Timeframe if each.endswith("m")},
    **{f"{each[:-1]}second": each for each in Timeframe if each.endswith("s")},
    "minute": Timeframe.M1,
    "60minute": Timeframe.H1,
    "1hour": Timeframe.H1,
    "hour": Timeframe.H1,
    "1d": Timeframe.D1,
    "day": Timeframe.D1,
    "1day": Timeframe.D1,
    "1w": Timeframe.W1,
    "week": Timeframe.W1,
    "month": Timeframe.MONTH,
}


def timeframe(text: str) -> Timeframe | None:
    """``5m`` or ``5minute``; None when it is no timeframe of ours."""
    try:
        return Timeframe(text)
    except ValueError:
        return SPELLINGS.get(text)


class Part(IntEnum):
    """Where in the day: before the session, in it, after it."""

    BEFORE = 0
    REGULAR = 1
    AFTER = 2


class TradingDay(Struct, frozen=True):
    """
    From ``begins`` to ``ends`` everything belongs to the day, and from ``opens`` to ``closes``
    to its regular session.  A day without a session opens and closes at its end.
    """

    day: date
    begins: datetime
    opens: datetime
    closes: datetime
    ends: datetime

    def part(self, at: datetime) -> tuple[Part, datetime]:
        """The part of the day that this moment falls into, and when that part is over."""
        if at < self.opens:
            return Part.BEFORE, self.opens
        if at < self.closes:
            return Part.REGULAR, self.closes
        return Part.AFTER, self.ends


def trading_day(calendar: Calendar, at: datetime) -> TradingDay:
    """The day on the exchange's clock that this moment belongs to; every moment has one."""
    zone = ZoneInfo(calendar.zone)
    day = calendar.local_day(at)
    begins = datetime.combine(day, time(), zone).astimezone(UTC)
    ends = datetime.combine(day + DAY, time(), zone).astimezone(UTC)
    session = calendar.session(day)
    if session is None:
        return TradingDay(day, begins, ends, ends, ends)
    return TradingDay(day, begins, session.opens, session.closes, max(ends, session.closes))


def begins_at(at: datetime, length: timedelta, origin: datetime) -> datetime:
    """When the candle begins that this moment falls into, counted from ``origin`` both ways."""
    return origin + (at - origin) // length * length

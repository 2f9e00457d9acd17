"""
Tracks: an indicator as it moves, and who waits for it to be somewhere.

A track is judged when its candle is over, by the first print behind it.  It begins with the
candles that were kept; the one in the making goes on from where it was kept, about a second ago,
so that the volume of that one candle may be told a little short.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from msgspec.structs import replace

from adapters.candles.forming import Forming
from adapters.candles.query import Asked, Candle
from adapters.candles.series import Days
from adapters.candles.studying import bars, before
from adapters.lookout.levels import Levels
from domain.market import AlertSet, Quote
from domain.market.candle import DAY, Part, Timeframe, begins_at
from domain.market.indicators import Bar, Study, line, lines


class Reached(NamedTuple):
    alert_id: UUID
    value: Decimal


class Place(NamedTuple):
    """One line of a study, or how far above it the candle closed."""

    nth: int
    under_close: bool


class Track:
    """A study over the candles of one symbol and timeframe."""

    def __init__(self, candles: Candles, study: Study) -> None:
        self.candles, self.study = candles, study
        self._line = line(study)
        self._values: dict[Place, Decimal] = {}
        self._levels: defaultdict[Place, Levels] = defaultdict(Levels)
        self._unarmed: defaultdict[Place, dict[UUID, Decimal]] = defaultdict(dict)
        self._rising: dict[UUID, bool] = {}
        self._names: set[UUID] = set()
        #: Candles that were over before the kept ones were there; None from then on.
        self._waiting: dict[datetime, Bar] | None = {}

    def __len__(self) -> int:
        """How many wait for it."""
        return len(self._names)

    # ── who waits ──────────────────────────────────────────────────────────────

    def add(self, alert: AlertSet) -> None:
        self._names.add(alert.alert_id)
        place, level = self._place(alert), alert.threshold or Decimal(0)
        if alert.rising is None:
            self._unarmed[place][alert.alert_id] = level
            self._arm(place)
        else:
            self._wait(place, alert.alert_id, level, rising=alert.rising)

    def remove(self, alert: AlertSet) -> None:
        self._names.discard(alert.alert_id)
        place = self._place(alert)
        self._unarmed[place].pop(alert.alert_id, None)
        rising = self._rising.pop(alert.alert_id, None)
        if rising is not None:
            level = alert.threshold or Decimal(0)
            self._levels[place].remove(alert.alert_id, level, rising=rising)

    def _wait(self, place: Place, name: UUID, level: Decimal, *, rising: bool) -> None:
        self._rising[name] = rising
        self._levels[place].add(name, level, rising=rising)

    def _place(self, alert: AlertSet) -> Place:
        names = lines(self.study)
        nth = names.index(alert.condition.line) if alert.condition.line else 0
        return Place(nth, alert.condition.level is None)

    def _arm(self, place: Place) -> None:
        """Who waits for the other side of a level learns on which side the value is."""
        value, unarmed = self._values.get(place), self._unarmed[place]
        if value is None:
            return
        for name, level in list(unarmed.items()):
            if value != level:
                del unarmed[name]
                self._wait(place, name, level, rising=value < level)

    # ── the market ─────────────────────────────────────────────────────────────

    @property
    def asked(self) -> Asked:
        """The candles to begin with, and one in the making."""
        asked = Asked(self.candles.symbol, self.candles.frame, limit=1)
        return replace(asked, limit=2 + before(asked, self.study))

    def begin(self, kept: Sequence[Candle]) -> None:
        """Take in the candles that were kept; nobody is reached by what was before."""
        waiting, self._waiting = self._waiting or {}, None
        for candle, bar in zip(kept, bars(kept), strict=True):
            if not self.candles.resumes(candle) and candle.time not in waiting:
                self._move(bar)
        for bar in waiting.values():
            self._move(bar)
        for place in list(self._unarmed):
            self._arm(place)

    def over(self, begins: datetime, bar: Bar) -> Iterator[Reached]:
        """A candle is over: whom the values after it reach."""
        if self._waiting is not None:
            self._waiting[begins] = bar
            return
        self._move(bar)
        for place, levels in self._levels.items():
            if len(levels) and place in self._values:
                value = self._values[place]
                yield from (Reached(name, value) for name in levels.reached(value))
        for place in list(self._unarmed):
            self._arm(place)

    def _move(self, bar: Bar) -> None:
        values = self._line.take(bar)
        for nth, value in enumerate(values or ()):
            self._values[Place(nth, under_close=False)] = value
            self._values[Place(nth, under_close=True)] = bar.close - value


class Candles:
    """The candles of one symbol and timeframe, and the studies that are drawn over them."""

    def __init__(self, symbol: str, frame: Timeframe, days: Days) -> None:
        self.symbol, self.frame = symbol, frame
        self.tracks: dict[Study, Track] = {}
        self._days = days
        self._forming: Forming | None = None

    def on_print(self, quote: Quote) -> Iterator[Reached]:
        """Whom the candle reaches that is over by this print."""
        forming = self._forming
        if forming is None or quote.at >= forming.ends:
            if forming is not None and forming.open is not None:
                yield from self._over(forming)
            forming = self._forming = self._opened(quote.at)
        if forming is not None and quote.at >= forming.begins:
            forming.take(quote)

    def resumes(self, kept: Candle) -> bool:
        """Whether the candle in the making is this one, and goes on from it."""
        if self._forming is None and not kept.complete:
            self._forming = self._opened(kept.time)
        if self._forming is None or kept.time != self._forming.begins:
            return False
        _join(self._forming, kept)
        return True

    def _over(self, forming: Forming) -> Iterator[Reached]:
        price = forming.turnover / forming.volume if forming.volume else forming.close
        day = forming.day.day
        bar = Bar(day, forming.high, forming.low, forming.close, forming.volume, price)
        for track in self.tracks.values():
            yield from track.over(forming.begins, bar)

    def _opened(self, at: datetime) -> Forming | None:
        """The candle of the session that this moment falls into."""
        day = self._days(at)
        part, over = day.part(at)
        if part is not Part.REGULAR:
            return None
        if self.frame.length >= DAY:
            return Forming(day.opens, day.closes, day, part)
        begins = begins_at(at, self.frame.length, day.opens)
        return Forming(begins, min(begins + self.frame.length, over), day, part)


def _join(forming: Forming, kept: Candle) -> None:
    """What was kept of a candle, which may overlap with what was seen of it since."""
    high, low, volume = Decimal(kept.high), Decimal(kept.low), Decimal(kept.volume)
    if forming.open is None:
        forming.open, forming.close = Decimal(kept.open), Decimal(kept.close)
        forming.high, forming.low = high, low
    forming.high, forming.low = max(forming.high, high), min(forming.low, low)
    if volume > forming.volume:
        forming.volume = volume
        forming.turnover = volume * Decimal(kept.vwap or kept.close)

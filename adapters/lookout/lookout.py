"""
The lookout: who is to be told of this slice of the market.

Pure and synchronous, as the paper venue is: alerts and slices in, commands out.  A slice that
concerns nobody costs two look-ups, one of a symbol that many watch a comparison each way more,
and a print a step of each timeframe that indicators of its symbol are watched over.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from heapq import heappop, heappush
from uuid import UUID

from adapters.candles.series import Days
from adapters.lookout.levels import Levels
from adapters.lookout.track import Candles, Track
from commands.market import CancelAlert, ExpireAlert, TriggerAlert
from domain.market import (
    MAX_AGE,
    AlertKind,
    AlertSet,
    Condition,
    Quality,
    Quote,
    mark,
    quality,
    witness,
)
from domain.market.candle import Timeframe
from domain.market.indicators import Study
from domain.money import tidy

MODEL = "ALERTS@1"

Command = TriggerAlert | ExpireAlert | CancelAlert


class Lookout:
    def __init__(self, days: Callable[[str], Days], max_age: timedelta = MAX_AGE) -> None:
        """``days`` gives the trading days of a symbol's exchange."""
        #: Tracks that want their candles (``Track.begin``).
        self.wanting: deque[Track] = deque()
        self._days = days
        self._max_age = max_age
        self._alerts: dict[UUID, AlertSet] = {}
        self._of: defaultdict[UUID, set[UUID]] = defaultdict(set)
        self._prices: dict[str, Levels] = {}
        self._candles: defaultdict[str, dict[Timeframe, Candles]] = defaultdict(dict)
        self._due: list[tuple[datetime, UUID]] = []

    def __len__(self) -> int:
        """How many alerts it watches for."""
        return len(self._alerts)

    # ── who wants to be told ───────────────────────────────────────────────────

    def on_set(self, alert: AlertSet) -> None:
        """Watch for this from now on; one it knows stays as it is."""
        if alert.alert_id in self._alerts:
            return
        self._alerts[alert.alert_id] = alert
        self._of[alert.user_id].add(alert.alert_id)
        if alert.expires_at is not None:
            heappush(self._due, (alert.expires_at, alert.alert_id))
        if alert.condition.kind is AlertKind.INDICATOR:
            self._join(alert)
        elif alert.threshold is not None:
            levels = self._prices.setdefault(alert.symbol, Levels())
            levels.add(alert.alert_id, alert.threshold, rising=bool(alert.rising))

    def on_over(self, alert_id: UUID) -> None:
        """It has triggered, was cancelled or has expired."""
        alert = self._alerts.pop(alert_id, None)
        if alert is None:
            return
        self._of[alert.user_id].discard(alert_id)
        if not self._of[alert.user_id]:
            del self._of[alert.user_id]
        if alert.condition.kind is AlertKind.INDICATOR:
            self._leave(alert)
        elif alert.threshold is not None:
            levels = self._prices[alert.symbol]
            levels.remove(alert_id, alert.threshold, rising=bool(alert.rising))

    def on_gone(self, user_id: UUID, now: datetime) -> Sequence[Command]:
        """A person is forgotten, and what they wanted with them."""
        alerts = sorted(self._of.get(user_id, ()))
        return [CancelAlert(at=now, user_id=user_id, alert_id=each) for each in alerts]

    def _join(self, alert: AlertSet) -> None:
        (frame, study), frames = _key(alert.condition), self._candles[alert.symbol]
        candles = frames.get(frame)
        if candles is None:
            candles = frames[frame] = Candles(alert.symbol, frame, self._days(alert.symbol))
        if study not in candles.tracks:
            candles.tracks[study] = Track(candles, study)
            self.wanting.append(candles.tracks[study])
        candles.tracks[study].add(alert)

    def _leave(self, alert: AlertSet) -> None:
        """What nobody waits for any more is not followed."""
        (frame, study), frames = _key(alert.condition), self._candles[alert.symbol]
        tracks = frames[frame].tracks
        tracks[study].remove(alert)
        if not len(tracks[study]):
            del tracks[study]
        if not tracks:
            del frames[frame]

    def new_tracks(self) -> Iterator[Track]:
        """Those that want their candles, and for which somebody still waits."""
        for _ in range(len(self.wanting)):
            track = self.wanting.popleft()
            if len(track):
                yield track

    # ── what the market did ────────────────────────────────────────────────────

    def on_quote(self, quote: Quote, now: datetime) -> Sequence[Command]:
        """Whom this slice reaches; each of them once."""
        levels, frames = self._prices.get(quote.symbol), self._candles.get(quote.symbol)
        if not levels and not frames:
            return ()
        told: list[Command] = []
        if levels:
            told += self._priced(levels, quote, now)
        if frames and quote.last_size is not None:
            reached = [each for candles in frames.values() for each in candles.on_print(quote)]
            told += (self._trigger(*each, quote, now) for each in reached)
        return told

    def _priced(self, levels: Levels, quote: Quote, now: datetime) -> Iterator[TriggerAlert]:
        price = quote.last if quote.last is not None else mark(quote)
        if price is None or quality(quote, now, self._max_age) is not Quality.FRESH:
            return
        for name in levels.reached(price):
            yield self._trigger(name, price, quote, now)

    def _trigger(self, name: UUID, value: Decimal, quote: Quote, now: datetime) -> TriggerAlert:
        alert = self._alerts[name]
        fresh = quality(quote, now, self._max_age) is Quality.FRESH
        evidence = witness(
            quote,
            now,
            rule=f"{alert.condition.kind}_{alert.condition.way}",
            model=MODEL,
            kind="QUOTE" if quote.last_size is None else "TRADE",
            quality="FRESH" if fresh else "DEGRADED",
        )
        return TriggerAlert(
            at=now, user_id=alert.user_id, alert_id=name, value=tidy(value), evidence=evidence
        )

    def on_time(self, now: datetime) -> Sequence[Command]:
        """Whose time is over."""
        over: list[Command] = []
        while self._due and self._due[0][0] <= now:
            _, name = heappop(self._due)
            alert = self._alerts.get(name)
            if alert is not None:
                over.append(ExpireAlert(at=now, user_id=alert.user_id, alert_id=name))
        return over


def _key(condition: Condition) -> tuple[Timeframe, Study]:
    assert condition.study is not None, "an indicator"
    assert condition.timeframe is not None, "over candles"
    return condition.timeframe, condition.study

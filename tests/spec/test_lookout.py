"""The lookout: whom a slice of the market reaches, and nobody twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.calendars import calendars
from adapters.candles.query import Candle
from adapters.lookout.levels import Levels
from adapters.lookout.lookout import Lookout
from commands.market import CancelAlert, ExpireAlert, TriggerAlert
from domain.market import AlertSet, Condition, Quote
from domain.market.candle import trading_day
from domain.market.indicators import Indicator, Study
from tests.spec.test_alerts import alert, percent, price, studied
from tests.spec.trading import ME

NSE = partial(trading_day, calendars().of("NSE"))
#: 09:15 in Mumbai on a Monday: the session opens.
OPEN = datetime(2026, 11, 23, 3, 45, tzinfo=UTC)
SMA = Study(Indicator.SMA, 2)


class Watch:
    """A lookout over one symbol, told of prints by minute and price."""

    def __init__(self, *conditions: Condition, kept: list[Candle] | None = None) -> None:
        self.lookout = Lookout(lambda _: NSE)
        for nth, condition in enumerate(conditions, 1):
            self.lookout.on_set(alert(condition, alert_id=UUID(int=nth)))
        while self.lookout.wanting:
            self.lookout.wanting.popleft().begin(kept or [])

    def sees(self, price: str, minute: float = 0, **more: Any) -> list[str]:
        at = OPEN + timedelta(minutes=minute)
        fields = {"last": Decimal(price), "last_size": Decimal(1)} | more
        told = self.lookout.on_quote(Quote("ACME", "test", 1, at, at, **fields), at)
        return [f"{each.alert_id.int}: {each.value}" for each in told]  # type: ignore[union-attr]


def candle(minute: int, close: str, *, complete: bool = True) -> Candle:
    time = OPEN + timedelta(minutes=minute)
    return Candle(time, time.date(), close, close, close, close, "1", close, 1, complete)


def test_a_price_reaches_those_who_wait_for_it_once() -> None:
    watch = Watch(price("ABOVE", "105"), price("BELOW", "95"), price("ABOVE", "107"))
    assert watch.sees("104.95") == []
    assert watch.sees("106") == ["1: 106"]
    assert watch.sees("106") == []
    assert watch.sees("94") == ["2: 94"]
    assert watch.sees("107") == ["3: 107"]


def test_a_percentage_is_measured_from_the_price_when_it_was_set() -> None:
    watch = Watch(percent("ABOVE", "2"), percent("BELOW", "2"))
    assert watch.sees("101.99") == []
    assert watch.sees("102") == ["1: 102"]
    assert watch.sees("98") == ["2: 98"]


def test_where_nothing_prints_the_middle_of_the_book_counts() -> None:
    watch = Watch(price("ABOVE", "105"))
    book: dict[str, Any] = {
        "last": None,
        "last_size": None,
        "bid": Decimal(104),
        "ask": Decimal(106),
    }
    assert watch.sees("0", **book) == ["1: 105"]


def test_a_quote_that_is_not_fresh_reaches_nobody() -> None:
    watch = Watch(price("ABOVE", "105"))
    crossed: dict[str, Any] = {"bid": Decimal(108), "ask": Decimal(106)}
    assert watch.sees("107", **crossed) == []
    assert watch.sees("107") == ["1: 107"]


def test_who_has_cancelled_is_not_told_and_nobody_is_known_twice() -> None:
    watch = Watch(price("ABOVE", "105"), price("ABOVE", "105"))
    watch.lookout.on_set(alert(price("ABOVE", "105"), alert_id=UUID(int=2)))
    watch.lookout.on_over(UUID(int=1))
    watch.lookout.on_over(UUID(int=9))
    assert len(watch.lookout) == 1
    assert watch.sees("105") == ["2: 105"]


@pytest.mark.parametrize(
    ("condition", "closes", "reached"),
    [
        (studied("ABOVE", study=SMA, frame="1m", level=Decimal(103)), "100 104 105 90", "2: 104.5"),
        (studied("BELOW", study=SMA, frame="1m", level=Decimal(99)), "100 100 97 90", "2: 98.5"),
        (studied("CROSSES", study=SMA, frame="1m", level=Decimal(99)), "100 100 97 90", "2: 98.5"),
        (studied("CROSSES", study=SMA, frame="1m", level=Decimal(99)), "98 99 101 90", "2: 100"),
        (studied("ABOVE", study=SMA, frame="1m", level=None), "101 100 104 90", "2: 2"),
    ],
)
def test_an_indicator_is_judged_when_its_candle_is_over(
    condition: Condition, closes: str, reached: str
) -> None:
    watch = Watch(price("ABOVE", "9999"), condition)
    told = [watch.sees(close, minute) for minute, close in enumerate(closes.split())]
    assert told == [[], [], [], [reached]], "the third is over with the first print behind it"


def test_a_track_begins_with_the_candles_that_were_kept() -> None:
    condition = studied("CROSSES", study=SMA, frame="1m", level=Decimal(103))
    kept = [candle(0, "100"), candle(1, "102"), candle(2, "110", complete=False)]
    watch = Watch(condition, kept=kept)
    assert watch.sees("104", 2.5) == [], "110 was the high of this candle, 104 is its close"
    assert watch.sees("90", 3) == ["1: 103"]


def test_candles_that_are_over_before_the_kept_are_there_are_not_lost() -> None:
    condition = studied("ABOVE", study=SMA, frame="1m", level=Decimal(103))
    watch = Watch()
    watch.lookout.on_set(alert(condition, alert_id=UUID(int=1)))
    assert watch.sees("104", 2) == watch.sees("104", 3) == []
    watch.lookout.wanting.popleft().begin([candle(0, "100"), candle(1, "102")])
    assert watch.sees("90", 4) == ["1: 104"]


def test_studies_over_the_same_candles_share_them_whenever_they_begin() -> None:
    watch = Watch(studied("ABOVE", study=SMA, frame="1m", level=Decimal(103)))
    assert watch.sees("100", 0) == watch.sees("104", 1) == []
    later = studied("ABOVE", study=Study(Indicator.EMA, 1), frame="1m", level=Decimal(103))
    watch.lookout.on_set(alert(later, alert_id=UUID(int=2)))
    (track,) = watch.lookout.new_tracks()
    track.begin([candle(0, "100"), candle(1, "102", complete=False)])
    assert watch.sees("104", 1.5) == []
    assert watch.sees("104", 2) == ["2: 104"], "the mean of two is 102"
    assert watch.sees("90", 3) == ["1: 104"]
    watch.lookout.on_over(UUID(int=1))
    watch.lookout.on_over(UUID(int=2))
    assert watch.sees("200", 4) == watch.sees("200", 5) == []


def test_a_candle_that_was_kept_meanwhile_is_not_taken_twice() -> None:
    condition = studied("ABOVE", study=Study(Indicator.SMA, 3), frame="1m", level=Decimal(105))
    watch = Watch()
    watch.lookout.on_set(alert(condition, alert_id=UUID(int=1)))
    assert watch.sees("104", 2) == watch.sees("110", 3) == []
    watch.lookout.wanting.popleft().begin([candle(1, "100"), candle(2, "104")])
    assert watch.sees("104", 4) == [], "100, 104 and 110: twice 104 would have been more"
    assert watch.sees("90", 5) == ["1: 106"]


def test_what_trades_outside_the_session_makes_no_candle() -> None:
    watch = Watch(studied("ABOVE", study=Study(Indicator.SMA, 1), frame="1m", level=Decimal(103)))
    assert watch.sees("200", -30) == watch.sees("100", 0) == watch.sees("101", 1) == []


def test_alerts_expire_by_the_clock_and_end_with_the_person() -> None:
    lookout = Lookout(lambda _: NSE)
    soon = OPEN + timedelta(hours=1)
    expiring: AlertSet = alert(expires_at=soon, at=OPEN)
    lookout.on_set(expiring)
    assert lookout.on_time(soon - timedelta(seconds=1)) == []
    of = {"user_id": ME, "alert_id": expiring.alert_id}
    assert lookout.on_time(soon) == [ExpireAlert(at=soon, **of)]
    assert lookout.on_gone(ME, soon) == [CancelAlert(at=soon, **of)]
    lookout.on_over(expiring.alert_id)
    assert lookout.on_gone(ME, soon) == []


def test_the_evidence_is_the_slice_that_did_it() -> None:
    watch = Watch(price("ABOVE", "105"))
    quote = Quote("ACME", "test", 7, OPEN, OPEN, last=Decimal(106), last_size=Decimal(3))
    (told,) = watch.lookout.on_quote(quote, OPEN)
    assert isinstance(told, TriggerAlert)
    evidence = told.evidence
    assert (evidence.seq, evidence.last, evidence.kind) == (7, Decimal(106), "TRADE")
    assert (evidence.rule, evidence.quality) == ("PRICE_ABOVE", "FRESH")


@given(
    st.lists(st.tuples(st.integers(1, 9), st.booleans()), max_size=20),
    st.lists(st.tuples(st.integers(0, 10), st.integers(0, 19)), max_size=20),
)
def test_levels_reach_whom_a_look_at_everybody_would_reach(
    waiting: list[tuple[int, bool]], moves: list[tuple[int, int]]
) -> None:
    levels, left = Levels(), {}
    for nth, (level, rising) in enumerate(waiting):
        left[UUID(int=nth)] = (Decimal(level), rising)
        levels.add(UUID(int=nth), Decimal(level), rising=rising)
    for value, gone in moves:
        if UUID(int=gone) in left:
            threshold, up = left.pop(UUID(int=gone))
            levels.remove(UUID(int=gone), threshold, rising=up)
        expected = {n for n, (at, up) in left.items() if (value >= at if up else value <= at)}
        assert set(levels.reached(Decimal(value))) == expected
        left = {name: kept for name, kept in left.items() if name not in expected}
        assert len(levels) == len(left)

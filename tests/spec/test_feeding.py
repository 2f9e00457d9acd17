"""What is said of a market's news: that they are sound, withheld, or that none come."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, cast

from msgspec import Struct
from msgspec.structs import replace

from adapters.calendars import calendars
from adapters.feeds import Board, Feed, Quarantine, SimFeed
from api.feeding import ending, illness, watched
from domain.market import Calendars, Instrument, Quote

#: A Monday, 10:00 in Mumbai.
NOW = datetime(2026, 11, 23, 4, 30, tzinfo=UTC)


class News(Struct, frozen=True):
    """As much of an engine as the news come through."""

    feed: Feed
    instruments: tuple[Instrument, ...]
    board: Board
    quarantine: Quarantine
    calendars: Calendars


class Listed(SimFeed):
    """The simulation, listed at an exchange that closes."""

    def instruments(self) -> tuple[Instrument, ...]:
        return tuple(replace(one, exchange="NSE") for one in super().instruments())


def news(feed: Feed) -> News:
    board, exchanges = Board(), calendars()
    quarantine, _ = watched(board, feed, exchanges)
    return News(feed, feed.instruments(), board, quarantine, exchanges)


def told(of: News, now: datetime) -> str | None:
    return asyncio.run(illness(cast(Any, of), now))


def slice_(at: datetime, seq: int, last: int = 100) -> Quote:
    return Quote("ITC", "t", seq, at, at, last=Decimal(last), last_size=Decimal(1))


def test_a_market_that_is_quoted_is_well_and_one_that_falls_silent_is_not() -> None:
    of = news(Listed())
    assert told(of, NOW) == "no quote has come yet"
    of.quarantine(slice_(NOW, 1))
    assert told(of, NOW + timedelta(seconds=10)) is None
    assert told(of, NOW + timedelta(seconds=75)) == "no quote for 75 s"


def test_nobody_misses_the_quotes_of_an_exchange_that_is_closed() -> None:
    assert told(news(Listed()), NOW + timedelta(hours=12)) is None
    assert told(news(SimFeed()), NOW + timedelta(hours=12)) == "no quote has come yet"


def test_a_feed_of_which_most_is_withheld_is_ill_until_it_is_sound_again() -> None:
    of = news(SimFeed())
    for nth in range(20):
        of.quarantine(slice_(NOW, nth))
    for nth in range(20, 140):
        of.quarantine(slice_(NOW, nth, last=10_000))
    wrong = "120 of 140 slices withheld, most of all: jumped"
    assert told(of, NOW) == wrong
    assert told(of, NOW) == wrong, "it stands until more have come"
    for nth in range(140, 240):
        of.quarantine(slice_(NOW, nth))
    assert told(of, NOW) is None


def test_a_calendar_that_ends_is_told_of_sixty_days_before() -> None:
    """India publishes the holidays of a year in the December before it."""

    def said(of: News, day: date) -> str | None:
        return asyncio.run(ending(cast(Any, of), datetime.combine(day, time(), UTC)))

    of = news(Listed())
    assert said(of, date(2026, 10, 31)) is None
    for day in (date(2026, 11, 1), date(2027, 1, 1)):
        assert said(of, day) == "no session of NSE is known after 2026-12-31"
    assert said(news(SimFeed()), date(2027, 1, 1)) is None

"""Our calendars agree with those that others keep, and where they do not, it is said why."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from importlib import import_module

import pytest

from adapters.calendars import calendars
from domain.market import Calendar

#: The library's own use of pandas, not ours.
pytestmark = pytest.mark.filterwarnings("ignore:Series.values returning an ndarray")

Bounds = dict[date, tuple[datetime, datetime]]

#: Sessions that the library does not know: Muhurat evenings, budgets and tests on weekends.
OURS_ALONE = {"Muhurat", "Union Budget", "Saturday session", "Disaster recovery"}


def known_to_others(name: str, first: date, last: date) -> Bounds:
    library = import_module("exchange_calendars")
    theirs = library.get_calendar(name, start=first.isoformat(), end=last.isoformat())
    rows = zip(theirs.sessions, theirs.opens_nanos, theirs.closes_nanos, strict=True)
    return {
        day.date(): (
            datetime.fromtimestamp(opens / 1e9, UTC),
            datetime.fromtimestamp(closes / 1e9, UTC),
        )
        for day, opens, closes in rows
    }


def known_to_us(calendar: Calendar, first: date, last: date) -> Iterator[tuple[date, str | None]]:
    day = first
    while day <= last:
        if session := calendar.session(day):
            yield day, session.name
        day += timedelta(days=1)


@pytest.mark.parametrize(
    ("exchange", "name", "last"),
    [("BSE", "XBOM", date(2026, 12, 31)), ("XNYS", "XNYS", date(2027, 10, 31))],
)
def test_our_sessions_are_those_of_the_exchange(exchange: str, name: str, last: date) -> None:
    calendar = calendars().of(exchange)
    theirs = known_to_others(name, calendar.first, last)
    ours = dict(known_to_us(calendar, calendar.first, last))
    assert not theirs.keys() - ours.keys()
    assert {ours[day] for day in ours.keys() - theirs.keys()} <= OURS_ALONE
    for day, bounds in theirs.items():
        session = calendar.session(day)
        assert session is not None
        assert (session.opens, session.closes) == bounds, day

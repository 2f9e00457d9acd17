"""Orders for the opening and for the close, and orders of which only a part is shown."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from adapters.calendars import calendars
from domain.trading import Tif
from tests.spec.session import ACME, Session, market, order

NSE = replace(ACME, exchange="NSE")
#: Thursday evening; the exchange opens at 03:45 UTC (09:15 in India), and closes at 10:00.
EVENING = datetime(2026, 11, 19, 18, 0, tzinfo=UTC)
HOUR = 3600


def nse(now: datetime, *orders: Any) -> Session:
    placed = [replace(each, since=now) for each in orders]
    return Session(*placed, listed=NSE, calendars=calendars(), now=now)


def test_an_order_for_the_opening_takes_the_first_slice_and_no_other() -> None:
    session = nse(EVENING, market(1, "BUY", "103", tif=Tif.OPG))
    assert session.shows("99", "100") == []
    assert session.why(1) == "SESSION_CLOSED"
    assert session.waits(9 * HOUR + 45 * 60) == [], "Friday, at the open"
    assert session.shows("99", "100", size="4") == ["1: 4 @ 100 MARKETABLE FRESH", "1: OPG"]


def test_an_order_given_during_the_day_is_for_the_next_opening() -> None:
    session = nse(EVENING.replace(day=20, hour=5), market(1, "BUY", "103", tif=Tif.OPG))
    assert session.shows("99", "100") == []
    assert session.why(1) == "AWAITS_OPEN"
    assert session.waits(6 * HOUR) == [], "the close of this day is none of its business"
    session.waits(2 * 24 * HOUR + 16 * HOUR + 45 * 60)  # Monday morning
    assert session.shows("99", "100") == ["1: 10 @ 100 MARKETABLE FRESH"]


def test_an_opening_without_a_price_ends_the_order_all_the_same() -> None:
    session = nse(EVENING, order(1, "BUY", "98", tif=Tif.OPG), order(2, "BUY", "98", tif=Tif.OPG))
    session.waits(9 * HOUR + 45 * 60)
    assert session.shows("99", "100") == ["1: OPG", "2: OPG"]


def test_an_order_for_the_close_waits_for_the_last_minute_and_ends_with_it() -> None:
    session = nse(EVENING, market(1, "BUY", "103", tif=Tif.CLS), order(2, "BUY", "90", tif=Tif.CLS))
    session.waits(15 * HOUR)  # Friday, an hour before the close
    assert session.shows("99", "100") == []
    assert session.why(1) == "AWAITS_CLOSE"
    session.waits(59 * 60)
    assert session.shows("99", "101") == ["1: 10 @ 101 MARKETABLE FRESH"]
    session.filled(1, 10)
    assert session.waits(60) == ["2: SESSION_END"]


def test_of_an_order_at_rest_no_more_is_met_than_what_is_shown() -> None:
    session = Session(order(1, "BUY", "100", "10", display_qty=Decimal(4)))
    assert session.shows("99", "101") == []
    assert session.shows("99", "100") == ["1: 4 @ 100 RESTING_REACHED FRESH"]
    session.filled(1, 4)
    assert session.shows("98", "99") == ["1: 4 @ 100 RESTING_REACHED FRESH"]
    session.filled(1, 8)
    assert session.shows("98", "99") == ["1: 2 @ 100 RESTING_REACHED FRESH"]


def test_an_order_that_takes_shows_nothing_and_takes_all() -> None:
    session = Session(order(1, "BUY", "100", "10", display_qty=Decimal(4)))
    assert session.shows("98", "99") == ["1: 10 @ 99 MARKETABLE FRESH"]


def test_what_is_shown_next_stands_behind_what_is_there() -> None:
    shown = {"display_qty": Decimal(4), "model": "QUEUE@1"}
    session = Session(order(1, "BUY", "99", "10", **shown))
    session.shows("99", "101", size="5")
    assert session.shows("99", "101", "99", size="9") == ["1: 4 @ 99 TRADED_AT FRESH"]
    session.filled(1, 4)
    assert session.shows("99", "101", "99", size="6") == [], "six were there before"
    assert session.shows("99", "101", "99", size="5") == ["1: 4 @ 99 TRADED_AT FRESH"]

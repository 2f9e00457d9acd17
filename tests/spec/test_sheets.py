"""The sheet of a symbol: its day as open, high, low and volume, and what traded last."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial

from adapters.calendars import calendars
from adapters.feeds import Sheets
from adapters.feeds.sheets import TRADES, Session
from domain.market import Counts, Quote
from domain.market.candle import trading_day

#: 09:15 in Mumbai on a Monday: the session opens.
OPEN = datetime(2026, 11, 23, 3, 45, tzinfo=UTC)
DAY = timedelta(days=1)


def sheets() -> Sheets:
    nse = partial(trading_day, calendars().of("NSE"))
    return Sheets(lambda _: nse)


def trade(after: timedelta, price: int, counts: Counts | None = None) -> Quote:
    at = OPEN + after
    last, size = Decimal(price), Decimal(10)
    return Quote("ACME", "t", 1, at, at, last=last, last_size=size, counts=counts)


def figures(kept: Sheets, after: timedelta = timedelta(0)) -> tuple[object, ...]:
    sheet = kept.of("ACME", OPEN + after)
    return sheet.open, sheet.high, sheet.low, sheet.close, sheet.volume, sheet.previous_close


def prices(kept: Sheets) -> list[Decimal]:
    return [trade.price for trade in kept.of("ACME", OPEN).trades]


def test_the_day_is_that_of_the_regular_session() -> None:
    kept = sheets()
    for after, price in ((-60, 90), (0, 100), (60, 103), (120, 99), (7 * 3600, 80)):
        kept.on_quote(trade(timedelta(seconds=after), price))
    assert figures(kept) == (100, 103, 99, 99, 30, None)
    assert prices(kept) == [90, 100, 103, 99, 80]


def test_the_close_of_a_session_is_the_previous_close_of_the_next() -> None:
    kept = sheets()
    kept.on_quote(trade(timedelta(0), 100))
    kept.on_quote(trade(2 * DAY, 110))
    assert figures(kept, 2 * DAY) == (110, 110, 110, 110, 10, 100)


def test_a_day_on_which_nothing_traded_yet_has_no_figures_of_the_day_before() -> None:
    kept = sheets()
    kept.on_quote(trade(timedelta(0), 100))
    sheet = kept.of("ACME", OPEN + DAY)
    assert sheet.open is None
    assert (sheet.volume, sheet.previous_close) == (Decimal(0), Decimal(100))


def test_a_recording_that_begins_again_begins_its_day_again() -> None:
    kept = sheets()
    kept.on_quote(trade(2 * DAY, 110))
    kept.on_quote(trade(timedelta(0), 100))
    assert figures(kept) == (100, 100, 100, 100, 10, None)


def test_a_print_under_a_condition_counts_for_what_it_says() -> None:
    kept = sheets()
    kept.on_quote(trade(timedelta(0), 100))
    kept.on_quote(trade(timedelta(seconds=1), 200, "VOLUME"))
    kept.on_quote(trade(timedelta(seconds=1), 101, "PRICE"))
    assert figures(kept) == (100, 101, 100, 101, 20, None)


def test_whoever_comes_in_the_middle_of_a_session_knows_how_it_began() -> None:
    def session(day: int, close: int) -> Session:
        five = (Decimal(100), Decimal(120), Decimal(90), Decimal(close), Decimal(50))
        return Session("ACME", date(2026, 11, day), *five, OPEN - (23 - day) * DAY + DAY / 24)

    kept = sheets()
    kept.resume({"ACME": [session(23, 95), session(20, 97)]})
    kept.on_quote(trade(timedelta(hours=2), 105))
    assert figures(kept) == (100, 120, 90, 105, 60, 97)
    morning = sheets()
    morning.resume({"ACME": [session(23, 95), session(20, 97)]})
    assert figures(morning, DAY)[::5] == (None, 95), "though nothing has traded yet"
    again = sheets()
    again.resume({"ACME": [session(23, 95), session(20, 97)]})
    assert figures(again, timedelta(hours=-1))[::5] == (None, 97), "a recording begun again"


def test_only_the_last_trades_are_remembered() -> None:
    kept = sheets()
    for nth in range(TRADES + 5):
        kept.on_quote(trade(timedelta(seconds=nth), 100 + nth))
    assert prices(kept) == [105 + nth for nth in range(TRADES)]

"""The paper venue keeps the hours and the bands of the exchange, and says so to who waits."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from msgspec.structs import replace

from adapters.calendars import calendars
from domain.market import Instrument, InstrumentStatus
from domain.trading import Tif
from tests.spec.session import ACME, Session, market, order

NSE = replace(ACME, exchange="NSE")
#: Friday, ten minutes before the close at 10:00 UTC (15:30 in India).
LATE_ON_FRIDAY = datetime(2026, 11, 20, 9, 50, tzinfo=UTC)
HOUR = 3600


def nse(*orders: object, now: datetime = LATE_ON_FRIDAY, listed: Instrument = NSE) -> Session:
    placed = [replace(each, since=now) for each in orders]  # type: ignore[type-var]
    return Session(*placed, listed=listed, calendars=calendars(), now=now)  # type: ignore[arg-type]


def test_nothing_is_filled_while_the_exchange_is_closed() -> None:
    session = nse(market(1, "BUY", "103", tif=Tif.GTC))
    session.waits(HOUR)
    assert session.shows("99", "100") == []
    assert session.why(1) == "SESSION_CLOSED"
    session.waits(2 * 24 * HOUR + 17 * HOUR)  # Monday morning
    assert session.shows("99", "100") == ["1: 10 @ 100 MARKETABLE FRESH"]


def test_within_the_session_it_is_business_as_usual() -> None:
    assert nse(market(1, "BUY", "103")).shows("99", "100") == ["1: 10 @ 100 MARKETABLE FRESH"]


def test_an_exchange_without_a_calendar_is_never_open() -> None:
    session = nse(market(1, "BUY", "103"), listed=replace(ACME, exchange="NOWHERE"))
    assert session.shows("99", "100") == []
    assert session.why(1) == "SESSION_CLOSED"


def test_an_order_for_the_day_is_over_when_the_session_closes() -> None:
    session = nse(order(1, "BUY", "95", tif=Tif.DAY), order(2, "BUY", "95"))
    assert session.waits(9 * 60) == []
    assert session.waits(60) == ["1: SESSION_END"]


def test_an_order_of_the_evening_is_good_for_the_next_session() -> None:
    session = nse(order(1, "BUY", "95", tif=Tif.DAY), now=LATE_ON_FRIDAY.replace(hour=11))
    assert session.waits(2 * 24 * HOUR + 22 * HOUR) == [], "Monday, before the close"
    assert session.waits(2 * HOUR) == ["1: SESSION_END"]


def test_an_instrument_that_is_suspended_is_not_dealt_in() -> None:
    suspended = replace(ACME, status=InstrumentStatus.SUSPENDED)
    session = Session(market(1, "BUY", "103"), listed=suspended)
    assert session.shows("99", "100") == []
    assert session.why(1) == "INSTRUMENT_HALTED"


def test_nothing_is_filled_outside_the_bands() -> None:
    banded = replace(ACME, lower_band=Decimal(90), upper_band=Decimal(110))
    session = Session(order(1, "BUY", "115"), order(2, "SELL", "85"), listed=banded)
    assert session.shows("100", "111") == ["2: 10 @ 100 MARKETABLE FRESH"]
    assert session.why(1) == "OUT_OF_BAND"
    assert session.shows("100", "110") == ["1: 10 @ 110 MARKETABLE FRESH"]


def test_at_the_upper_band_without_an_offer_buys_wait() -> None:
    banded = replace(ACME, upper_band=Decimal(110))
    session = Session(order(1, "BUY", "110"), listed=banded)
    assert session.shows(bid="110") == []
    assert session.why(1) == "PRICE_NOT_REACHED"


def test_slippage_stays_within_the_bands() -> None:
    banded = replace(ACME, lower_band=Decimal(99), upper_band=Decimal(100))
    for side, expected in (("BUY", "100"), ("SELL", "99")):
        collar = "103" if side == "BUY" else "97"
        session = Session(market(1, side, collar, model="PESSIMISTIC@1"), listed=banded)
        assert session.shows("99", "100") == [f"1: 10 @ {expected} MARKETABLE FRESH"]


def test_depth_is_taken_up_to_the_band() -> None:
    banded = replace(ACME, upper_band=Decimal(101))
    session = Session(market(1, "BUY", "103", model="DEPTH@1"), listed=banded)
    asks = (("100", "4"), ("101", "3"), ("102", "9"))
    assert session.shows("99", "100", size="4", asks=asks) == [
        "1: 4 @ 100 MARKETABLE FRESH",
        "1: 3 @ 101 MARKETABLE FRESH",
    ]

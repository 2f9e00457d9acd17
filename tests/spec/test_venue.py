"""How the paper venue deals: at what price, for how much, and when not at all."""

from __future__ import annotations

from datetime import timedelta, timezone
from decimal import Decimal
from uuid import UUID, uuid5

import pytest
from msgspec.structs import replace

from commands.trading import ApplyFill
from domain.market import Quote
from domain.trading import Tif
from tests.spec.session import NOW, SECOND, YOU, Session, in_short, market, order, quote_of, told


def test_a_market_order_takes_the_other_side() -> None:
    assert Session(market(1, "BUY", "103")).shows("99", "100") == ["1: 10 @ 100 MARKETABLE FRESH"]
    assert Session(market(1, "SELL", "97")).shows("99", "100") == ["1: 10 @ 99 MARKETABLE FRESH"]


def test_no_more_is_filled_than_is_displayed_and_the_rest_takes_the_next_slice() -> None:
    session = Session(market(1, "BUY", "103"))
    assert session.shows("99", "100", size="7") == ["1: 7 @ 100 MARKETABLE FRESH"]
    assert session.shows("99", "101", size="7") == ["1: 3 @ 101 MARKETABLE FRESH"]
    assert session.shows("99", "101") == []


def test_orders_of_one_account_share_what_is_displayed_and_accounts_do_not() -> None:
    session = Session(
        market(1, "BUY", "103"), market(2, "BUY", "103"), market(3, "BUY", "103", account_id=YOU)
    )
    assert session.shows("99", "100", size="15") == [
        "1: 10 @ 100 MARKETABLE FRESH",
        "2: 5 @ 100 MARKETABLE FRESH",
        "3: 10 @ 100 MARKETABLE FRESH",
    ]


def test_the_better_price_goes_first_and_then_the_earlier_order() -> None:
    session = Session(
        order(3, "BUY", "101"),
        order(2, "BUY", "102"),
        order(1, "BUY", "101"),
        order(4, "BUY", "99"),
    )
    assert session.shows("99", "100", size="25") == [
        "2: 10 @ 100 MARKETABLE FRESH",
        "1: 10 @ 100 MARKETABLE FRESH",
        "3: 5 @ 100 MARKETABLE FRESH",
    ]


def test_fills_of_several_accounts_come_in_the_order_of_price_and_time() -> None:
    session = Session(
        market(1, "BUY", "103"), market(2, "BUY", "103", account_id=YOU), market(3, "BUY", "103")
    )
    fills = session.shows("99", "100")
    assert [fill[0] for fill in fills] == ["1", "2", "3"]


def test_a_better_order_goes_before_the_worse_one_that_was_there_first() -> None:
    session = Session(order(1, "BUY", "95"), order(2, "SELL", "105"))
    session.shows("99", "100")
    session.venue.on_order(order(3, "BUY", "97"))
    session.venue.on_order(order(4, "SELL", "103"))
    session.shows("99", "100")
    assert session.shows("96", "97") == ["3: 10 @ 97 RESTING_REACHED FRESH"]
    assert session.shows("103", "104") == ["4: 10 @ 103 RESTING_REACHED FRESH"]
    assert session.shows("94", "95") == ["1: 10 @ 95 RESTING_REACHED FRESH"]
    assert session.shows("105", "106") == ["2: 10 @ 105 RESTING_REACHED FRESH"]


def test_quantities_are_filled_in_whole_steps() -> None:
    assert Session(market(1, "BUY", "103")).shows("99", "100", size="2.5") == [
        "1: 2 @ 100 MARKETABLE FRESH"
    ]
    assert Session(market(1, "BUY", "103")).shows("99", "100", size="0.5") == []


@pytest.mark.parametrize(
    ("side", "limit", "away", "reached"),
    [("BUY", "95", ("99", "100"), ("90", "94")), ("SELL", "105", ("99", "100"), ("106", "107"))],
)
def test_a_resting_order_is_filled_at_its_own_limit_when_the_other_side_comes_to_it(
    side: str, limit: str, away: tuple[str, str], reached: tuple[str, str]
) -> None:
    session = Session(order(1, side, limit))
    assert session.shows(*away) == []
    assert session.why(1) == "PRICE_NOT_REACHED"
    assert session.shows(*reached, size="8") == [f"1: 8 @ {limit} RESTING_REACHED FRESH"]


@pytest.mark.parametrize(
    ("side", "limit", "at", "through"), [("BUY", "95", "95", "94"), ("SELL", "105", "105", "106")]
)
def test_a_trade_fills_a_resting_order_only_if_it_prints_strictly_through(
    side: str, limit: str, at: str, through: str
) -> None:
    session = Session(order(1, side, limit))
    assert session.shows("95", "105") == []
    assert session.shows("95", "105", at) == []
    assert session.shows("95", "105", through, size="4") == [f"1: 4 @ {limit} TRADED_THROUGH FRESH"]


def test_a_trade_is_told_once_even_if_its_price_stays_on_the_board() -> None:
    session = Session(order(1, "BUY", "95", "10"))
    session.shows("95", "105")
    assert session.shows("95", "105", "94", size="4") == ["1: 4 @ 95 TRADED_THROUGH FRESH"]
    carried = Quote("ACME", "test", 99, session.now, session.now, last=Decimal(94))
    assert told(session.venue.on_quote(carried, session.now)) == []


def test_where_there_is_no_book_the_last_trade_fills_and_the_fill_says_so() -> None:
    assert Session(market(1, "BUY", "103")).shows(trade="100", size="4") == [
        "1: 4 @ 100 LAST_PRICE DEGRADED"
    ]
    session = Session(order(1, "BUY", "95"))
    assert session.shows(trade="96") == []
    assert session.shows(trade="95") == []
    assert session.shows(trade="94") == ["1: 10 @ 95 TRADED_THROUGH DEGRADED"]


def test_where_there_is_a_book_a_trade_alone_fills_no_new_order() -> None:
    session = Session(market(1, "BUY", "103"))
    assert session.shows("99", "", "100") == []
    assert session.shows("", "", "100") == []


def test_a_slice_from_before_the_order_reached_the_venue_does_not_fill_it() -> None:
    session = Session(market(1, "BUY", "103", since=NOW + SECOND))
    assert session.shows("99", "100") == []
    assert session.why(1) == "LATENCY"
    assert session.shows("99", "100") == ["1: 10 @ 100 MARKETABLE FRESH"]


@pytest.mark.parametrize(
    ("bid", "ask", "trade", "late", "reason"),
    [
        ("99", "100", "", 5.001, "STALE_QUOTE"),
        ("101", "100", "", 0, "CROSSED_QUOTE"),
        ("99", "100", "150", 0, "INCOHERENT_QUOTE"),
        ("99", "100", "", -1.001, "CLOCK_SKEW"),
        ("", "", "", 0, "NO_QUOTE"),
    ],
)
def test_an_unsound_slice_fills_nobody_and_the_order_says_why(
    bid: str, ask: str, trade: str, late: float, reason: str
) -> None:
    session = Session(market(1, "BUY", "103"), order(2, "BUY", "95"))
    assert session.why(1) == "NO_QUOTE"
    assert session.shows(bid, ask, trade, late=late) == []
    session.now += timedelta(seconds=late)
    assert session.why(1) == reason


def test_a_market_order_never_trades_beyond_its_collar() -> None:
    session = Session(market(1, "BUY", "103", "20"))
    assert session.shows("99", "103", size="10") == ["1: 10 @ 103 MARKETABLE FRESH"]
    assert session.shows("99", "103.05") == []
    assert session.why(1) == "PRICE_PROTECTION"
    assert session.waits(0.9) == []
    assert session.waits(0.1) == ["1: PRICE_PROTECTION"]
    assert session.why(1) == "IN_FLIGHT"
    assert session.shows("99", "100") == []


def test_a_market_order_goes_on_if_the_market_comes_back_to_its_collar() -> None:
    session = Session(market(1, "SELL", "97", "20"))
    assert session.shows("96.95", "98") == []
    session.now -= SECOND / 2
    assert session.shows("97", "98", size="10") == ["1: 10 @ 97 MARKETABLE FRESH"]
    assert session.waits(3) == []


def test_an_immediate_order_takes_what_it_can_and_the_rest_is_cancelled() -> None:
    ioc = order(1, "BUY", "100", tif=Tif.IOC)
    assert Session(ioc).shows("99", "100", size="4") == ["1: 4 @ 100 MARKETABLE FRESH", "1: IOC"]
    assert Session(ioc).shows("99", "100", size="10") == ["1: 10 @ 100 MARKETABLE FRESH"]
    assert Session(ioc).shows("99", "101") == ["1: IOC"]
    assert Session(ioc).shows("99", "") == ["1: IOC"]


def test_an_immediate_order_does_not_wait_for_ever_for_a_sound_slice() -> None:
    session = Session(order(1, "BUY", "100", tif=Tif.IOC))
    assert session.shows("101", "100") == []
    assert session.waits(3) == []
    assert session.waits(2) == ["1: IOC"]
    assert session.waits(2) == []


def test_an_order_for_the_day_expires_with_it() -> None:
    day = order(1, "BUY", "95", tif=Tif.DAY)
    session = Session(day, order(2, "BUY", "95"))
    assert session.waits(13.99 * 3600) == []
    assert session.waits(0.01 * 3600) == ["1: SESSION_END"]
    assert session.waits(1) == []
    session.venue.on_order(replace(day, order_id=UUID(int=103)))  # yesterday's, heard of late
    assert session.waits(1) == ["3: SESSION_END"]


def test_a_day_is_a_day_of_utc_wherever_its_time_was_written_down() -> None:
    india = timezone(timedelta(hours=5, minutes=30))
    late = NOW.replace(hour=23).astimezone(india)  # tomorrow over there
    session = Session(order(1, "BUY", "95", tif=Tif.DAY, since=late))
    assert session.waits(13.9 * 3600) == []
    assert session.waits(0.2 * 3600) == ["1: SESSION_END"]


def test_a_cancelled_order_is_filled_no_more() -> None:
    session = Session(market(1, "BUY", "103"))
    session.venue.on_end(UUID(int=101))
    assert session.shows("99", "100") == []
    assert len(session.venue) == 0
    assert session.why(1) == ""


def test_a_smaller_order_keeps_its_place_and_a_dearer_one_gets_a_new_one() -> None:
    session = Session(*(order(nth, "BUY", "95") for nth in (1, 2, 3)))
    session.shows("99", "100")
    session.venue.on_replace(UUID(int=101), Decimal(5), Decimal(95), None)
    session.venue.on_replace(UUID(int=102), Decimal(20), Decimal(95), session.now)
    assert session.shows("93", "94") == [
        "1: 5 @ 95 RESTING_REACHED FRESH",
        "3: 10 @ 95 RESTING_REACHED FRESH",
        "2: 20 @ 94 MARKETABLE FRESH",
    ]


def test_what_is_in_flight_is_not_filled_twice() -> None:
    session = Session(order(1, "BUY", "100"))
    (fill,) = session.venue.on_quote(quote_of(1, "100", "6"), NOW + SECOND)
    assert isinstance(fill, ApplyFill)
    (more,) = session.venue.on_quote(quote_of(2, "100", "6"), NOW + SECOND)
    assert (in_short(fill), in_short(more)) == (
        "1: 6 @ 100 MARKETABLE FRESH",
        "1: 4 @ 100 MARKETABLE FRESH",
    )
    session.venue.on_fill(fill.order_id, fill.exec_id, Decimal(6))
    assert len(session.venue) == 1
    assert isinstance(more, ApplyFill)
    session.venue.on_fill(more.order_id, more.exec_id, Decimal(10))
    assert len(session.venue) == 0


def test_a_fill_the_account_did_not_take_may_be_had_from_the_next_slice() -> None:
    session = Session(order(1, "BUY", "100"))
    (fill,) = session.venue.on_quote(quote_of(1, "100", "6"), NOW + SECOND)
    session.venue.on_refused(fill)
    (again,) = session.venue.on_quote(quote_of(2, "100", "60"), NOW + SECOND)
    assert in_short(again) == "1: 10 @ 100 MARKETABLE FRESH"


def test_a_cancel_the_account_did_not_take_is_sent_again() -> None:
    session = Session(order(1, "BUY", "100", tif=Tif.IOC))
    (cancel,) = session.venue.on_quote(quote_of(1, "101", "6"), NOW + SECOND)
    session.venue.on_refused(cancel)
    assert session.shows("99", "100") == []
    assert session.waits(1) == ["1: IOC"]
    assert session.waits(1) == []


def test_the_same_slice_told_twice_is_dealt_on_once() -> None:
    session = Session(order(1, "BUY", "100"))
    assert len(session.venue.on_quote(quote_of(1, "100", "6"), NOW + SECOND)) == 1
    assert session.venue.on_quote(quote_of(1, "100", "6"), NOW + SECOND) == ()


def test_a_fill_carries_its_evidence_and_an_id_made_from_order_and_slice() -> None:
    session = Session(order(1, "BUY", "100"))
    (fill,) = session.venue.on_quote(quote_of(7, "100", "6"), NOW + 2 * SECOND)
    assert isinstance(fill, ApplyFill)
    assert fill.exec_id == uuid5(fill.order_id, "test:7")
    evidence = fill.evidence
    assert (evidence.kind, evidence.source, evidence.seq, evidence.age_ms) == (
        "QUOTE", "test", 7, 1000,
    )  # fmt: skip
    assert (evidence.ask, evidence.ask_size, evidence.model) == (
        Decimal(100), Decimal(6), "TOP_OF_BOOK@1",
    )  # fmt: skip

"""Held orders at the paper venue: what sets them off, and what they do from then on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from msgspec.structs import replace

from adapters.calendars import calendars
from commands.trading import RecordTrigger
from domain.trading import Condition, OrderType, Tif, TriggerBy
from tests.spec.session import ACME, SECOND, Session, held, in_short, market, order, quote_of


@pytest.mark.parametrize(
    ("side", "kind", "away", "reached"),
    [
        ("BUY", OrderType.STOP, "104", "105"),
        ("SELL", OrderType.STOP, "96", "95"),
        ("BUY", OrderType.MIT, "96", "95"),
        ("SELL", OrderType.MIT, "104", "105"),
    ],
)
def test_a_stop_waits_for_a_worse_price_and_if_touched_for_a_better_one(
    side: str, kind: OrderType, away: str, reached: str
) -> None:
    session = Session(held(1, side, "105" if reached == "105" else "95", order_type=kind))
    assert session.shows("99", "100", away) == []
    assert session.shows("99", "100", reached) == [f"1: goes off at {reached}"]


def test_it_works_from_the_next_slice_on_and_a_gap_fills_at_the_market() -> None:
    session = Session(held(1, "BUY", "105"))
    assert session.shows("109", "110", "109") == ["1: goes off at 109"]
    assert session.shows("109", "110", "109") == [], "it is told once"
    session.triggered(1, "MARKET", "113.3")
    assert session.shows("109", "110") == ["1: 10 @ 110 MARKETABLE FRESH"]


def test_a_stop_limit_rests_at_its_limit_when_the_market_ran_away() -> None:
    session = Session(held(1, "BUY", "105", order_type=OrderType.STOP_LIMIT))
    session.shows("105", "106", "105")
    session.triggered(1, "LIMIT", "105.5")
    assert session.shows("107", "108") == []
    assert session.shows("104", "105") == ["1: 10 @ 105.5 RESTING_REACHED FRESH"]


@pytest.mark.parametrize(
    ("by", "quiet", "loud"),
    [
        (TriggerBy.LAST, ("104", "106", "104"), ("104", "106", "105")),
        (TriggerBy.BID_ASK, ("103", "104", "105"), ("104", "105", "")),
        (TriggerBy.MID, ("104", "105", "105"), ("104", "106", "")),
    ],
)
def test_an_order_looks_at_the_price_it_was_told_to(
    by: TriggerBy, quiet: tuple[str, str, str], loud: tuple[str, str, str]
) -> None:
    session = Session(held(1, "BUY", "105", trigger_by=by))
    assert session.shows(*quiet) == []
    assert [told.split(" at ")[0] for told in session.shows(*loud)] == ["1: goes off"]


def test_where_nothing_ever_prints_the_book_sets_it_off() -> None:
    session = Session(held(1, "SELL", "95"))
    assert session.shows("96", "97") == []
    assert session.shows("95", "96") == ["1: goes off at 95"]


def test_a_slice_that_is_not_sound_sets_nothing_off() -> None:
    session = Session(held(1, "BUY", "105"))
    assert session.shows("106", "105", "106", late=6) == []
    assert session.shows("106", "104", "106") == [], "crossed"


def test_what_was_seen_before_the_order_came_does_not_count() -> None:
    late = held(1, "BUY", "105", since=datetime(2026, 11, 23, 11, tzinfo=UTC))
    session = Session(late)
    assert session.shows("105", "106", "105") == []


def test_those_that_are_reached_first_go_off_first() -> None:
    session = Session(held(1, "BUY", "107"), held(2, "BUY", "105"), held(3, "BUY", "109"))
    assert session.shows("107", "108", "107") == ["2: goes off at 107", "1: goes off at 107"]


def test_a_trigger_that_came_to_nothing_is_tried_again() -> None:
    session = Session(held(1, "BUY", "105"))
    quote = quote_of(1, "106", "10")
    (command,) = session.venue.on_quote(quote, quote.at)
    assert isinstance(command, RecordTrigger)
    session.venue.on_refused(command)
    session.seq = quote.seq
    assert session.shows("105", "106", "106") == ["1: goes off at 106"]


def test_a_trailing_stop_follows_the_best_price_and_never_goes_back() -> None:
    trailing = held(1, "SELL", "95", order_type=OrderType.TRAILING_STOP, trail_amount=Decimal(5))
    session = Session(trailing)
    assert session.shows("99", "101", "102") == ["1: best 102"]
    assert session.shows("99", "101", "98") == []
    assert session.shows("99", "101", "97") == ["1: goes off at 97"]


def test_it_is_told_once_a_minute_and_when_it_goes_off() -> None:
    trailing = held(1, "BUY", "105", order_type=OrderType.TRAILING_STOP, trail_pct=Decimal(5))
    session = Session(trailing)
    assert session.shows("98", "99", "98") == ["1: best 98"]
    assert session.shows("96", "97", "96") == []
    assert session.shows("100", "101", "100.8") == ["1: best 96", "1: goes off at 100.8"]
    session = Session(trailing)
    session.shows("98", "99", "98")
    session.now += timedelta(seconds=60)
    assert session.shows("96", "97", "96") == ["1: best 96"]


def test_a_stop_that_trails_is_taken_up_where_the_account_knows_it() -> None:
    trailing = held(1, "SELL", "95", order_type=OrderType.TRAILING_STOP, trail_amount=Decimal(5))
    session = Session(trailing)
    session.venue.on_trail(UUID(int=101), Decimal(101))
    session.venue.on_trail(UUID(int=101), Decimal(98))
    assert session.shows("99", "103", "102") == []
    assert session.shows("99", "103", "101") == ["1: goes off at 101"]


def test_a_held_order_is_changed_ended_and_held_for_something_else() -> None:
    session = Session(held(1, "BUY", "105"), held(2, "BUY", "105"), held(3, "BUY", "105"))
    session.venue.on_replace(UUID(int=101), Decimal(4), Decimal(110), None, Decimal(107))
    session.venue.on_end(UUID(int=102))
    session.venue.on_hold(UUID(int=103), Condition.ENTRY, None)
    assert session.shows("105", "106", "106") == []
    assert session.shows("107", "108", "107") == ["1: goes off at 107"]
    session.triggered(1, "MARKET", "111")
    assert session.shows("107", "108") == ["1: 4 @ 108 MARKETABLE FRESH"]


def test_an_order_for_the_opening_goes_off_at_the_first_sound_slice_of_the_session() -> None:
    evening = datetime(2026, 11, 20, 12, tzinfo=UTC)
    waits = market(1, "BUY", "103", condition=Condition.MARKET_OPEN, tif=Tif.GTC, since=evening)
    session = Session(
        waits, listed=replace(ACME, exchange="NSE"), calendars=calendars(), now=evening
    )
    assert session.shows("99", "100") == []
    session.now = datetime(2026, 11, 23, 3, 44, 58, tzinfo=UTC)
    assert session.shows("99", "100") == [], "before the opening"
    assert session.shows("99", "100") == ["1: goes off at None"]


def test_a_held_order_ends_by_time_as_any_other() -> None:
    hour = datetime(2026, 11, 23, 11, tzinfo=UTC)
    session = Session(
        held(1, "BUY", "105", tif=Tif.GTD, expires_at=hour),
        held(2, "BUY", "105", tif=Tif.DAY),
        held(3, "BUY", "105", tif=Tif.DAY, condition=Condition.GTT),
    )
    assert session.waits(3599) == []
    assert session.waits(1) == ["1: EXPIRES_AT"]
    assert session.waits(14 * 3600) == ["2: SESSION_END"]
    assert len(session.venue) == 3, "until the account says so"


def test_all_or_nothing_at_once() -> None:
    session = Session(
        market(1, "BUY", "103", "10", tif=Tif.FOK), market(2, "BUY", "103", "4", tif=Tif.FOK)
    )
    assert session.shows("99", "100", size="8") == ["2: 4 @ 100 MARKETABLE FRESH", "1: FOK"]


def test_all_or_nothing_over_every_level_of_the_book() -> None:
    session = Session(market(1, "BUY", "103", "10", tif=Tif.FOK, model="DEPTH@1"))
    asks = (("100", "6"), ("101", "4"))
    assert session.shows("99", "100", size="6", asks=asks) == [
        "1: 6 @ 100 MARKETABLE FRESH",
        "1: 4 @ 101 MARKETABLE FRESH",
    ]
    session = Session(market(1, "BUY", "103", "11", tif=Tif.FOK, model="DEPTH@1"))
    assert session.shows("99", "100", size="6", asks=asks) == ["1: FOK"]


def test_an_order_that_only_posts_never_takes() -> None:
    session = Session(order(1, "BUY", "100", post_only=True), order(2, "BUY", "95", post_only=True))
    assert session.shows("99", "100") == ["1: ORDER_WOULD_TAKE"]
    assert session.shows("94", "95") == ["2: 10 @ 95 RESTING_REACHED FRESH"]


def test_a_trigger_shows_the_slice_that_set_it_off() -> None:
    session = Session(held(1, "BUY", "105"))
    quote = quote_of(1, "106", "10")
    (command,) = session.venue.on_quote(quote, quote.at + SECOND)
    assert isinstance(command, RecordTrigger)
    assert command.evidence is not None
    assert (command.evidence.rule, command.evidence.age_ms) == ("TRIGGER", 1000)
    assert in_short(command) == "1: goes off at 106"

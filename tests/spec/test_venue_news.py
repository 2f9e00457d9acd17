"""Why an order is not filled is told to its account: once for each reason."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from tests.spec.session import Session, market, order


def test_an_order_that_could_take_hears_why_it_is_not_filled_once_for_each_reason() -> None:
    session = Session(market(1, "BUY", "103"))
    assert session.hears(1) == [], "it may yet be filled in a moment"
    assert session.hears(1) == ["1: waits, NO_QUOTE None"]
    assert session.hears(1) == []
    assert session.shows("101", "100") == []
    assert session.hears(0.5) == ["1: waits, CROSSED_QUOTE 500"]
    assert session.hears(5) == ["1: waits, STALE_QUOTE 5500"]
    assert session.hears(5) == []
    assert session.shows("99", "100", size="4") == ["1: 4 @ 100 MARKETABLE FRESH"]


def test_that_the_price_is_not_reached_is_no_news_unless_something_else_was() -> None:
    session = Session(order(1, "BUY", "95"))
    assert session.shows("99", "100") == []
    assert session.hears(2) == []
    told = Session(market(1, "BUY", "99", deferred="STALE_QUOTE"))
    assert told.shows("99", "100") == []
    told.venue.on_fill(UUID(int=101), UUID(int=7), Decimal(1))
    assert told.hears(0.5) == [], "a fill says it all"


def test_an_order_at_rest_is_spared_the_news() -> None:
    session = Session(order(1, "BUY", "95"))
    session.shows("99", "100")
    assert session.hears(60) == []

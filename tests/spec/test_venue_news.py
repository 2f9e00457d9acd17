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


def test_an_order_at_rest_hears_what_lasts_and_that_it_is_over() -> None:
    session = Session(order(1, "BUY", "95"))
    session.shows("99", "100")
    assert session.hears(6) == []
    assert session.hears(29) == [], "what passes is no news"
    assert session.hears(1) == ["1: waits, STALE_QUOTE 36000"]
    assert session.hears(60) == []
    session.shows("99", "100")
    assert session.hears(1) == []
    session.shows("99", "100")
    assert [*session.hears(0.5), *_shown(session, 30)] == ["1: waits, PRICE_NOT_REACHED 0"]


def _shown(session: Session, seconds: int) -> list[str]:
    """A market that is quoted every second, and what is heard meanwhile."""
    heard: list[str] = []
    for _ in range(seconds):
        session.shows("99", "100")
        heard += session.hears(0)
    return heard


def test_many_at_rest_are_told_a_few_at_a_time() -> None:
    session = Session(*(order(nth, "BUY", "95") for nth in range(120)))
    session.shows("99", "100")
    session.hears(6)
    told = [len(session.hears(30)), *(len(session.hears(0)) for _ in range(3))]
    assert told == [50, 50, 20, 0]


def test_what_is_taken_back_meanwhile_is_told_nothing() -> None:
    session = Session(*(order(nth, "BUY", "95") for nth in range(60)))
    session.shows("99", "100")
    session.hears(6)
    assert len(session.hears(30)) == 50
    session.venue.on_end(UUID(int=159))
    assert len(session.hears(0)) == 9

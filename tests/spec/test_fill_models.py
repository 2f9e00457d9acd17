"""The published fill models: what each of them assumes, order by order."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

import pytest
from msgspec.structs import replace

from adapters.venue.chance import chance, seed_of
from commands.trading import ApplyFill, OpenAccount
from domain.errors import Invalid
from domain.market import Level
from domain.trading import FILL_MODELS, Account
from tests.spec.session import ME, NOW, YOU, Session, market, order, quote_of


def filled_by(model: str, side: str = "BUY", quantity: str = "10") -> Session:
    collar = "103" if side == "BUY" else "97"
    return Session(market(1, side, collar, quantity, model=model))


def resting_by(model: str, **more: object) -> Session:
    """A buy at 95 that has met a book of 94 to 100."""
    session = Session(order(1, "BUY", "95", model=model))
    session.shows("94", "100", **more)  # type: ignore[arg-type]  # what a slice shows
    return session


def test_instant_fills_the_whole_order_at_the_touch_whatever_is_displayed() -> None:
    assert filled_by("INSTANT@1").shows("99", "100", size="1") == ["1: 10 @ 100 MARKETABLE FRESH"]
    session = Session(market(1, "BUY", "103", model="INSTANT@1"))
    session.now = NOW  # no latency: a slice of the same instant counts
    assert session.venue.on_quote(quote_of(1, "100", "1"), NOW)


def test_depth_takes_every_level_up_to_the_limit_at_its_own_price() -> None:
    asks = (("100", "4"), ("101", "3"), ("102", "9"))
    assert filled_by("DEPTH@1").shows("99", "100", size="4", asks=asks) == [
        "1: 4 @ 100 MARKETABLE FRESH",
        "1: 3 @ 101 MARKETABLE FRESH",
        "1: 3 @ 102 MARKETABLE FRESH",
    ]
    capped = Session(order(1, "BUY", "101", model="DEPTH@1"))
    assert capped.shows("99", "100", size="4", asks=asks) == [
        "1: 4 @ 100 MARKETABLE FRESH",
        "1: 3 @ 101 MARKETABLE FRESH",
    ]
    assert capped.why(1) == "SIZE_USED_UP"


def test_the_levels_of_a_book_are_shared_by_the_orders_of_one_account_only() -> None:
    session = Session(
        market(1, "SELL", "97", "5", model="DEPTH@1"),
        market(2, "SELL", "97", "5", model="DEPTH@1"),
        market(3, "SELL", "97", "5", model="DEPTH@1", account_id=YOU),
    )
    bids = (("99", "4"), ("98", "2"))
    assert session.shows("99", "100", size="4", bids=bids) == [
        "1: 4 @ 99 MARKETABLE FRESH",
        "1: 1 @ 98 MARKETABLE FRESH",
        "2: 1 @ 98 MARKETABLE FRESH",
        "3: 4 @ 99 MARKETABLE FRESH",
        "3: 1 @ 98 MARKETABLE FRESH",
    ]


def test_each_level_is_an_execution_of_its_own_with_its_size_in_evidence() -> None:
    levels = (Level(Decimal(100), Decimal(6)), Level(Decimal(101), Decimal(9)))
    quote = replace(quote_of(1, "100", "6"), asks=levels)
    first, second = filled_by("DEPTH@1").venue.on_quote(quote, quote.at)
    assert isinstance(first, ApplyFill)
    assert isinstance(second, ApplyFill)
    assert first.exec_id != second.exec_id
    assert (first.evidence.level, first.evidence.level_size) == (1, Decimal(6))
    assert (second.evidence.level, second.evidence.level_size) == (2, Decimal(9))
    assert first.evidence.kind == "DEPTH"


def test_last_price_deals_at_prints_and_never_at_quotes() -> None:
    session = filled_by("LAST_PRICE@1")
    assert session.shows("99", "100") == []
    assert session.shows("99", "100", "101", size="4") == ["1: 4 @ 101 LAST_PRICE DEGRADED"]


@pytest.mark.parametrize(("side", "expected"), [("BUY", "100.05"), ("SELL", "98.95")])
def test_pessimistic_takes_a_tick_worse(side: str, expected: str) -> None:
    (fill,) = filled_by("PESSIMISTIC@1", side).shows("99", "100")
    assert fill == f"1: 10 @ {expected} MARKETABLE FRESH"


@pytest.mark.parametrize(("side", "limit"), [("BUY", "100"), ("SELL", "99")])
def test_slippage_never_goes_beyond_the_limit(side: str, limit: str) -> None:
    session = Session(order(1, side, limit, model="PESSIMISTIC@1"))
    assert session.shows("99", "100") == [f"1: 10 @ {limit} MARKETABLE FRESH"]


def test_slippage_leaves_an_order_at_rest_its_own_limit() -> None:
    session = resting_by("PESSIMISTIC@1")
    assert session.shows("93", "94") == ["1: 10 @ 95 RESTING_REACHED FRESH"]


def test_impact_grows_with_the_share_taken_and_is_capped() -> None:
    collar = "103000"
    small = Session(market(1, "BUY", collar, "1", model="IMPACT@1"))
    assert small.shows("99000", "100000", size="100") == ["1: 1 @ 100001.00 MARKETABLE FRESH"]
    large = Session(market(1, "BUY", collar, "50", model="IMPACT@1"))
    assert large.shows("99000", "100000", size="100") == ["1: 50 @ 100006.25 MARKETABLE FRESH"]


def test_a_bar_order_waits_for_the_next_open_and_takes_its_price() -> None:
    session = filled_by("BAR@1", quantity="200")
    session.seq = 4  # the next slices are the low, the high and the close of a bar
    for price in ("99", "102", "101"):
        assert session.shows(trade=price) == []
    assert session.shows(trade="101.5") == ["1: 100 @ 101.5 BAR_OPEN DEGRADED"]


def test_a_bar_that_opens_beyond_the_limit_fills_at_its_open_and_else_at_the_limit() -> None:
    for opening, expected in (("93", "93 BAR_OPEN"), ("96", "95 TRADED_THROUGH")):
        session = Session(order(1, "BUY", "95", model="BAR@1"))
        session.seq = 3
        for price in ("97", "96", "98", "97"):
            assert session.shows(trade=price) == []
        told = session.shows(trade=opening) + session.shows(trade="94")
        assert told == [f"1: 10 @ {expected} DEGRADED"]


def test_a_trade_at_the_limit_counts_once_the_queue_ahead_is_used_up() -> None:
    session = Session(order(1, "BUY", "95", model="QUEUE@1"))
    session.shows("95", "100", size="30")  # 30 are displayed before it
    assert session.shows("95", "100", "95", size="20") == []
    assert session.shows("95", "100", "95", size="14") == ["1: 4 @ 95 TRADED_AT FRESH"]
    assert session.shows("95", "100", "95", size="14") == ["1: 6 @ 95 TRADED_AT FRESH"]


def test_an_order_that_betters_the_book_is_first_in_its_queue() -> None:
    session = resting_by("QUEUE@1")
    assert session.shows("95", "100", "95", size="4") == ["1: 4 @ 95 TRADED_AT FRESH"]


def test_where_no_queue_is_known_chance_decides_and_the_fill_says_what_was_drawn() -> None:
    outcomes = []
    for nth in range(1, 60):
        session = Session(order(nth, "BUY", "95", model="QUEUE@1"))
        session.shows(trade="96")
        session.seq = nth
        outcomes.append(bool(session.shows(trade="95")))
    assert 5 < sum(outcomes) < 30, "about one in four"


def test_chance_is_the_same_for_the_same_question_and_differs_with_each_of_its_parts() -> None:
    quote, other = quote_of(1, "100", "1"), quote_of(2, "100", "1")
    mine, yours = seed_of(b"secret", ME), seed_of(b"secret", YOU)
    drawn = chance(mine, UUID(int=1), quote, "touch")
    assert drawn == chance(mine, UUID(int=1), quote, "touch")
    assert 0 <= drawn < 1
    others = {
        chance(yours, UUID(int=1), quote, "touch"),
        chance(mine, UUID(int=2), quote, "touch"),
        chance(mine, UUID(int=1), other, "touch"),
        chance(mine, UUID(int=1), quote, "queue"),
    }
    assert len(others | {drawn}) == 5
    draws = [chance(mine, UUID(int=nth), quote, "touch") for nth in range(400)]
    assert Decimal("0.4") < sum(draws, Decimal(0)) / 400 < Decimal("0.6")


def test_every_fill_names_the_model_its_order_was_accepted_under() -> None:
    for name in FILL_MODELS:
        session = Session(market(1, "BUY", "103", model=name))
        quote = quote_of(4, "100", "10")
        for command in session.venue.on_quote(quote, quote.at):
            assert isinstance(command, ApplyFill)
            assert command.evidence.model == name


def test_an_account_is_opened_under_a_model_that_exists() -> None:
    account_id = UUID(int=7)
    common = {"at": NOW, "account_id": account_id, "owner_id": ME, "kind": "PAPER"}
    money = {"currency": "INR", "opening_capital": Decimal(1)}
    opening = OpenAccount(**common, **money, fill_model="QUEUE@1")  # type: ignore[arg-type]
    (fact,) = opening.decide(Account())
    assert fact.fill_model == "QUEUE@1"  # type: ignore[attr-defined]
    with pytest.raises(Invalid, match="MODEL_UNKNOWN"):
        OpenAccount(**common, **money, fill_model="WISHFUL@1")  # type: ignore[arg-type]

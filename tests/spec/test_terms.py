"""On which terms an order stands once it was changed, or what it waited for has come."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from msgspec.structs import replace

from commands.trading import PlaceBracket, RecordTrigger
from domain.base import fold
from domain.trading import (
    Account,
    Order,
    OrderFilled,
    OrderHeld,
    OrderReplaced,
    OrderTriggered,
    OrderType,
    Product,
    Side,
    Tif,
)
from domain.trading.margin import SAMPLE, writing_risk
from domain.trading.reservation import collared, first_stop, terms_of, touch, worst_price
from tests.spec.daily import TODAY
from tests.spec.given import given
from tests.spec.test_order_kinds import BOUGHT, LOW, STOP, gtt, kinds, trigger
from tests.spec.test_products import CALL, asked
from tests.spec.trading import (
    ACME,
    FIRST,
    MINE,
    NOW,
    SECOND,
    change,
    fill,
    history,
    place,
    quote,
    ticket,
    told,
)

#: The day before all brokers' rates change, and the day after.
BEFORE, AFTERWARDS = datetime(2026, 3, 31, 9, tzinfo=UTC), datetime(2026, 4, 1, 9, tzinfo=UTC)


def test_a_short_sale_made_cheaper_is_reserved_at_what_the_market_pays() -> None:
    past = history(asked(Product.MIS, Side.SELL, "10", "110"))
    cheaper = replace(change(price="50"), quote=quote("99.95", "100"))
    (fact,) = given(*past).when(cheaper).facts()
    assert isinstance(fact, OrderReplaced)
    assert told(fact.limit, fact.reserve_price) == (50, 103)
    assert fact.balance.reserved == 206


def test_a_written_option_at_another_price_is_reckoned_by_its_underlying() -> None:
    past = history(asked(Product.NRML, Side.SELL, "10", "5", CALL))
    dearer = replace(change(price="6"), instrument=CALL, underlying=Decimal(140))
    (fact,) = given(*past).when(dearer).facts()
    assert isinstance(fact, OrderReplaced)
    risk = writing_risk(CALL, Decimal("6.2"), Decimal(140), SAMPLE)
    assert told(fact.unit, fact.balance.reserved) == (risk, 10 * risk)
    assert risk != writing_risk(CALL, Decimal("6.2"), None, SAMPLE)


def test_an_exit_that_is_changed_while_it_waits_works_for_what_is_entered() -> None:
    bracket = PlaceBracket(
        at=NOW,
        account_id=MINE,
        order_id=FIRST,
        order=ticket(),
        instrument=ACME,
        take_profit=Decimal(110),
        stop_loss=Decimal(95),
    )
    lower = replace(change(order_id=STOP, quantity="9"), quantity=None, stop_price=Decimal(90))
    past = history(bracket, lower)
    assert fold(Account(), past).orders[STOP].stop is None, "it waits for the entry still"
    facts = given(*past).when(fill("4", "100")).facts()
    assert kinds(facts)[-2:] == ["OrderReplaced", "OrderHeld"]
    assert isinstance(facts[-1], OrderHeld)
    working = fold(Account(), (*past, *facts)).orders[STOP]
    assert told(working.order.quantity, working.stop, facts[-1].stop) == (4, 90, 90)


def test_a_stop_that_trails_stays_where_it_is_when_the_order_stays_longer() -> None:
    order = replace(
        ticket(Side.SELL, "10", None),
        order_type=OrderType.TRAILING_STOP,
        trail_pct=Decimal(10),
    )
    seen = replace(quote(), last=Decimal(100))
    longer = replace(change("10", order_id=SECOND), tif=Tif.GTC)
    account = fold(Account(), history(*BOUGHT, place(order, SECOND, at_quote=seen), longer))
    assert told(account.orders[SECOND].stop, account.orders[SECOND].order.tif) == (90, Tif.GTC)


def test_a_stop_that_is_moved_is_the_one_it_waits_for() -> None:
    order = replace(ticket(Side.SELL, "10", None), order_type=OrderType.STOP)
    stop = place(replace(order, stop_price=Decimal(90)), SECOND)
    moved = replace(change("10", order_id=SECOND), stop_price=Decimal(92))
    assert fold(Account(), history(*BOUGHT, stop, moved)).orders[SECOND].stop == 92


def test_a_trigger_pays_the_fees_of_the_day_on_which_it_goes_off() -> None:
    early = replace(gtt(LOW, side=Side.SELL), at=BEFORE, quote=replace(quote(), at=BEFORE))
    later = replace(trigger(FIRST, replace(quote("90", "91"), at=AFTERWARDS)), at=AFTERWARDS)
    bought = (place(ticket(), SECOND), fill("10", "100", SECOND))
    past = given(*history(*bought)).when(early)
    held = fold(past.state(), past.facts())
    assert isinstance(held, Account)
    held = replace(held, fee_schedule="ZERODHA@1")
    assert isinstance(later, RecordTrigger)
    (fact,) = later.decide(held)
    assert isinstance(fact, OrderTriggered)
    assert fact.fee_schedule == "ZERODHA@2"
    working = fold(held, (fact,))
    (filled,) = fill("5", "89", FIRST).decide(working)
    assert isinstance(filled, OrderFilled)
    assert filled.fee_schedule == "ZERODHA@2"


# ── from which price an order is reckoned ──────────────────────────────────────


def trailing(side: Side, **more: Decimal) -> Order:
    return replace(ticket(side, "10", None), order_type=OrderType.TRAILING_STOP, **more)


@pytest.mark.parametrize(
    ("order", "seen", "stop"),
    [
        (trailing(Side.SELL, trail_amount=Decimal("0.12")), "100", "99.85"),
        (trailing(Side.BUY, trail_amount=Decimal("0.12")), "100", "100.15"),
        (trailing(Side.SELL, trail_pct=Decimal(10)), "100", "90"),
        (trailing(Side.BUY, trail_amount=Decimal(1)), None, "101.05"),
        (trailing(Side.SELL, trail_amount=Decimal(1)), None, "98.95"),
        (trailing(Side.SELL, trail_amount=Decimal(500)), "100", "0.05"),
    ],
)
def test_a_trailing_stop_begins_at_the_last_price_or_else_at_the_touch(
    order: Order, seen: str | None, stop: str
) -> None:
    shown = replace(quote(), last=None if seen is None else Decimal(seen))
    assert first_stop(order, ACME, shown) == Decimal(stop)
    assert first_stop(order, ACME, None) is None
    nothing = replace(quote(), bid=None, ask=None)
    assert first_stop(order, ACME, nothing) is None


def test_a_stop_is_its_own_beginning_and_a_market_order_has_none_without_a_market() -> None:
    stop = replace(ticket(price=None), order_type=OrderType.STOP, stop_price=Decimal(101))
    assert first_stop(stop, ACME, None) == 101
    assert worst_price(stop, ACME, None) == Decimal("104.05")
    market = ticket(price=None)
    assert worst_price(market, ACME, None) is None
    assert terms_of(market, ACME, None, on=TODAY) is None
    last = replace(quote(), bid=None, ask=None, last=Decimal(50))
    assert (touch(last, Side.BUY), touch(quote(), Side.SELL)) == (Decimal(50), Decimal("99.95"))
    assert worst_price(market, ACME, last) == Decimal("51.5")


def test_the_collar_of_a_cheap_option_is_five_ticks() -> None:
    assert collared(Decimal(1), Side.BUY, CALL) == Decimal("1.25")
    assert collared(Decimal(10), Side.BUY, CALL) == 11
    assert collared(Decimal("0.10"), Side.SELL, CALL) == Decimal("0.05")


def test_a_short_sale_is_reckoned_from_the_ask_else_from_the_last_price() -> None:
    short = replace(ticket(Side.SELL, "10", "50"), product=Product.MIS)
    for seen, reserved in (
        (quote("99.95", "100"), "103"),
        (replace(quote(), ask=None, last=Decimal(80)), "82.4"),
        (replace(quote(), ask=None, last=None), "51.5"),
        (None, "51.5"),
    ):
        terms = terms_of(short, ACME, seen, on=TODAY)
        assert terms is not None
        assert told(terms.limit, terms.price) == (50, Decimal(reserved))


def test_what_the_broker_does_not_lend_on_is_lent_nothing() -> None:
    lent = replace(ticket(), product=Product.MTF)
    terms = terms_of(lent, replace(ACME, mtf_own_funds_rate=Decimal("0.25")), None, on=TODAY)
    assert terms is not None
    assert terms.risk == Decimal("0.75")
    alone = terms_of(lent, ACME, None, on=TODAY)
    assert alone is not None
    assert alone.risk == 0


def test_leverage_is_by_product() -> None:
    order = replace(ticket(), product=Product.MIS)
    terms = terms_of(order, ACME, None, on=TODAY)
    assert terms is not None
    assert told(terms.unit, terms.risk) == (20, Decimal("0.2"))

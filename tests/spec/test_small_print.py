"""What mutants showed that nobody looked at: small things that somebody's money hangs on."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest
from msgspec.structs import replace

from domain.base import fold
from domain.trading import (
    Account,
    FeeSchedule,
    OrderAccepted,
    OrderFilled,
    OrderHeld,
    OrderPlaced,
    OrderRejected,
    Product,
    Segment,
    Side,
    Status,
    Style,
    netted_reserve,
)
from domain.trading.fees import Base, Component
from tests.spec.given import given
from tests.spec.test_order_kinds import BOUGHT, stop, trigger
from tests.spec.test_products import CALL, asked
from tests.spec.trading import (
    FIRST,
    SECOND,
    THIRD,
    cancel,
    fill,
    history,
    opened,
    place,
    ticket,
    told,
)


def test_what_is_bought_is_not_sold_short() -> None:
    (bought,) = given(*history(place(ticket()))).when(fill("10", "100")).facts()
    assert isinstance(bought, OrderFilled)
    assert bought.short_qty == 0
    assert fold(Account(), history(place(ticket()), fill("10", "100"))).done[FIRST] is Status.FILLED


@pytest.mark.parametrize(("sold", "settled"), [("3", 2), ("5", 0), ("7", 0)])
def test_what_was_delivered_first_is_sold_first(sold: str, settled: int) -> None:
    account = fold(Account(), history(*BOUGHT, place(ticket(Side.SELL, sold), SECOND)))
    held = account.position("ACME", Product.CNC)
    positions = account.positions.set("ACME/CNC", replace(held, settled_qty=Decimal(5)))
    account = replace(account, positions=positions)
    (fact,) = fill(sold, "100", SECOND, UUID(int=7)).decide(account)
    assert isinstance(fact, OrderFilled)
    assert told(fact.position.settled_qty) == told(settled)
    assert account.evolve(fact).position("ACME", Product.CNC).settled_qty == settled


def test_what_is_bought_leaves_what_was_delivered_as_it_is() -> None:
    account = fold(Account(), history(*BOUGHT, place(ticket(), SECOND)))
    held = account.position("ACME", Product.CNC)
    positions = account.positions.set("ACME/CNC", replace(held, settled_qty=Decimal(5)))
    account = replace(account, positions=positions)
    (fact,) = fill("10", "100", SECOND, UUID(int=7)).decide(account)
    assert account.evolve(fact).position("ACME", Product.CNC).settled_qty == 5


@pytest.mark.parametrize("side", list(Side))
def test_who_closes_needs_no_money_for_its_fees_either(side: Side) -> None:
    other = Side.SELL if side is Side.BUY else Side.BUY
    account = replace(fold(Account(), opened("300")), fee_schedule="GROWW")
    opening = asked(Product.MIS, side, "10", "100")
    account = fold(account, opening.decide(account))
    account = fold(account, fill("10", "100").decide(account))
    account = replace(account, balance=replace(account.balance, cash=account.balance.margin))
    closing = replace(asked(Product.MIS, other, "10", "100"), order_id=SECOND)
    placed, accepted = closing.decide(account)
    assert isinstance(placed, OrderPlaced)
    assert isinstance(accepted, OrderAccepted)
    assert accepted.balance.reserved > 0, "its fees"
    more = replace(asked(Product.MIS, other, "11", "100"), order_id=THIRD)
    assert not isinstance(more.decide(account)[0], OrderPlaced), "one more than there is to close"


def test_what_is_owed_at_the_end_hides_nothing_that_is_owed_at_once() -> None:
    lines = (
        Component(name="at_the_end", base=Base.INTRINSIC, rate=Decimal("0.5")),
        Component(name="at_once", rate=Decimal("0.1")),
    )
    rates = FeeSchedule(
        id="OWN", version=1, valid_from=date(2026, 1, 1), source="-", segments={Segment.OPT: lines}
    )
    assert rates.due(Segment.OPT, Side.BUY, Decimal(100)) == {"at_once": 10}
    assert rates.at_expiry(Decimal(100)) == {"at_the_end": 50}


def test_an_order_that_nobody_knows_leaves_the_balance_as_told() -> None:
    account = fold(Account(), history(*BOUGHT, place(stop("90"), SECOND)))
    kept = replace(account.balance, reserved=Decimal(7))
    (triggered,) = trigger().decide(account)
    (_, accepted) = place(ticket(), THIRD).decide(account)
    for fact in (triggered, accepted):
        stranger = replace(fact, order_id=UUID(int=99), balance=kept)
        assert account.evolve(stranger) == replace(account, balance=kept)


def test_what_an_order_costs_once_is_no_share_of_anything() -> None:
    ticket_fee = Component(name="ticket", base=Base.PER_ORDER, rate=Decimal(1), flat=Decimal(5))
    rates = FeeSchedule(
        id="OWN",
        version=1,
        valid_from=date(2026, 1, 1),
        source="-",
        segments={Segment.OPT: (ticket_fee,)},
    )
    assert rates.charged(Segment.OPT, Side.BUY, Decimal(0), Decimal(70)) == {"ticket": 5}
    assert rates.charged(Segment.OPT, Side.BUY, Decimal(70), Decimal(90)) == {}


def test_an_order_that_is_held_again_is_on_offer_once() -> None:
    asked_for = place(stop("90"), SECOND)
    queued = replace(asked_for, order=replace(asked_for.order, after_market=True), open_now=False)
    account = fold(Account(), history(*BOUGHT, queued))
    assert account.position("ACME", Product.CNC).selling == 10
    (held,) = trigger().decide(account)
    assert isinstance(held, OrderHeld)
    assert account.evolve(held).position("ACME", Product.CNC).selling == 10


def test_orders_on_both_sides_of_an_option_are_both_reserved_for() -> None:
    buy = asked(Product.NRML, Side.BUY, "10", "5", CALL)
    sell = replace(asked(Product.NRML, Side.SELL, "10", "5", CALL), order_id=SECOND)
    third = replace(asked(Product.NRML, Side.SELL, "20", "6", CALL), order_id=THIRD)
    account = fold(Account(), history(buy, sell))
    two = account.balance.reserved
    held = account.position("CALL", Product.NRML)
    assert two == netted_reserve(held, Style.PREMIUM) > netted_reserve(held, Style.VARIATION)
    three = fold(Account(), history(buy, sell, third))
    assert three.balance.reserved > two
    assert fold(three, cancel(THIRD).decide(three)).balance.reserved == two
    part = fold(three, fill("10", "6", THIRD, UUID(int=7)).decide(three))
    held = part.position("CALL", Product.NRML)
    assert part.balance.reserved == netted_reserve(held, Style.PREMIUM)


def test_a_purchase_beside_larger_sales_still_needs_its_own_money() -> None:
    past = opened("300")
    sell = asked(Product.MIS, Side.SELL, "10", "100")
    past = (*past, *sell.decide(fold(Account(), past)))
    buy = replace(asked(Product.MIS, Side.BUY, "5", "500"), order_id=SECOND)
    given(*past).when(buy).then_only(OrderRejected, code="MARGIN_INSUFFICIENT")

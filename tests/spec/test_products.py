"""Products: what is paid in full, on loan or on margin, and what may be short."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest
from msgspec.structs import replace

from commands.trading import ApplyFill, ConvertPosition, PlaceOrder
from domain.base import fold
from domain.errors import Illegal
from domain.market import Instrument, InstrumentType
from domain.trading import (
    Account,
    Balance,
    Order,
    OrderAccepted,
    OrderFilled,
    OrderPlaced,
    OrderRejected,
    Product,
    Side,
    Style,
)
from domain.trading.margin import (
    SAMPLE,
    Leg,
    MarginRates,
    margins_in_force,
    scan_risk,
    writing_risk,
)
from tests.spec.given import given
from tests.spec.trading import (
    ACME,
    FIRST,
    MINE,
    NOW,
    SECOND,
    THIRD,
    fill,
    history,
    opened,
    place,
    ticket,
    told,
)

LENT = replace(ACME, mtf_own_funds_rate=Decimal("0.25"))
DERIVED = {"underlying": "ACME", "expiry": date(2026, 12, 31), "lot_size": Decimal(10)}
FUTURE = replace(ACME, symbol="FUT", type=InstrumentType.FUT, **DERIVED)
CALL = replace(ACME, symbol="CALL", type=InstrumentType.CE, strike=Decimal(100), **DERIVED)


def order(product: Product, side: Side, quantity: str, price: str, of: Instrument = ACME) -> Order:
    return replace(ticket(side, quantity, price, symbol=of.symbol), product=product, asset=of.type)


def asked(
    product: Product, side: Side, quantity: str, price: str, of: Instrument = ACME
) -> PlaceOrder:
    return replace(
        place(order(product, side, quantity, price, of), FIRST),
        instrument=of,
        underlying=Decimal(100),
    )


def second(command: PlaceOrder) -> PlaceOrder:
    return replace(command, order_id=SECOND)


def filled(quantity: str, price: str, order_id: UUID = SECOND) -> ApplyFill:
    return fill(quantity, price, order_id, UUID(int=order_id.int + 500))


def test_an_intraday_order_needs_a_fifth_of_its_value() -> None:
    accepted = given(*opened()).when(asked(Product.MIS, Side.BUY, "10", "100")).facts()[1]
    assert isinstance(accepted, OrderAccepted)
    assert accepted.balance.reserved == 200
    given(*opened("199")).when(asked(Product.MIS, Side.BUY, "10", "100")).then_only(
        OrderRejected,
        code="MARGIN_INSUFFICIENT",
        context={
            "need": "200",
            "available": "199",
            "short_by": "1",
            "reserved_for_orders": "0",
            "margin_used": "0",
        },
    )


def test_a_filled_intraday_order_moves_no_cash_and_holds_margin() -> None:
    past = history(asked(Product.MIS, Side.BUY, "10", "100"))
    (fact,) = given(*past).when(fill("10", "90")).facts()
    assert isinstance(fact, OrderFilled)
    assert fact.balance == Balance(cash=Decimal(100_000), margin=Decimal(180))
    assert told(fact.style, fact.position.margin) == (Style.VARIATION, 180)


def test_a_short_sale_gains_when_the_price_falls() -> None:
    past = history(
        asked(Product.MIS, Side.SELL, "10", "100"),
        fill("10", "100"),
        second(asked(Product.MIS, Side.BUY, "10", "90")),
    )
    account = fold(Account(), past)
    held = account.position("ACME", Product.MIS)
    assert told(held.quantity, held.cost_basis, held.margin) == (-10, 1000, 200)
    assert account.balance.reserved == 0, "what closes needs nothing"
    (fact,) = given(*past).when(filled("10", "90")).facts()
    assert isinstance(fact, OrderFilled)
    assert told(fact.realised_wac, fact.balance.cash) == (100, 100_100)
    assert fact.balance.margin == 0


def test_a_reversal_closes_and_opens_in_one_fill() -> None:
    past = history(
        asked(Product.MIS, Side.BUY, "10", "100"),
        fill("10", "100"),
        second(asked(Product.MIS, Side.SELL, "15", "110")),
    )
    (fact,) = given(*past).when(filled("15", "110")).facts()
    assert isinstance(fact, OrderFilled)
    assert told(fact.position.quantity, fact.position.cost_basis) == (-5, 550)
    assert told(fact.realised_wac, fact.short_qty) == (100, 5)
    assert [told(lot.quantity, lot.amount) for lot in fact.lots] == [(0, 0), (5, 550)]
    assert fact.position.margin == 110


def test_delivery_is_never_sold_short_beside_an_intraday_position() -> None:
    past = history(asked(Product.MIS, Side.BUY, "10", "100"), fill("10", "100"))
    given(*past).when(second(asked(Product.CNC, Side.SELL, "1", "100"))).then_only(
        OrderRejected, code="SHORT_NOT_ALLOWED"
    )


def test_opposite_orders_need_the_dearer_side_only() -> None:
    """The counter-example of the reference: different prices, so the plain maximum fails."""
    buy = asked(Product.MIS, Side.BUY, "200", "100")
    sell = second(asked(Product.MIS, Side.SELL, "100", "110"))
    account = fold(Account(), history(buy, sell))
    # 110 is reckoned to fill at 113.3; 200 x 22.66 is less than 4,000 + 2,266.
    assert account.balance.reserved == Decimal(4532)


def test_a_purchase_on_loan_draws_its_share_and_pays_it_back() -> None:
    past = history(asked(Product.MTF, Side.BUY, "10", "100", LENT))
    assert fold(Account(), past).balance.reserved == 250
    bought = given(*past).when(fill("10", "100")).facts()[0]
    assert isinstance(bought, OrderFilled)
    assert told(bought.loan, bought.balance.cash, bought.balance.loan) == (750, 99_750, 750)
    assert bought.balance.equity == 100_000
    sell = second(asked(Product.MTF, Side.SELL, "10", "110", LENT))
    (sold,) = (
        given(*history(asked(Product.MTF, Side.BUY, "10", "100", LENT), fill("10", "100"), sell))
        .when(filled("10", "110"))
        .facts()
    )
    assert isinstance(sold, OrderFilled)
    assert told(sold.loan, sold.balance.cash, sold.balance.loan) == (-750, 100_100, 0)
    assert sum(line.amount for line in sold.postings) == 0


def test_what_the_broker_does_not_lend_on_is_not_bought_on_loan() -> None:
    assert Product.MTF not in ACME.products


def test_a_future_is_margined_and_traded_in_lots() -> None:
    past = history(asked(Product.NRML, Side.SELL, "20", "100", FUTURE))
    (fact,) = given(*past).when(fill("20", "100")).facts()
    assert isinstance(fact, OrderFilled)
    assert fact.balance == Balance(cash=Decimal(100_000), margin=Decimal(200))


def test_an_option_bought_is_paid_for_and_one_written_needs_its_value_and_its_risk() -> None:
    past = history(asked(Product.NRML, Side.BUY, "10", "5", CALL))
    (bought,) = given(*past).when(fill("10", "5")).facts()
    assert isinstance(bought, OrderFilled)
    assert bought.balance == Balance(cash=Decimal(99_950), positions=Decimal(50))
    past = history(asked(Product.NRML, Side.SELL, "10", "5", CALL))
    risk = fold(Account(), past).orders[FIRST].risk
    (written,) = given(*past).when(fill("10", "5")).facts()
    assert isinstance(written, OrderFilled)
    assert written.balance.cash == 100_050
    assert written.balance.positions == -50
    assert written.balance.margin == 50 + 10 * risk
    assert written.balance.available == 100_000 - 10 * risk


def test_what_closes_is_never_refused_for_money() -> None:
    past = history(
        place(ticket(quantity="990"), THIRD),
        fill("990", "100", THIRD),
        asked(Product.MIS, Side.SELL, "40", "100"),
        fill("40", "100"),
    )
    account = fold(Account(), past)
    close = second(asked(Product.MIS, Side.BUY, "40", "500"))
    assert isinstance(close.decide(account)[0], OrderPlaced)
    more = second(asked(Product.MIS, Side.BUY, "1041", "500"))
    assert isinstance(more.decide(account)[0], OrderRejected)


def test_the_risk_of_writing_is_at_most_the_sum_of_its_parts() -> None:
    rates = MarginRates(initial=Decimal(1))
    short = Leg("CE", Decimal(-10), Decimal(5), Decimal(100))
    hedge = Leg("CE", Decimal(10), Decimal(1), Decimal(110))
    alone = scan_risk((short,), Decimal(100), rates)
    spread = scan_risk((short, hedge), Decimal(100), rates)
    assert 0 < spread < alone
    assert scan_risk((hedge,), Decimal(100), rates) <= 10 * Decimal(1) * Decimal("1.25")
    assert scan_risk((), Decimal(100), rates) == 0
    assert writing_risk(CALL, Decimal(5), Decimal(100), SAMPLE) > writing_risk(
        CALL, Decimal("0.05"), Decimal(50), SAMPLE
    )


def test_margins_are_those_in_force_on_the_day_and_named_by_the_order() -> None:
    later = replace(SAMPLE, version=2, valid_from=date(2027, 1, 1))
    known = (later, SAMPLE)
    for day, version in ((date(1960, 1, 1), 1), (date(2026, 12, 31), 1), (date(2027, 1, 1), 2)):
        assert margins_in_force(day, known).version == version
    for product, named in ((Product.MIS, "SAMPLE@1"), (Product.CNC, None)):
        order = replace(ticket(), product=product)
        _, accepted = given(*history()).when(place(order)).facts()
        assert isinstance(accepted, OrderAccepted)
        assert accepted.margin_schedule == named


@pytest.mark.parametrize(
    ("there", "cash", "margin"), [(Product.MIS, 99_600, 120), (Product.CNC, 99_000, 0)]
)
def test_a_conversion_moves_a_position_at_cost_and_leaves_equity(
    there: Product, cash: int, margin: int
) -> None:
    past = history(place(ticket()), fill("10", "100"))
    convert = ConvertPosition(
        at=NOW,
        account_id=MINE,
        conversion_id=UUID(int=900),
        instrument=ACME,
        from_product=Product.CNC,
        to_product=Product.MIS,
        quantity=Decimal(6),
    )
    facts = given(*past).when(convert).facts()
    account = fold(Account(), (*past, *facts))
    if there is Product.CNC:
        back = replace(convert, from_product=Product.MIS, to_product=Product.CNC)
        account = fold(account, back.decide(account))
    assert told(account.balance.cash, account.balance.margin) == (cash, margin)
    assert account.balance.equity == 100_000
    for product in (Product.CNC, Product.MIS):
        held = account.position("ACME", product)
        assert held.quantity == sum(lot.quantity for lot in held.lots)


def test_not_everything_converts_into_everything() -> None:
    past = history(place(ticket()), fill("10", "100"), place(ticket(Side.SELL, "6"), SECOND))
    convert = ConvertPosition(
        at=NOW,
        account_id=MINE,
        conversion_id=UUID(int=900),
        instrument=ACME,
        from_product=Product.CNC,
        to_product=Product.MIS,
        quantity=Decimal(5),
    )
    given(*past).when(convert).then_fails(Illegal, "POSITION_INSUFFICIENT_QTY")
    nrml = replace(convert, to_product=Product.NRML, quantity=Decimal(1))
    given(*past).when(nrml).then_fails(Illegal, "CONVERT_NOT_ALLOWED")
    flat = replace(convert, from_product=Product.MIS, to_product=Product.CNC)
    given(*past).when(flat).then_fails(Illegal, "POSITION_FLAT")
    short = history(asked(Product.MIS, Side.SELL, "10", "100"), fill("10", "100"))
    given(*short).when(flat).then_fails(Illegal, "CONVERT_NOT_ALLOWED")
    rich = history(asked(Product.MIS, Side.BUY, "2000", "100"), fill("2000", "100"))
    much = replace(flat, quantity=Decimal(2000))
    given(*rich).when(much).then_fails(Illegal, "FUNDS_INSUFFICIENT")

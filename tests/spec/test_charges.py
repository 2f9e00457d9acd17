"""What it costs to hold, told in facts."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from msgspec.structs import replace

from commands.trading import (
    ChargeBorrow,
    ChargeInterest,
)
from domain.base import Events
from domain.money import tidy
from domain.trading import (
    BorrowFeeCharged,
    InterestCharged,
    Posting,
    Product,
    Side,
)
from tests.spec.daily import LENT, ONE_DAY, TODAY, after, bought, told
from tests.spec.given import given
from tests.spec.trading import (
    ACME,
    MINE,
    NOW,
    fill,
    history,
    place,
    ticket,
)


def test_interest_is_charged_on_the_loan_for_every_day_once() -> None:
    past = history(*bought(Product.MTF, instrument=LENT))
    charge = ChargeInterest(
        at=NOW, account_id=MINE, through=TODAY + 2 * ONE_DAY, rate=Decimal("0.1460")
    )
    (fact,) = told(past, charge)
    assert isinstance(fact, InterestCharged)
    assert fact.principal == 750
    assert fact.days == 2
    assert fact.amount == Decimal("0.60")
    assert sum(posting.amount for posting in fact.postings) == 0
    past = (*past, fact)
    given(*past).when(charge).then()
    given(*past).when(replace(charge, through=TODAY + 3 * ONE_DAY)).then_only(
        InterestCharged, days=1, amount=Decimal("0.30")
    )


def test_days_without_a_loan_cost_nothing() -> None:
    charge = ChargeInterest(at=NOW, account_id=MINE, through=TODAY, rate=Decimal(1))
    given(*history(*bought())).when(charge).then()
    given(*history(*bought(Product.MTF, instrument=LENT))).when(charge).then()


def test_borrowed_shares_cost_their_value_by_the_day() -> None:
    past = history(*bought(Product.MIS, Side.SELL))
    charge = ChargeBorrow(
        at=NOW,
        account_id=MINE,
        through=TODAY + ONE_DAY,
        rate=Decimal("0.365"),
        symbols=frozenset({"ACME"}),
    )
    given(*past).when(charge).then_only(
        BorrowFeeCharged, principal=Decimal(1000), amount=Decimal("1.00")
    )
    given(*past).when(replace(charge, symbols=frozenset())).then()


def shorts(*symbols: str, multiplier: str = "1") -> Events:
    """Ten of each sold short within the day, at 100."""
    commands = []
    for nth, symbol in enumerate(symbols):
        of = replace(ACME, symbol=symbol, multiplier=Decimal(multiplier))
        asked, filled = bought(Product.MIS, Side.SELL, of)
        order_id = UUID(int=900 + nth)
        commands += [replace(asked, order_id=order_id), replace(filled, order_id=order_id)]
    return history(*commands)


def borrow(*symbols: str, days: int = 1, rate: str = "0.365") -> ChargeBorrow:
    return ChargeBorrow(
        at=NOW,
        account_id=MINE,
        through=TODAY + days * ONE_DAY,
        rate=Decimal(rate),
        symbols=frozenset(symbols),
    )


def test_the_fee_for_borrowed_shares_is_told_in_full() -> None:
    (fact,) = told(shorts("ACME"), borrow("ACME", days=3))
    cash = Decimal(100_000 - 3)
    assert fact == BorrowFeeCharged(
        account_id=MINE,
        symbol="ACME",
        product=Product.MIS,
        through=TODAY + 3 * ONE_DAY,
        days=3,
        principal=Decimal(1000),
        rate=Decimal("0.365"),
        amount=Decimal("3.00"),
        postings=(Posting("cash", -Decimal("3.00")), Posting("house:borrow", Decimal("3.00"))),
        balance=replace(after(shorts("ACME")).balance, cash=cash),
    )


def test_every_borrowed_position_is_charged_and_each_for_its_days_once() -> None:
    past = shorts("ACME", "BCME", "CCME")
    first, second = told(past, borrow("ACME", "CCME"))
    assert isinstance(first, BorrowFeeCharged)
    assert isinstance(second, BorrowFeeCharged)
    assert (first.symbol, second.symbol) == ("ACME", "CCME")
    assert second.balance.cash == first.balance.cash - 1
    past = (*past, first, second)
    given(*past).when(borrow("ACME", "CCME")).then()
    given(*past).when(borrow("CCME", days=2)).then_only(BorrowFeeCharged, days=1)


def test_what_is_too_little_to_charge_waits_and_does_not_hold_up_the_rest() -> None:
    asked = place(replace(ticket(Side.SELL, "1"), product=Product.MIS), UUID(int=901))
    past = history(
        asked,
        fill("1", "100", UUID(int=901), UUID(int=951)),
        *(
            replace(command, order_id=UUID(int=902))
            for command in bought(Product.MIS, Side.SELL, replace(ACME, symbol="BCME"))
        ),
    )
    (fact,) = told(past, borrow("ACME", "BCME", rate="0.0073"))
    assert isinstance(fact, BorrowFeeCharged)
    assert (fact.symbol, fact.amount) == ("BCME", Decimal("0.02"))


def test_value_is_price_by_units_by_multiplier_and_half_a_cent_goes_to_the_even_one() -> None:
    (fact,) = told(shorts("ACME", multiplier="5"), borrow("ACME", rate="0.0009125"))
    assert isinstance(fact, BorrowFeeCharged)
    assert (fact.principal, fact.amount) == (Decimal(5000), Decimal("0.01"))
    (half,) = told(shorts("ACME", multiplier="5"), borrow("ACME", days=5, rate="0.00036500"))
    assert isinstance(half, BorrowFeeCharged)
    assert half.amount == Decimal("0.02"), "2.5 cents"


def test_what_is_held_is_not_borrowed() -> None:
    given(*history(*bought(Product.MIS))).when(borrow("ACME")).then()


def test_interest_on_every_loan_is_told_in_full() -> None:
    other = replace(LENT, symbol="BCME")
    past = history(
        *bought(Product.MTF, instrument=LENT),
        *(
            replace(command, order_id=UUID(int=903))
            for command in bought(Product.MTF, instrument=other)
        ),
    )
    charge = ChargeInterest(at=NOW, account_id=MINE, through=TODAY + ONE_DAY, rate=Decimal("0.146"))
    first, second = told(past, charge)
    before = after(past).balance
    amount = Decimal("0.30")
    assert first == InterestCharged(
        account_id=MINE,
        symbol="ACME",
        product=Product.MTF,
        through=TODAY + ONE_DAY,
        days=1,
        principal=Decimal(750),
        rate=Decimal("0.146"),
        amount=amount,
        postings=(Posting("cash", -amount), Posting("house:interest", amount)),
        balance=replace(before, cash=tidy(before.cash - amount)),
    )
    assert isinstance(second, InterestCharged)
    assert second.symbol == "BCME"
    assert second.balance.cash == before.cash - 2 * amount


def test_a_symbol_may_hold_a_slash() -> None:
    of = replace(LENT, symbol="A/CME")
    past = history(*bought(Product.MTF, instrument=of))
    charge = ChargeInterest(at=NOW, account_id=MINE, through=TODAY + ONE_DAY, rate=Decimal("0.146"))
    given(*past).when(charge).then_only(InterestCharged, symbol="A/CME", product=Product.MTF)

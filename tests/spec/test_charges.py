"""What it costs to hold, told in facts."""

from __future__ import annotations

from decimal import Decimal

from msgspec.structs import replace

from commands.trading import (
    ChargeBorrow,
    ChargeInterest,
)
from domain.trading import (
    BorrowFeeCharged,
    InterestCharged,
    Product,
    Side,
)
from tests.spec.daily import LENT, ONE_DAY, TODAY, bought, told
from tests.spec.given import given
from tests.spec.trading import (
    MINE,
    NOW,
    history,
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

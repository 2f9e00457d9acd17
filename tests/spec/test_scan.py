"""The estimated margin of written options: each scenario, and the numbers it comes to."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from msgspec.structs import replace

from domain.market import InstrumentType
from domain.trading import Product
from domain.trading.margin import (
    SAMPLE,
    Leg,
    MarginRates,
    MarginSchedule,
    initial_rate,
    scan_risk,
    writing_risk,
)
from tests.spec.test_products import CALL, FUTURE
from tests.spec.trading import ACME

RATES = MarginRates(initial=Decimal(1))
HUNDRED = Decimal(100)


def risk(*legs: Leg) -> Decimal:
    """At an underlying of 100: the range is 10, the swing of time value a quarter."""
    return scan_risk(legs, HUNDRED, RATES)


@pytest.mark.parametrize(
    ("leg", "expected"),
    [
        # A future loses the range either way; twice the range counts for 35 % and is less.
        (Leg("FUT", Decimal(1), HUNDRED), 10),
        (Leg("FUT", Decimal(-2), HUNDRED), 20),
        # Written at the money for 5: at 110 it is worth 10 and 6.25 of time, at 120 only 20 + 5.
        (Leg("CE", Decimal(-1), Decimal(5), HUNDRED), Decimal("11.25")),
        (Leg("PE", Decimal(-1), Decimal(5), HUNDRED), Decimal("11.25")),
        # Bought for 5, a quarter of its time value may go.
        (Leg("CE", Decimal(1), Decimal(5), Decimal(90)), 5),
        (Leg("CE", Decimal(4), Decimal(2), Decimal(200)), 2),
        # Far out of the money only the move of twice the range hurts: (5 + 1 - 1) x 0.35.
        (Leg("CE", Decimal(-1), Decimal(1), Decimal(115)), Decimal("1.75")),
        # All its value is intrinsic: nothing swings.
        (Leg("PE", Decimal(-1), Decimal(20), Decimal(120)), 10),
    ],
)
def test_the_worst_of_sixteen_scenarios_is_the_risk(leg: Leg, expected: Decimal) -> None:
    assert risk(leg) == expected


def test_an_underlying_does_not_fall_below_nothing() -> None:
    wild = MarginRates(initial=Decimal(1), price_range=Decimal(2))
    put = Leg("PE", Decimal(-1), Decimal(0), HUNDRED)
    assert scan_risk((put,), HUNDRED, wild) == 100


def test_legs_are_looked_at_together() -> None:
    future, call = Leg("FUT", Decimal(1), HUNDRED), Leg("CE", Decimal(-1), Decimal(5), HUNDRED)
    # At 90 the future has lost 10, and the time value of what was written has grown by 1.25;
    # at 110 the one pays for the other.
    assert risk(future, call) == Decimal("11.25")


def test_what_writing_needs_is_its_risk_and_its_exposure() -> None:
    call = replace(CALL, multiplier=Decimal(2))
    assert writing_risk(call, Decimal(5), HUNDRED, SAMPLE) == 2 * Decimal("11.25") + 2 * Decimal(
        "3.5"
    )
    put = replace(call, type=InstrumentType.PE)
    assert writing_risk(put, Decimal(5), HUNDRED, SAMPLE) == 2 * Decimal("11.25") + 2 * Decimal(
        "3.5"
    )
    deep = writing_risk(replace(put, strike=Decimal(120)), Decimal(20), HUNDRED, SAMPLE)
    assert deep == 2 * 10 + 2 * Decimal("3.5")
    assert writing_risk(call, Decimal(5), None, SAMPLE) == writing_risk(
        call, Decimal(5), HUNDRED, SAMPLE
    )


def test_a_class_of_its_own_goes_before_the_type_and_a_product_before_the_rest() -> None:
    index = replace(CALL, margin_class="INDEX")
    assert SAMPLE.rates(index).price_range == Decimal("0.07")
    assert SAMPLE.rates(CALL).price_range == Decimal("0.10")
    rates = MarginRates(initial=Decimal("0.5"), by_product={Product.MIS: Decimal("0.2")})
    own = MarginSchedule(
        id="OWN",
        version=1,
        source="a test",
        valid_from=date(2026, 1, 1),
        classes={InstrumentType.EQ: rates},
    )
    assert initial_rate(ACME, Product.MIS, own) == Decimal("0.2")
    assert initial_rate(ACME, Product.NRML, own) == Decimal("0.5")
    assert initial_rate(FUTURE, Product.NRML, SAMPLE) == Decimal("0.10")

"""What the limits of an account do to its orders."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from msgspec.structs import replace

from domain.errors import Illegal
from domain.market import InstrumentType
from domain.trading import (
    Bound,
    Limits,
    Party,
    Product,
    Risk,
)
from domain.trading.limits import UNLIMITED, Layer
from tests.spec.given import given
from tests.spec.risky import accepted, bought, buy, limit, refused, sell
from tests.spec.trading import (
    ACME,
    NOW,
    change,
    history,
    place,
    quote,
    ticket,
)


@pytest.mark.parametrize(
    ("limits", "code", "context"),
    [
        (
            {"max_order_qty": Decimal(9)},
            "RISK_MAX_ORDER_QTY",
            {"limit": "9", "value": "10", "scope": "account"},
        ),
        (
            {"max_order_notional": Decimal(999)},
            "RISK_MAX_ORDER_NOTIONAL",
            {"limit": "999", "value": "1000", "scope": "account"},
        ),
        (
            {"max_position_qty": Decimal(19)},
            "RISK_MAX_POSITION",
            {"limit": "19", "value": "20", "scope": "account"},
        ),
        (
            {"max_position_notional": Decimal(1999)},
            "RISK_MAX_POSITION",
            {"limit": "1999", "value": "2000", "scope": "account"},
        ),
        (
            {"max_gross_exposure": Decimal(1999)},
            "RISK_MAX_EXPOSURE",
            {"limit": "1999", "value": "2000", "scope": "account"},
        ),
        (
            {"max_concentration_pct": Decimal("1.99")},
            "RISK_CONCENTRATION",
            {"limit": "1.99", "value": "2.00", "scope": "account"},
        ),
        (
            {"max_orders_per_day": 1},
            "RISK_MAX_ORDERS_DAY",
            {"limit": "1", "value": "2", "scope": "account"},
        ),
        (
            {"max_trades_per_day": 1},
            "RISK_MAX_ORDERS_DAY",
            {"limit": "1", "value": "2", "scope": "account"},
        ),
        (
            {"max_orders_per_second": 1},
            "RISK_RATE_LIMIT",
            {"limit": "1", "retry_after": "1", "scope": "account"},
        ),
        (
            {"never": ("ACME",)},
            "RISK_INSTRUMENT_BLOCKED",
            {"rule": "never", "symbol": "ACME", "scope": "account"},
        ),
        (
            {"only": ("OTHER",)},
            "RISK_INSTRUMENT_BLOCKED",
            {"rule": "only", "symbol": "ACME", "scope": "account"},
        ),
    ],
)
def test_an_order_beyond_a_limit_is_refused_with_the_numbers(
    limits: dict[str, object], code: str, context: dict[str, str]
) -> None:
    fact = refused(history(*bought(), limit(**limits)), buy())
    assert (fact.code, fact.context) == (code, context)


@pytest.mark.parametrize(
    "limits",
    [
        {"max_order_qty": Decimal(10)},
        {"max_order_notional": Decimal(1000)},
        {"max_position_qty": Decimal(20)},
        {"max_gross_exposure": Decimal(2000)},
        {"max_concentration_pct": Decimal(2)},
        {"max_orders_per_day": 2},
        {"max_orders_per_second": 2},
        {"max_open_orders": 1},
        {"only": ("ACME",)},
        {"price_deviation_pct": Decimal(20)},
    ],
)
def test_an_order_at_the_very_limit_is_taken(limits: dict[str, object]) -> None:
    assert accepted(history(*bought(), limit(**limits)), buy())


def test_working_orders_count_towards_open_orders_and_position() -> None:
    past = history(place(ticket()), limit(max_open_orders=1))
    assert refused(past, buy()).code == "RISK_MAX_OPEN_ORDERS"
    past = history(place(ticket()), limit(max_position_qty=Decimal(19)))
    assert refused(past, buy()).code == "RISK_MAX_POSITION"


def test_an_order_that_only_closes_passes_the_limits_of_positions() -> None:
    past = history(
        *bought(),
        limit(max_position_qty=Decimal(1), max_orders_per_day=1, never=("ACME",)),
    )
    assert accepted(past, sell())


def test_the_order_rate_is_free_again_after_the_second() -> None:
    past = history(place(ticket()), limit(max_orders_per_second=1))
    assert accepted(past, replace(buy(), at=NOW + timedelta(seconds=1)))


def test_a_price_that_gives_too_much_away_is_taken_for_a_slip() -> None:
    past = history(*bought(), limit(price_deviation_pct=Decimal(5)))
    fact = refused(past, buy(price="106"))
    assert fact.code == "RISK_PRICE_DEVIATION"
    assert fact.context["reference"] == "100"
    assert refused(past, sell(price="94")).code == "RISK_PRICE_DEVIATION"
    assert accepted(past, buy(price="50")), "a bid far below the market harms nobody"
    stale = replace(quote(), received_at=NOW - timedelta(hours=1))
    assert accepted(past, buy(price="106", at=stale)), "without a market there is no distance"


def test_the_strictest_scope_answers() -> None:
    layer = Layer(Limits(max_order_qty=Decimal(5)))
    bounds = (Bound("platform", Risk().limited(Party.HOUSE, layer)),)
    past = history(limit(max_order_qty=Decimal(7)))
    fact = refused(past, replace(buy(), bounds=bounds))
    assert fact.context == {"limit": "5", "value": "10", "scope": "platform"}


def test_derivatives_and_shorts_can_be_forbidden() -> None:
    past = history(limit(no_derivatives=True))
    future = replace(ACME, type=InstrumentType.FUT)
    order = replace(buy().order, product=Product.NRML, asset=InstrumentType.FUT)
    fact = refused(past, replace(buy(), instrument=future, order=order))
    assert fact.context["rule"] == "no_derivatives"
    past = history(limit(no_shorting=True))
    order = replace(sell().order, product=Product.MIS)
    fact = refused(past, replace(sell(), order=order))
    assert (fact.code, fact.context["rule"]) == ("SHORT_NOT_ALLOWED", "no_shorting")
    assert accepted(history(), replace(sell(), order=order))


def test_what_is_asked_of_a_change_is_what_is_asked_of_an_order() -> None:
    past = history(place(ticket()), limit(max_order_qty=Decimal(10)))
    given(*past).when(change(quantity="11")).then_fails(Illegal, "RISK_MAX_ORDER_QTY")


def test_what_is_looser_counts_from_its_own_time_on_and_what_is_stricter_at_once() -> None:
    first, second = NOW + timedelta(days=1), NOW + timedelta(days=2)
    at_most = [Limits(max_order_qty=Decimal(quantity)) for quantity in (5, 20, 8)]
    risk = Risk().limited(Party.OWNER, Layer(at_most[0], at_most[1], second))
    risk = risk.limited(Party.HOUSE, Layer(at_most[2], UNLIMITED, first))
    seen = [risk.limits_at(at).max_order_qty for at in (NOW, first, second)]
    assert seen == [5, 5, 20]
    nothing = risk.limited(Party.OWNER, Layer()).limited(Party.HOUSE, Layer())
    assert nothing.phase_at(second) is None


def test_of_many_limits_the_first_rule_that_is_broken_is_named_whoever_set_it() -> None:
    later = Risk().limited(Party.HOUSE, Layer(Limits(max_gross_exposure=Decimal(1))))
    sooner = Risk().limited(Party.OWNER, Layer(Limits(never=("ACME",))))
    for bounds in ((later, sooner), (sooner, later)):
        named = tuple(Bound(f"user:{nth}", risk) for nth, risk in enumerate(bounds))
        assert refused(history(), replace(buy(), bounds=named)).code == "RISK_INSTRUMENT_BLOCKED"

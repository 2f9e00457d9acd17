"""What becomes of a ticket that is handed in, told in facts."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from msgspec.structs import replace

from commands.trading import OpenAccount
from domain.errors import Invalid
from domain.trading import (
    Balance,
    OrderAccepted,
    OrderPlaced,
    OrderRejected,
    Product,
)
from tests.spec.given import given
from tests.spec.trading import (
    ACME,
    COIN,
    FIRST,
    ME,
    MINE,
    NOW,
    SECOND,
    cancel,
    history,
    opened,
    place,
    quote,
    ticket,
)


def test_an_order_that_the_cash_covers_is_placed_and_its_worst_case_set_aside() -> None:
    order = ticket()
    given(*opened()).when(place(order)).then(
        OrderPlaced(account_id=MINE, order_id=FIRST, order=order, placed_at=NOW),
        OrderAccepted(
            account_id=MINE,
            order_id=FIRST,
            venue="paper",
            model="TOP_OF_BOOK@1",
            limit=Decimal(100),
            reserved=Decimal(1000),
            balance=Balance(cash=Decimal(100_000), reserved=Decimal(1000)),
        ),
    )


def test_cash_reserved_by_a_working_order_is_not_spent_twice() -> None:
    past = history(place(ticket(quantity="600")))
    given(*past).when(place(ticket(quantity="401"), SECOND)).then_only(
        OrderRejected,
        code="FUNDS_INSUFFICIENT",
        context={
            "need": "40100",
            "available": "40000",
            "short_by": "100",
            "reserved_for_orders": "60000",
        },
    )


def test_the_last_rupee_may_be_reserved() -> None:
    facts = given(*opened()).when(place(ticket(quantity="1000"))).facts()
    assert [type(fact) for fact in facts] == [OrderPlaced, OrderAccepted]


def test_a_market_order_reserves_up_to_its_collar_and_keeps_the_quote_it_was_priced_by() -> None:
    placed, accepted = given(*opened()).when(place(ticket(price=None), at_quote=quote())).facts()
    assert isinstance(placed, OrderPlaced)
    assert isinstance(accepted, OrderAccepted)
    assert placed.reference is not None
    assert placed.reference.ask == Decimal("100.05")
    assert accepted.limit == Decimal("103.10")  # 100.05 x 1.03 = 103.0515, up to the tick
    assert accepted.reserved == Decimal(1031)


@pytest.mark.parametrize("at_quote", [None, replace(quote(), received_at=NOW - timedelta(hours=1))])
def test_a_market_order_without_a_fresh_quote_is_refused(at_quote: object) -> None:
    command = place(ticket(price=None), at_quote=at_quote)  # type: ignore[arg-type]  # a quote or None
    given(*opened()).when(command).then_only(OrderRejected, code="MARKET_NO_REFERENCE_PRICE")


@pytest.mark.parametrize(
    ("order", "code"),
    [
        (ticket(price="100.01"), "ORDER_PRICE_NOT_ON_TICK"),
        (ticket(quantity="1.5"), "ORDER_QTY_NOT_LOT"),
        (ticket(quantity="0.5"), "ORDER_QTY_BELOW_MIN"),
        (ticket(quantity="100001"), "ORDER_QTY_ABOVE_FREEZE"),
        (replace(ticket(), product=Product.SPOT), "ORDER_PRODUCT_UNSUPPORTED"),
    ],
)
def test_a_ticket_that_makes_no_sense_for_the_instrument_leaves_no_fact(
    order: object, code: str
) -> None:
    error = given(*opened()).when(place(order)).then_fails(Invalid, code)  # type: ignore[arg-type]
    assert error.context["field"]
    assert error.context["rule"]


@pytest.mark.parametrize("amount", ["0", "-1", "NaN", "Infinity", "1E+40", "0.000000001"])
@pytest.mark.parametrize("field", ["quantity", "price"])
def test_no_insane_amount_reaches_a_decision(field: str, amount: str) -> None:
    with pytest.raises(Invalid) as caught:
        place(replace(ticket(), **{field: Decimal(amount)}))
    assert caught.value.context["field"] == field


@pytest.mark.parametrize("price", [None, "100"])
def test_a_price_belongs_to_a_limit_order_and_to_no_other(price: str | None) -> None:
    wrong_type = ticket(price="100" if price is None else None).order_type
    order = replace(ticket(price=price), order_type=wrong_type)
    with pytest.raises(Invalid, match="ORDER_FIELDS_CONFLICT"):
        place(order)


def test_a_client_order_id_is_used_once_for_ever() -> None:
    past = history(place(ticket(), client_order_id="one"), cancel())
    given(*past).when(place(ticket(), SECOND, client_order_id="one")).then_only(
        OrderRejected,
        code="ORDER_DUPLICATE_CLIENT_ID",
        context={"client_order_id": "one", "existing_order_id": str(FIRST)},
    )


def test_an_account_trades_only_its_own_currency() -> None:
    command = replace(place(ticket()), instrument=replace(ACME, currency="USD"))
    given(*opened()).when(command).then_only(OrderRejected, code="INSTRUMENT_NOT_TRADABLE")


def test_an_account_opens_in_a_known_currency() -> None:
    with pytest.raises(Invalid, match="currency"):
        OpenAccount(
            at=NOW,
            account_id=MINE,
            owner_id=ME,
            kind="PAPER",
            currency="DOGE",
            opening_capital=Decimal(1),
        )


def test_a_coin_is_bought_in_fractions() -> None:
    order = replace(ticket(quantity="0.0003", price="0.07"), symbol="COIN", product=Product.SPOT)
    accepted = given(*opened()).when(replace(place(order), instrument=COIN)).facts()[1]
    assert isinstance(accepted, OrderAccepted)
    assert accepted.reserved == Decimal("0.000021")

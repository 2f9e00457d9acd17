"""One cancels the other; and orders for an amount of money."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from commands.trading import CancelOrder, Leg, PlaceOco, PlaceOrder
from domain.base import fold
from domain.errors import Invalid
from domain.market import Quote
from domain.trading import (
    Account,
    Order,
    OrderCanceled,
    OrderFilled,
    OrderPlaced,
    OrderRejected,
    OrderReplaced,
    OrderType,
    Product,
    Side,
    Tif,
)
from tests.spec.given import given
from tests.spec.trading import (
    ACME,
    COIN,
    FIRST,
    MINE,
    NOW,
    SECOND,
    THIRD,
    fill,
    history,
    place,
    quote,
    ticket,
    told,
)

BOUGHT = (place(ticket(quantity="20")), fill("20", "100"))


def stop(order: Order, price: str) -> Order:
    return replace(order, order_type=OrderType.STOP, price=None, stop_price=Decimal(price))


def oco(*orders: Order) -> PlaceOco:
    ids = (SECOND, THIRD, FIRST)
    legs = (
        Leg(order_id=order_id, order=order, instrument=ACME, quote=quote())
        for order_id, order in zip(ids, orders, strict=False)
    )
    return PlaceOco(at=NOW, account_id=MINE, legs=tuple(legs))


def exits(quantity: str = "20") -> PlaceOco:
    target = ticket(Side.SELL, quantity, "110")
    return oco(target, stop(target, "90"))


def test_both_ways_out_of_what_is_held_set_nothing_aside() -> None:
    account = fold(Account(), history(*BOUGHT, exits()))
    assert account.balance.reserved == 0
    assert account.position("ACME", Product.CNC).selling == 0
    assert {working.counted for working in account.orders.values()} == {False}


def test_what_one_fills_the_other_has_less_and_in_the_end_nothing() -> None:
    past = history(*BOUGHT, exits())
    filled, less = given(*past).when(fill("5", "110", SECOND)).facts()
    assert isinstance(filled, OrderFilled)
    assert isinstance(less, OrderReplaced)
    assert told(less.order_id, less.quantity, less.reason) == (THIRD, 15, "OCO")
    last = given(*past, filled, less).when(replace(fill("15", "110", SECOND), exec_id=THIRD))
    filled, gone = last.facts()
    assert isinstance(gone, OrderCanceled)
    assert told(gone.order_id, gone.canceled_qty, gone.reason) == (THIRD, 15, "OCO")


def test_two_ways_in_are_both_paid_for_until_one_is_gone() -> None:
    below = ticket(quantity="10", price="95")
    above = replace(stop(below, "105"), order_type=OrderType.STOP_LIMIT, price=Decimal(106))
    past = history(oco(below, above))
    account = fold(Account(), past)
    assert account.balance.reserved == 950 + 1060
    (*_, filled, gone) = given(*past).when(fill("10", "95", SECOND)).facts()
    assert isinstance(gone, OrderCanceled)
    assert fold(account, (filled, gone)).balance.reserved == 0


def test_one_that_is_taken_back_leaves_the_other_alone() -> None:
    past = history(*BOUGHT, exits())
    (gone,) = given(*past).when(CancelOrder(at=NOW, account_id=MINE, order_id=SECOND)).facts()
    assert isinstance(gone, OrderCanceled)
    assert THIRD in fold(Account(), (*past, gone)).orders


def test_if_one_is_refused_neither_is_placed() -> None:
    below = ticket(quantity="600", price="95")
    (refused,) = given(*history()).when(oco(below, stop(below, "105"))).facts()
    assert isinstance(refused, OrderRejected)
    assert (refused.order_id, refused.code) == (THIRD, "FUNDS_INSUFFICIENT")
    (refused,) = given(*history(*BOUGHT)).when(exits("21")).facts()
    assert isinstance(refused, OrderRejected)
    assert refused.code == "POSITION_INSUFFICIENT_QTY"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"side": Side.BUY}, "legs/1/side"),
        ({"quantity": Decimal(3)}, "legs/1/quantity"),
        ({"symbol": "COIN"}, "legs/1/symbol"),
        ({"tif": Tif.IOC}, "legs/1/tif"),
    ],
)
def test_orders_that_do_not_belong_together_are_told(change: Any, field: str) -> None:
    target = ticket(Side.SELL, "20", "110")
    with pytest.raises(Invalid, match="GROUP_INVALID") as refused:
        oco(target, replace(target, **change))
    assert refused.value.context["field"] == field
    with pytest.raises(Invalid, match="GROUP_INVALID"):
        oco(target)


# ── for an amount of money ─────────────────────────────────────────────────────────


def for_money(
    notional: str, at: Quote | None = None, side: Side = Side.BUY, **change: Any
) -> PlaceOrder:
    order = Order(
        symbol="COIN",
        side=side,
        quantity=Decimal(0),
        order_type=OrderType.MARKET,
        product=Product.SPOT,
        notional=Decimal(notional),
    )
    shown = at or replace(quote(), symbol="COIN")
    command = place(replace(order, **change), at_quote=shown)
    return replace(command, instrument=COIN)


def test_an_amount_of_money_buys_what_it_pays_for_at_the_worst_price() -> None:
    placed, accepted = given(*history()).when(for_money("1000")).facts()
    assert isinstance(placed, OrderPlaced)
    worst = Decimal("103.06")  # 3 % above the ask of 100.05, on the tick
    assert placed.order.quantity == Decimal("9.7030")
    assert placed.order.notional == 1000
    assert placed.order.quantity * worst <= 1000 < (placed.order.quantity + COIN.step) * worst
    assert accepted.reserved <= 1000  # type: ignore[attr-defined]  # it is OrderAccepted


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"order_type": OrderType.LIMIT, "price": Decimal(100)}, "ORDER_TYPE_UNSUPPORTED"),
        ({"product": Product.CNC}, "ORDER_PRODUCT_UNSUPPORTED"),
    ],
)
def test_money_is_spent_at_the_market_and_on_what_is_paid_in_full(change: Any, code: str) -> None:
    given(*history()).when(for_money("1000", **change)).then_fails(Invalid, code)


def test_shares_are_not_bought_for_an_amount_of_money() -> None:
    of_shares = replace(for_money("1000"), instrument=place(for_money("1000").order).instrument)
    with pytest.raises(Invalid, match="notional must be absent") as refusal:
        given(*history()).when(of_shares).facts()
    assert refusal.value.context["allowed"] == "CNC, MIS"


def test_too_little_money_is_told_how_much_would_do() -> None:
    command = for_money("0.01")
    given(*history()).when(command).then_fails(Invalid, "ORDER_NOTIONAL_BELOW_MIN")
    assert len(given(*history()).when(for_money("0.010306")).facts()) == 2


def test_without_a_fresh_quote_nobody_knows_what_money_buys() -> None:
    (refused,) = given(*history()).when(replace(for_money("1000"), quote=None)).facts()
    assert isinstance(refused, OrderRejected)
    assert refused.code == "MARKET_NO_REFERENCE_PRICE"
    given(*history()).when(for_money("1000", quantity=Decimal(2))).facts()


def test_more_than_there_is_cannot_be_spent() -> None:
    (refused,) = given(*history()).when(for_money("100001")).facts()
    assert isinstance(refused, OrderRejected)
    assert refused.code == "FUNDS_INSUFFICIENT"
    for nonsense in ("0", "-1", "NaN"):
        with pytest.raises(Invalid, match="VALIDATION"):
            for_money(nonsense)

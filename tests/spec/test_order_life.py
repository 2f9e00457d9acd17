"""What may become of a working order, told in facts."""

from __future__ import annotations

from decimal import Decimal
from itertools import product
from uuid import UUID

import pytest
from msgspec.structs import replace

from commands.trading import ClosePosition, ExpireOrder, WithdrawVirtual
from domain.base import fold
from domain.errors import Illegal, NotFound
from domain.money import ZERO
from domain.trading import (
    FINAL,
    NEXT,
    Account,
    Balance,
    Move,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderPlaced,
    OrderRejected,
    OrderReplaced,
    Product,
    Side,
    Status,
    statement,
)
from tests.spec.given import given
from tests.spec.trading import (
    ACME,
    FIRST,
    MINE,
    NOW,
    SECOND,
    THIRD,
    cancel,
    change,
    fill,
    history,
    opened,
    place,
    quote,
    ticket,
)


def test_nothing_is_sold_that_is_not_held() -> None:
    given(*opened()).when(place(ticket(Side.SELL))).then_only(
        OrderRejected, code="SHORT_NOT_ALLOWED"
    )


def test_what_is_on_offer_is_not_offered_again() -> None:
    past = history(place(ticket()), fill("10", "100"), place(ticket(Side.SELL, "6"), SECOND))
    given(*past).when(place(ticket(Side.SELL, "5"), THIRD)).then_only(
        OrderRejected, code="POSITION_INSUFFICIENT_QTY"
    )


def test_a_fill_better_than_the_limit_gives_the_difference_back() -> None:
    (filled,) = given(*history(place(ticket()))).when(fill("10", "99")).facts()
    assert isinstance(filled, OrderFilled)
    assert filled.balance == Balance(Decimal(99_010), Decimal(0), Decimal(990))
    assert filled.leaves_qty == 0


def test_a_partial_fill_keeps_the_rest_working_and_reserved() -> None:
    past = history(place(ticket()), fill("4", "100"))
    account = fold(Account(), past)
    assert account.orders[FIRST].status is Status.PARTIALLY_FILLED
    assert account.balance == Balance(Decimal(99_600), Decimal(600), Decimal(400))


def test_the_same_execution_told_twice_changes_nothing() -> None:
    given(*history(place(ticket()), fill("4", "100"))).when(fill("4", "100")).then()


@pytest.mark.parametrize(
    ("quantity", "price", "code"),
    [("11", "100", "EXEC_OVERFILL"), ("10", "100.05", "EXEC_PRICE_OUTSIDE_LIMIT")],
)
def test_the_account_does_not_believe_an_impossible_fill(
    quantity: str, price: str, code: str
) -> None:
    given(*history(place(ticket()))).when(fill(quantity, price)).then_fails(Illegal, code)


def test_a_sale_may_not_fill_below_its_limit() -> None:
    past = history(place(ticket()), fill("10", "100"), place(ticket(Side.SELL), SECOND))
    command = fill("1", "99.95", SECOND, UUID(int=102))
    given(*past).when(command).then_fails(Illegal, "EXEC_PRICE_OUTSIDE_LIMIT")


def test_the_worked_example_of_cost_and_realised_profit() -> None:
    """Reference: the table of trading.md §4.8, weighted average beside FIFO."""
    fourth = UUID(int=14)
    past = history(
        place(ticket(quantity="10", price="100")),
        fill("10", "100"),
        place(ticket(quantity="5", price="130"), SECOND),
        fill("5", "130", SECOND, UUID(int=102)),
        place(ticket(Side.SELL, "12", "120"), THIRD),
        fill("12", "120", THIRD, UUID(int=103)),
    )
    shown = statement(fold(Account(), past))
    (held,) = shown.positions
    assert (held.quantity, held.cost_basis, held.average_price) == ("3", "330", "110")
    assert (held.realised_wac, held.realised_fifo) == ("120", "180")
    assert shown.wallet.cash == "99790"
    account = fold(Account(), past)
    last = place(ticket(Side.SELL, "3", "90"), fourth).decide(account)
    account = fold(account, last)
    account = fold(account, fill("3", "90", fourth, UUID(int=104)).decide(account))
    flat = account.position("ACME", Product.CNC)
    assert (flat.quantity, flat.cost_basis, flat.lots) == (ZERO, ZERO, ())
    assert flat.realised_wac == flat.realised_fifo == 60
    assert account.balance.cash == 100_060


def test_a_cancelled_order_gives_back_what_it_reserved() -> None:
    given(*history(place(ticket()))).when(cancel()).then(
        OrderCanceled(
            account_id=MINE,
            order_id=FIRST,
            canceled_qty=Decimal(10),
            reason="USER",
            balance=Balance(cash=Decimal(100_000)),
        )
    )


def test_a_cancelled_sale_may_be_offered_again() -> None:
    past = history(
        place(ticket()), fill("10", "100"), place(ticket(Side.SELL), SECOND), cancel(SECOND)
    )
    facts = given(*past).when(place(ticket(Side.SELL), THIRD)).facts()
    assert isinstance(facts[0], OrderPlaced)


def test_what_is_over_cannot_be_cancelled_changed_or_filled() -> None:
    past = history(place(ticket()), cancel())
    for command in (cancel(), change(quantity="5"), fill("1", "100")):
        error = given(*past).when(command).then_fails(Illegal, "ORDER_TOO_LATE")
        assert error.context["status"] == "CANCELED"
    given(*opened()).when(cancel()).then_fails(NotFound, "ORDER_UNKNOWN")


def test_an_order_expires_at_the_end_of_its_session() -> None:
    command = ExpireOrder(at=NOW, account_id=MINE, order_id=FIRST)
    given(*history(place(ticket()))).when(command).then_only(
        OrderExpired, reason="SESSION_END", balance=Balance(cash=Decimal(100_000))
    )


def test_only_a_smaller_quantity_keeps_the_place_in_the_queue() -> None:
    past = history(place(ticket()))
    smaller = given(*past).when(change(quantity="5")).facts()[0]
    larger = given(*past).when(change(quantity="15")).facts()[0]
    dearer = given(*past).when(change(price="101", quantity="5")).facts()[0]
    assert isinstance(smaller, OrderReplaced)
    assert isinstance(larger, OrderReplaced)
    assert isinstance(dearer, OrderReplaced)
    assert (smaller.keeps_priority, smaller.reserved) == (True, Decimal(500))
    assert (larger.keeps_priority, larger.reserved) == (False, Decimal(1500))
    assert (dearer.keeps_priority, dearer.reserved) == (False, Decimal(505))


def test_a_replacement_must_be_covered_too() -> None:
    past = history(place(ticket(quantity="1000")))
    given(*past).when(change(price="101")).then_fails(Illegal, "FUNDS_INSUFFICIENT")
    sale = history(place(ticket()), fill("10", "100"), place(ticket(Side.SELL), SECOND))
    more = change(quantity="11", order_id=SECOND)
    given(*sale).when(more).then_fails(Illegal, "POSITION_INSUFFICIENT_QTY")


def test_a_quantity_down_to_what_is_filled_ends_the_order() -> None:
    past = history(place(ticket()), fill("4", "100"))
    given(*past).when(change(quantity="4")).then_only(OrderCanceled, reason="REPLACED")
    given(*past).when(change(quantity="3")).then_fails(Illegal, "ORDER_QTY_BELOW_CUM")
    given(*past).when(change(quantity="10")).then()


def close(quantity: str | None = None) -> ClosePosition:
    return ClosePosition(
        at=NOW,
        account_id=MINE,
        order_id=THIRD,
        product=Product.CNC,
        instrument=ACME,
        quote=quote(),
        quantity=None if quantity is None else Decimal(quantity),
    )


def test_closing_sells_what_is_held_and_not_yet_on_offer() -> None:
    past = history(place(ticket()), fill("10", "100"), place(ticket(Side.SELL, "4"), SECOND))
    placed = given(*past).when(close()).facts()[0]
    assert isinstance(placed, OrderPlaced)
    assert (placed.order.side, placed.order.quantity) == (Side.SELL, Decimal(6))
    given(*past).when(close("7")).then_fails(Illegal, "POSITION_INSUFFICIENT_QTY")
    given(*opened()).when(close()).then_fails(Illegal, "POSITION_FLAT")


def test_only_what_is_available_can_be_withdrawn() -> None:
    past = history(place(ticket()))
    asked = WithdrawVirtual(at=NOW, account_id=MINE, amount=Decimal(99_001))
    given(*past).when(asked).then_fails(Illegal, "FUNDS_INSUFFICIENT")
    assert given(*past).when(replace(asked, amount=Decimal(99_000))).facts()


def test_the_table_of_order_states_has_no_way_back() -> None:
    assert not [pair for pair in NEXT if pair[0] in FINAL]
    assert set(NEXT.values()) - {None} == set(Status)
    for status, move in product(set(Status) - FINAL, Move):
        after = NEXT.get((status, move))
        assert after is not Status.PENDING_NEW, "nobody becomes new again"

"""Orders at their edges: what only reduces, what is cut, what is under change or too late."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from msgspec.structs import replace

from commands.trading import (
    PlaceSmartOrder,
    ReplaceOrder,
    RequestCancel,
)
from domain.base import Event, fold
from domain.errors import Illegal
from domain.trading import (
    Account,
    OrderFilled,
    OrderFilledLate,
    OrderPlaced,
    Product,
    Side,
    Status,
)
from tests.contract.life_of_orders import filled_late
from tests.spec.given import given
from tests.spec.trading import (
    ACME,
    FIRST,
    MINE,
    NOW,
    SECOND,
    cancel,
    fill,
    history,
    opened,
    place,
    ticket,
    told,
)

BOUGHT = (place(ticket(quantity="20")), fill("20", "100"))


def kinds(facts: tuple[Event, ...]) -> list[str]:
    return [type(fact).__name__ for fact in facts]


def test_what_only_reduces_is_capped_by_the_position_and_over_when_it_is_gone() -> None:
    order = replace(ticket(Side.SELL, "30", "99"), reduce_only=True)
    past = history(*BOUGHT, place(order, SECOND))
    facts = given(*past).when(fill("30", "99", SECOND, UUID(int=5))).facts()
    assert kinds(facts) == ["OrderFilled", "OrderCanceled"]
    assert isinstance(facts[0], OrderFilled)
    assert facts[0].position.quantity == 0


def test_an_order_above_the_freeze_quantity_is_cut_and_nothing_is_lost() -> None:
    small = replace(ACME, max_qty=Decimal(40))
    asked = replace(place(ticket(quantity="101")), instrument=small, auto_slice=True)
    placed = [f for f in given(*opened()).when(asked).facts() if isinstance(f, OrderPlaced)]
    assert [one.order.quantity for one in placed] == [40, 40, 21]
    assert [one.slice_of for one in placed] == [FIRST] * 3
    poor = given(*opened("4000")).when(asked).facts()
    assert kinds(poor) == ["OrderRejected"], "all parts, or none"


def test_an_order_under_change_is_not_changed_again() -> None:
    past = history(place(ticket()), RequestCancel(at=NOW, account_id=MINE, order_id=FIRST))
    change = ReplaceOrder(
        at=NOW, account_id=MINE, order_id=FIRST, instrument=ACME, quantity=Decimal(5)
    )
    given(*past).when(change).then_fails(Illegal, "ORDER_ALREADY_PENDING")
    given(*past).when(cancel()).then_fails(Illegal, "ORDER_ALREADY_PENDING")
    account = fold(Account(), (*past, *given(*past).when(fill("4", "100")).facts()))
    assert account.orders[FIRST].status is Status.PENDING_CANCEL
    assert account.orders[FIRST].prior is Status.PARTIALLY_FILLED


def test_a_live_venue_has_the_last_word_on_what_was_cancelled() -> None:
    (late,) = filled_late()
    assert isinstance(late, OrderFilledLate)
    assert told(late.cum_qty, late.leaves_qty) == (4, 6)
    assert late.balance.cash == 99_600
    assert late.balance.reserved == 0


def test_a_smart_order_trades_what_is_missing_beside_what_is_on_its_way() -> None:
    smart = PlaceSmartOrder(
        at=NOW,
        account_id=MINE,
        order_id=SECOND,
        instrument=ACME,
        product=Product.CNC,
        target_position=Decimal(15),
        price=Decimal(99),
    )
    past = history(place(ticket()), fill("4", "100"))
    placed = given(*past).when(smart).facts()[0]
    assert isinstance(placed, OrderPlaced)
    assert placed.order.quantity == 5, "15 less 4 held and 6 on their way"
    given(*past).when(replace(smart, target_position=Decimal(10))).then()

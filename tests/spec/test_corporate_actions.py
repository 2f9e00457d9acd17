"""What a company does to its shares, told in facts of the accounts that hold them."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from msgspec.structs import replace

from commands.base import Command
from commands.trading import ApplyCorporateAction
from domain.base import Events, fold
from domain.trading import (
    Account,
    ActionKind,
    CorporateAction,
    CorporateActionApplied,
    OrderCanceled,
    Position,
    Product,
    Side,
)
from tests.spec.given import given
from tests.spec.trading import (
    FIRST,
    MINE,
    NOW,
    SECOND,
    THIRD,
    fill,
    history,
    place,
    ticket,
)

EX = NOW + timedelta(days=1)


def act(kind: ActionKind, **more: object) -> ApplyCorporateAction:
    action = CorporateAction(action_id=UUID(int=5), kind=kind, symbol="ACME", ex_at=EX)
    return ApplyCorporateAction(at=EX, account_id=MINE, action=replace(action, **more))


def bought(quantity: str, price: str, order_id: UUID, exec_id: int) -> tuple[Command, Command]:
    order = ticket(quantity=quantity, price=price)
    return place(order, order_id), fill(quantity, price, order_id, UUID(int=exec_id))


def layers(held: Position) -> list[tuple[int, int]]:
    return [(int(lot.quantity), int(lot.amount)) for lot in held.lots]


PAST = history(*bought("10", "100", FIRST, 201), *bought("5", "130", SECOND, 202))


def done(
    command: ApplyCorporateAction, past: Events = PAST
) -> tuple[CorporateActionApplied, Account]:
    facts = given(*past).when(command).facts()
    (fact,) = (fact for fact in facts if isinstance(fact, CorporateActionApplied))
    return fact, fold(Account(), (*past, *facts))


def test_a_split_changes_units_and_not_what_they_cost() -> None:
    fact, account = done(act(ActionKind.SPLIT, numerator=Decimal(2)))
    held = account.position("ACME", Product.CNC)
    assert held.quantity == 30
    assert held.cost_basis == 1650
    assert held.last_price == 65
    assert layers(held) == [(20, 1000), (10, 650)]
    assert fact.cash == 0
    assert fact.fraction == 0
    assert account.balance == fact.balance


def test_a_bonus_comes_on_top() -> None:
    _, account = done(act(ActionKind.BONUS, numerator=Decimal(1), denominator=Decimal(5)))
    assert account.position("ACME", Product.CNC).quantity == 18


def test_a_fraction_is_paid_in_cash_and_its_cost_taken_from_the_oldest_layer() -> None:
    command = act(
        ActionKind.SPLIT,
        numerator=Decimal(1),
        denominator=Decimal(2),
        reference_price=Decimal(260),
    )
    fact, account = done(command)
    held = account.position("ACME", Product.CNC)
    assert fact.fraction == Decimal("0.5")
    assert fact.cash == 130
    assert held.quantity == 7
    assert layers(held) == [(5, 900), (2, 650)]
    assert held.cost_basis == 1540  # 1650 less a fifteenth of it
    assert held.realised_wac == 20
    assert held.realised_fifo == 30
    assert sum(posting.amount for posting in fact.postings) == 0


def test_an_action_is_done_once_however_often_it_is_asked() -> None:
    command = act(ActionKind.DIVIDEND, cash_per_unit=Decimal("2.50"))
    fact, _ = done(command)
    assert fact.cash == Decimal("37.50")
    given(*PAST, fact).when(command).then()


def test_a_dividend_is_for_those_who_held_before_the_ex_date() -> None:
    command = act(ActionKind.DIVIDEND, cash_per_unit=Decimal(1), ex_at=NOW)
    given(*PAST).when(command).then()
    given(*history()).when(act(ActionKind.DIVIDEND, cash_per_unit=Decimal(1))).then()


def test_who_is_short_pays_the_dividend() -> None:
    order = replace(ticket(Side.SELL), product=Product.MIS)
    fact, account = done(
        act(ActionKind.DIVIDEND, cash_per_unit=Decimal(3)), history(place(order), fill("10", "100"))
    )
    assert fact.cash == -30
    assert account.balance.cash == 99_970


def test_working_orders_are_taken_back_first_but_a_dividend_leaves_them() -> None:
    past = (*PAST, *place(ticket(), THIRD).decide(fold(Account(), PAST)))
    split = given(*past).when(act(ActionKind.SPLIT, numerator=Decimal(2))).facts()
    assert isinstance(split[0], OrderCanceled)
    assert split[0].reason == "CORPORATE_ACTION"
    paid = given(*past).when(act(ActionKind.DIVIDEND, cash_per_unit=Decimal(1))).facts()
    assert [type(fact) for fact in paid] == [CorporateActionApplied]


@pytest.mark.parametrize(
    ("kind", "more", "quantity", "cash"),
    [
        (ActionKind.SYMBOL_CHANGE, {}, 15, 0),
        (
            ActionKind.MERGER,
            {
                "numerator": Decimal(3),
                "denominator": Decimal(5),
                "cash_per_unit": Decimal(10),
            },
            9,
            150,
        ),
    ],
)
def test_a_new_instrument_takes_the_place_of_the_old(
    kind: ActionKind, more: dict[str, object], quantity: int, cash: int
) -> None:
    fact, account = done(act(kind, into="NEWCO", **more))
    old, new = (account.position(symbol, Product.CNC) for symbol in ("ACME", "NEWCO"))
    assert old.quantity == 0
    assert old.cost_basis == 0
    assert old.lots == ()
    assert new.quantity == quantity
    assert new.cost_basis == 1650
    assert fact.cash == cash
    assert account.balance.cash == 100_000 - 1650 + cash

"""A live venue may fill what has ended: it counts once, and no more than was left."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

import pytest
from msgspec.structs import replace

from commands.base import Command
from commands.trading import (
    ApplyFill,
    DeferFill,
    DepositVirtual,
    ExpireOrder,
    WithdrawVirtual,
)
from domain.base import Events, fold
from domain.errors import Illegal, Invalid
from domain.trading import Account, Liquidity, OrderFilledLate, Product, Side, Status
from tests.spec.given import given
from tests.spec.trading import (
    FIRST,
    FIRST_EXEC,
    MINE,
    NOW,
    SECOND,
    cancel,
    change,
    fill,
    opened,
    place,
    ticket,
    told,
)


def live(*commands: Command, fees: str = "ZERO@1") -> Events:
    """What a live account has done."""
    facts: Events = (replace(opened()[0], kind="LIVE", fee_schedule=fees),)
    for command in commands:
        facts += command.decide(fold(Account(), facts))
    return facts


PAST = (place(ticket()), fill("3", "100"), cancel())


def test_a_late_fill_counts_as_any_fill_and_its_order_stays_over() -> None:
    past = live(*PAST, fees="GROWW")
    before = fold(Account(), past)
    (late,) = given(*past).when(fill("4", "90", exec_id=UUID(int=7))).facts()
    assert isinstance(late, OrderFilledLate)
    assert told(late.account_id, late.cum_qty, late.leaves_qty) == (MINE, 7, 3)
    account = before.evolve(late)
    assert account.done[FIRST] is Status.CANCELED
    assert account.position("ACME", Product.CNC).quantity == 7
    assert account.balance == late.balance
    assert account.fees == before.fees + late.fee
    assert late.fee > 0
    assert set(account.positions) == {"ACME/CNC"}


def test_a_late_fill_told_again_changes_nothing_and_the_rest_may_follow() -> None:
    late = fill("4", "90", exec_id=UUID(int=7))
    past = live(*PAST, late)
    given(*past).when(late).then()
    (rest,) = given(*past).when(fill("3", "90", exec_id=UUID(int=8))).facts()
    assert isinstance(rest, OrderFilledLate)
    assert told(rest.cum_qty, rest.leaves_qty) == (10, 0)
    account = fold(Account(), (*past, rest))
    assert account.late[FIRST].cum_qty == 10
    assert set(account.late) == {FIRST}


def test_no_more_is_filled_late_than_was_left() -> None:
    error = (
        given(*live(*PAST))
        .when(fill("8", "90", exec_id=UUID(int=7)))
        .then_fails(Illegal, "EXEC_OVERFILL")
    )
    assert error.context == {"leaves": "7"}
    given(*live(*PAST)).when(fill("7", "90", exec_id=UUID(int=7))).then_only(
        OrderFilledLate, leaves_qty=Decimal(0)
    )


def test_what_is_filled_late_leans_on_nothing_any_more() -> None:
    short = replace(ticket(Side.SELL), product=Product.MIS)
    past = live(place(short), cancel())
    ended = fold(Account(), past).late[FIRST]
    assert told(ended.counted, ended.reserved, ended.counted_qty) == (False, 0, 0)
    account = fold(Account(), (*past, *given(*past).when(fill("4", "100")).facts()))
    held = account.position("ACME", Product.MIS)
    assert told(held.quantity, held.selling, account.balance.reserved) == (-4, 0, 0)


def test_only_a_live_account_waits_for_what_has_ended() -> None:
    facts = given(*opened()).when(place(ticket())).facts()
    account = fold(Account(), (*opened(), *facts))
    assert not fold(account, cancel().decide(account)).late


# ── what a venue may not say ───────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("report", "code", "context"),
    [
        (fill("11", "100"), "EXEC_OVERFILL", {"leaves": "10"}),
        (fill("1", "100.05"), "EXEC_PRICE_OUTSIDE_LIMIT", {"limit": "100"}),
    ],
)
def test_a_report_that_cannot_be_is_refused_with_its_number(
    report: ApplyFill, code: str, context: dict[str, str]
) -> None:
    past = live(place(ticket()))
    assert given(*past).when(report).then_fails(Illegal, code).context == context


def test_a_report_of_an_order_that_does_not_work_names_its_state() -> None:
    stop = replace(ticket(), stop_price=Decimal(99), order_type="STOP_LIMIT")
    error = (
        given(*live(place(stop))).when(fill("1", "100")).then_fails(Illegal, "ORDER_INVALID_STATE")
    )
    assert error.context == {"status": "HELD"}


@pytest.mark.parametrize("field", ["quantity", "price"])
def test_a_report_has_amounts(field: str) -> None:
    with pytest.raises(Invalid) as caught:
        replace(fill("1", "100"), **{field: Decimal(0)})
    assert caught.value.context["field"] == field


def test_a_report_says_who_was_waiting_and_for_whom() -> None:
    report = replace(fill("1", "100"), liquidity=Liquidity.MAKER)
    (fact,) = given(*live(place(ticket()))).when(report).facts()
    assert told(fact.liquidity, fact.account_id) == (Liquidity.MAKER, MINE)  # type: ignore[attr-defined]
    (plain,) = given(*live(place(ticket()))).when(fill("1", "100")).facts()
    assert plain.liquidity is Liquidity.TAKER  # type: ignore[attr-defined]


def test_what_can_only_reduce_and_finds_nothing_is_taken_back_and_says_why() -> None:
    out = replace(ticket(Side.SELL, "10", "99"), reduce_only=True)
    gone = (place(ticket(Side.SELL, "10", "99"), UUID(int=14)),)
    past = live(
        place(ticket()),
        fill("10", "100"),
        place(out, SECOND),
        *gone,
        fill("10", "99", UUID(int=14), UUID(int=9)),
    )
    (fact,) = given(*past).when(fill("10", "99", SECOND, UUID(int=10))).facts()
    assert told(type(fact).__name__, fact.account_id, fact.order_id, fact.reason) == (  # type: ignore[attr-defined]
        "OrderCanceled",
        MINE,
        SECOND,
        "REDUCE_ONLY_NO_POSITION",
    )


# ── what an account takes in of orders ─────────────────────────────────────────


def test_an_order_that_was_over_when_it_is_told_of_leaves_the_balance_as_told() -> None:
    """Facts of an order that the account does not know change its balance and nothing else."""
    placed = given(*opened()).when(place(ticket())).facts()
    account = fold(Account(), (*opened(), *placed))
    kept = replace(account.balance, reserved=Decimal(7))
    for command in (
        cancel(),
        change(quantity="5"),
        ExpireOrder(at=NOW, account_id=MINE, order_id=FIRST),
    ):
        (fact,) = command.decide(account)
        told_of = replace(fact, order_id=SECOND, balance=kept)
        assert account.evolve(told_of) == replace(account, balance=kept)


def test_an_order_that_is_over_is_known_by_how_it_ended() -> None:
    expire = ExpireOrder(at=NOW, account_id=MINE, order_id=FIRST)
    past = live(place(ticket()), expire)
    assert past[-1].account_id == MINE  # type: ignore[attr-defined]
    assert fold(Account(), past).done[FIRST] is Status.EXPIRED
    assert fold(Account(), live(place(ticket()), cancel())).done[FIRST] is Status.CANCELED


def test_the_names_of_orders_are_kept_for_ever_and_lead_to_them() -> None:
    named = replace(change(quantity="5"), client_order_id="two")
    account = fold(Account(), live(place(ticket(), client_order_id="one"), named))
    assert dict(account.client_order_ids) == {"one": FIRST, "two": FIRST}
    assert account.orders[FIRST].client_order_id == "two"
    first = fold(Account(), live(place(ticket(), client_order_id="one")))
    assert first.orders[FIRST].client_order_id == "one"
    poor = replace(place(ticket(quantity="100000"), SECOND), client_order_id="three")
    refused = fold(Account(), live(poor))
    assert dict(refused.client_order_ids) == {"three": SECOND}
    assert FIRST_EXEC not in refused.orders


def test_what_is_paid_in_and_out_moves_the_capital_that_losses_are_measured_by() -> None:
    paid = DepositVirtual(at=NOW, account_id=MINE, amount=Decimal(10))
    taken = WithdrawVirtual(at=NOW, account_id=MINE, amount=Decimal(4))
    assert fold(Account(), live(paid, taken)).risk.capital == 100_006


def test_why_an_order_waits_is_told_once() -> None:
    defer = DeferFill(at=NOW, account_id=MINE, order_id=FIRST, reason="STALE_QUOTE")
    past = live(place(ticket()), defer)
    assert fold(Account(), past).orders[FIRST].deferred == "STALE_QUOTE"
    given(*past).when(defer).then()
    assert given(*past).when(replace(defer, reason="NO_QUOTE")).facts()

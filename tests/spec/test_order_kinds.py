"""Orders that wait, belong together, or are cut into parts, told in facts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

import pytest
from msgspec.structs import replace

from commands.trading import (
    AdjustTrail,
    PlaceBracket,
    PlaceGtt,
    RecordTrigger,
    Trigger,
)
from domain.base import Event, fold
from domain.errors import Illegal
from domain.market import Quote
from domain.trading import (
    Account,
    Condition,
    OrderCanceled,
    OrderFilled,
    OrderHeld,
    OrderRejected,
    OrderReplaced,
    OrderTriggered,
    OrderType,
    Product,
    Side,
    Status,
    Tif,
    TrailingStopAdjusted,
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
    fill,
    history,
    opened,
    place,
    quote,
    ticket,
    told,
)

TARGET, STOP = uuid5(FIRST, "TARGET"), uuid5(FIRST, "STOP")
LEG = uuid5(FIRST, "leg:1")
BOUGHT = (place(ticket(quantity="20")), fill("20", "100"))


def stop(price: str, quantity: str = "10", side: Side = Side.SELL, limit: str | None = None) -> Any:
    kind = OrderType.STOP if limit is None else OrderType.STOP_LIMIT
    order = replace(ticket(side, quantity, limit), order_type=kind)
    return replace(order, stop_price=Decimal(price))


def trigger(order_id: UUID = SECOND, at: Quote | None = None) -> RecordTrigger:
    return RecordTrigger(
        at=NOW, account_id=MINE, order_id=order_id, instrument=ACME, quote=at or quote("90", "91")
    )


def after(*commands: object) -> Account:
    return fold(Account(), history(*commands))


def kinds(facts: tuple[Event, ...]) -> list[str]:
    return [type(fact).__name__ for fact in facts]


# ── stops ──────────────────────────────────────────────────────────────────────


def test_a_stop_is_held_and_reserves_up_to_the_collar_of_its_stop() -> None:
    command = place(stop("105", side=Side.BUY), at_quote=quote())
    _, held = given(*opened()).when(command).facts()
    assert isinstance(held, OrderHeld)
    assert (held.condition, held.stop) == (Condition.STOP, Decimal(105))
    assert held.limit == Decimal("108.15")
    assert held.reserved == Decimal("1081.5")


def test_a_held_order_is_not_filled() -> None:
    past = history(place(stop("105", side=Side.BUY)))
    given(*past).when(fill("1", "105")).then_fails(Illegal, "ORDER_INVALID_STATE")


def test_a_stop_that_is_set_off_sells_at_the_market_it_meets_and_not_at_its_stop() -> None:
    past = history(*BOUGHT, place(stop("95"), SECOND))
    (fact,) = given(*past).when(trigger()).facts()
    assert isinstance(fact, OrderTriggered)
    assert (fact.works_as, fact.limit) == (OrderType.MARKET, Decimal("87.3"))
    given(*past, fact).when(trigger()).then()
    given(*past, fact).when(fill("10", "88", SECOND, UUID(int=5))).then_only(OrderFilled)


def test_a_stop_limit_works_as_a_limit_order() -> None:
    past = history(*BOUGHT, place(stop("95", limit="94"), SECOND))
    given(*past).when(trigger()).then_only(
        OrderTriggered, works_as=OrderType.LIMIT, limit=Decimal(94)
    )


def test_a_purchase_keeps_its_limit_when_there_is_no_money_for_the_gap() -> None:
    past = history(place(stop("100", "970", side=Side.BUY)))
    gap = trigger(FIRST, quote("119", "120"))
    given(*past).when(gap).then_only(OrderTriggered, limit=Decimal(103), reserved=Decimal(99_910))
    cheap = history(place(stop("100", "10", side=Side.BUY)))
    given(*cheap).when(gap).then_only(OrderTriggered, limit=Decimal("123.6"))


def test_a_trailing_stop_follows_the_market_up_and_never_down() -> None:
    order = replace(
        ticket(Side.SELL, "10", None),
        order_type=OrderType.TRAILING_STOP,
        trail_pct=Decimal(10),
    )
    past = history(*BOUGHT, place(order, SECOND, at_quote=replace(quote(), last=Decimal(100))))
    assert fold(Account(), past).orders[SECOND].stop == 90
    moved = AdjustTrail(
        at=NOW, account_id=MINE, order_id=SECOND, instrument=ACME, watermark=Decimal("110.1")
    )
    facts = given(*past).when(moved).facts()
    assert facts == (TrailingStopAdjusted(MINE, SECOND, Decimal("99.05"), Decimal("110.1")),)
    given(*past, *facts).when(replace(moved, watermark=Decimal(105))).then()


# ── brackets ───────────────────────────────────────────────────────────────────


def bracket(quantity: str = "10") -> PlaceBracket:
    return PlaceBracket(
        at=NOW,
        account_id=MINE,
        order_id=FIRST,
        order=ticket(quantity=quantity),
        instrument=ACME,
        take_profit=Decimal(110),
        stop_loss=Decimal(95),
    )


def test_the_exits_of_a_bracket_wait_for_its_entry_and_reserve_nothing() -> None:
    account = after(bracket())
    assert account.balance.reserved == 1000
    assert {account.orders[one].status for one in (TARGET, STOP)} == {Status.HELD}
    with pytest.raises(Illegal, match="ORDER_INVALID_STATE"):
        fill("1", "110", TARGET).decide(account)


def test_the_exits_work_for_as_much_as_has_been_entered() -> None:
    account = after(bracket(), fill("4", "100"))
    target, stop_ = account.orders[TARGET], account.orders[STOP]
    assert told(target.status, target.order.quantity) == (Status.NEW, 4)
    assert told(stop_.status, stop_.order.quantity, stop_.stop) == (Status.HELD, 4, 95)
    account = fold(account, fill("6", "100", exec_id=UUID(int=5)).decide(account))
    assert account.orders[TARGET].order.quantity == 10
    assert account.orders[STOP].order.quantity == 10


def test_what_one_exit_fills_the_other_has_less_in_the_same_commit() -> None:
    past = history(bracket(), fill("10", "100"))
    part = given(*past).when(fill("3", "110", TARGET, UUID(int=5))).facts()
    assert kinds(part) == ["OrderFilled", "OrderReplaced"]
    assert isinstance(part[1], OrderReplaced)
    assert told(part[1].order_id, part[1].quantity, part[1].reason) == (STOP, 7, "OCO")
    rest = given(*past, *part).when(fill("7", "110", TARGET, UUID(int=6))).facts()
    assert kinds(rest) == ["OrderFilled", "OrderCanceled"]
    assert isinstance(rest[1], OrderCanceled)
    assert (rest[1].order_id, rest[1].reason) == (STOP, "OCO")


def test_an_entry_that_never_was_takes_its_exits_along() -> None:
    facts = given(*history(bracket())).when(cancel()).facts()
    assert kinds(facts) == ["OrderCanceled"] * 3
    partly = given(*history(bracket(), fill("4", "100"))).when(cancel()).facts()
    assert kinds(partly) == ["OrderCanceled"], "what is held is still to be sold"


def test_an_exit_never_sells_more_than_is_held_and_not_on_offer() -> None:
    past = history(bracket(), fill("10", "100"), place(ticket(Side.SELL, "8", "101"), SECOND))
    facts = given(*past).when(fill("10", "110", TARGET, UUID(int=5))).facts()
    assert isinstance(facts[0], OrderFilled)
    assert facts[0].last_qty == 2
    assert isinstance(facts[1], OrderCanceled)
    assert facts[1].reason == "REDUCE_ONLY_NO_POSITION"


# ── triggers good for a year ───────────────────────────────────────────────────


def gtt(*triggers: Trigger, side: Side = Side.SELL) -> PlaceGtt:
    return PlaceGtt(
        at=NOW,
        account_id=MINE,
        gtt_id=FIRST,
        side=side,
        product=Product.CNC,
        instrument=ACME,
        triggers=triggers,
        quote=quote(),
    )


LOW = Trigger(Decimal(90), Decimal(5), Decimal(89))
HIGH = Trigger(Decimal(110), Decimal(5))


def test_a_trigger_sets_nothing_aside_until_it_goes_off() -> None:
    account = after(gtt(Trigger(Decimal(90), Decimal(10_000)), side=Side.BUY))
    assert account.balance.reserved == 0
    assert account.orders[FIRST].order.order_type is OrderType.MIT
    assert account.orders[FIRST].order.tif is Tif.GTD


def test_a_trigger_that_goes_off_without_money_is_refused_then() -> None:
    past = history(gtt(Trigger(Decimal(90), Decimal(10_000)), side=Side.BUY))
    facts = given(*past).when(trigger(FIRST)).facts()
    assert isinstance(facts[0], OrderRejected)
    assert facts[0].code == "FUNDS_INSUFFICIENT"
    assert fold(Account(), (*past, *facts)).done[FIRST] is Status.REJECTED


def test_the_first_of_two_triggers_cancels_the_other() -> None:
    bought = (place(ticket(), THIRD), fill("10", "100", THIRD))
    past = history(*bought, gtt(LOW, HIGH))
    account = fold(Account(), past)
    assert account.orders[FIRST].order.order_type is OrderType.STOP_LIMIT
    assert account.orders[LEG].order.order_type is OrderType.MIT
    facts = given(*past).when(trigger(FIRST)).facts()
    assert kinds(facts) == ["OrderTriggered", "OrderCanceled"]
    held = fold(account, facts).position("ACME", Product.CNC)
    assert held.selling == 5, "it is on offer from now on"

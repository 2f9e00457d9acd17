"""Groups: orders that stand or fall together, settled in the same commit as what moved them."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from msgspec.structs import replace

from commands.trading.reserving import canceled, need_of, reserving
from domain.base import Event, Events
from domain.money import ZERO
from domain.trading import (
    Account,
    Condition,
    GroupKind,
    GroupRole,
    Order,
    OrderFilled,
    OrderHeld,
    OrderReplaced,
    OrderTriggered,
    OrderType,
    Status,
    Terms,
    Working,
    schedule,
)

NO_POSITION = "REDUCE_ONLY_NO_POSITION"


class Course:
    """Facts one after the other, each decided on what the ones before made true."""

    def __init__(self, account: Account, account_id: UUID) -> None:
        self.account = account
        self.account_id = account_id
        self.facts: list[Event] = []

    def add(self, fact: Event) -> None:
        self.facts.append(fact)
        self.account = self.account.evolve(fact)

    def cancel(self, order_id: UUID, reason: str) -> None:
        working = self.account.orders.get(order_id)
        if working is not None:
            self.add(canceled(self.account, self.account_id, order_id, working, reason))

    def siblings(self, order: Order, but: UUID) -> Iterator[tuple[UUID, Working, GroupRole]]:
        """The orders of its group that still work."""
        assert order.group is not None, "only a group has siblings"
        for order_id in self.account.groups.get(order.group.id, ()):
            working = self.account.orders.get(order_id)
            if working is not None and order_id != but and working.order.group is not None:
                yield order_id, working, working.order.group.role


def after_fill(account: Account, working: Working, filled: OrderFilled) -> Events:
    """The fill, and what it means for the rest of its group and for the order itself."""
    course = Course(account, filled.account_id)
    course.add(filled)
    order, group = working.order, working.order.group
    if not working.counted and filled.leaves_qty:
        held = course.account.position(order.symbol, order.product)
        if not held.closable(order.side):
            course.cancel(filled.order_id, NO_POSITION)
    if group is not None:
        for order_id, sibling, role in tuple(course.siblings(order, filled.order_id)):
            if group.role is GroupRole.ENTRY:
                _entered(course, order_id, sibling, filled)
            elif role is GroupRole.ENTRY:
                if not filled.leaves_qty:
                    course.cancel(order_id, "BRACKET")
            else:
                _reduced(course, order_id, sibling, filled)
    return tuple(course.facts)


def after_end(account: Account, account_id: UUID, order_id: UUID, ended: Event) -> Events:
    """The end of an order; the exits of an entry that never was go with it."""
    working = account.orders[order_id]
    group = working.order.group
    if group is None or group.role is not GroupRole.ENTRY or working.cum_qty:
        return (ended,)
    course = Course(account, account_id)
    course.add(ended)
    for sibling_id, _, _ in tuple(course.siblings(working.order, order_id)):
        course.cancel(sibling_id, "ENTRY_ENDED")
    return tuple(course.facts)


def after_trigger(account: Account, account_id: UUID, order_id: UUID, triggered: Events) -> Events:
    """One leg of a trigger that goes off takes the other one off."""
    working = account.orders[order_id]
    course = Course(account, account_id)
    for fact in triggered:
        course.add(fact)
    group = working.order.group
    if group is not None and group.kind is GroupKind.GTT:
        for sibling_id, _, _ in tuple(course.siblings(working.order, order_id)):
            course.cancel(sibling_id, "OCO")
    return tuple(course.facts)


def _reduced(course: Course, order_id: UUID, sibling: Working, filled: OrderFilled) -> None:
    if sibling.leaves_qty <= filled.last_qty or not filled.leaves_qty:
        course.cancel(order_id, "OCO")
        return
    quantity = sibling.order.quantity - filled.last_qty
    course.add(resized(course, order_id, sibling, replace(sibling.order, quantity=quantity), "OCO"))


def _entered(course: Course, order_id: UUID, exit_: Working, filled: OrderFilled) -> None:
    """An exit works for as much as has been entered, and not before."""
    order, waits = exit_.order, _awaits_entry(exit_)
    entered = filled.last_qty if waits else order.quantity + filled.last_qty
    if entered != order.quantity:
        order = replace(order, quantity=entered)
        course.add(resized(course, order_id, exit_, order, "BRACKET"))
    if not waits:
        return
    held = OrderHeld(
        account_id=course.account_id,
        order_id=order_id,
        venue="paper",
        model=exit_.model,
        condition=Condition.STOP,
        limit=exit_.limit,
        reserved=ZERO,
        balance=course.account.balance,
        stop=order.stop_price,
        counted=False,
        fee_schedule=exit_.fee_schedule,
    )
    if order.order_type is not OrderType.LIMIT:
        course.add(held)
        return
    course.add(
        OrderTriggered(
            account_id=held.account_id,
            order_id=order_id,
            reason=Condition.ENTRY,
            works_as=OrderType.LIMIT,
            limit=held.limit,
            reserved=ZERO,
            balance=held.balance,
            counted=False,
        )
    )


def _awaits_entry(exit_: Working) -> bool:
    return exit_.status is Status.HELD and exit_.stop is None


def resized(
    course: Course, order_id: UUID, working: Working, order: Order, reason: str
) -> OrderReplaced:
    """The same order for another quantity, on the terms it has."""
    account, reserved, balance = course.account, ZERO, course.account.balance
    if working.counted:
        price = working.reserve_price or working.limit
        terms = Terms(working.limit, price, working.unit, working.risk)
        need = need_of(account, order, terms, schedule(working.fee_schedule), working)
        reserved, balance = need.reserved, reserving(account, need.more)
    return OrderReplaced(
        account_id=course.account_id,
        order_id=order_id,
        quantity=order.quantity,
        price=order.price,
        limit=working.limit,
        reserved=reserved,
        keeps_priority=order.quantity < working.order.quantity,
        balance=balance,
        reason=reason,
        unit=working.unit,
        reserve_price=working.reserve_price,
        risk=working.risk,
    )

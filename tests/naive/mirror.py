"""
The mirror: an account of the naive kind is led through a history, and compared at every fact.

What the real account recorded is only looked at to compare; what happened is taken from what
was asked (the ticket, the quote, the fill), and what must follow of it is foretold.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any
from uuid import UUID

from msgspec.structs import replace as copied

from commands.base import Command
from commands.trading import (
    ApplyFill,
    ChargeInterest,
    ExpirePosition,
    OpenAccount,
    RecordTrigger,
    ReplaceOrder,
)
from domain.base import Event, Events
from domain.market import Instrument
from domain.trading import Account as Real
from domain.trading import (
    AccountOpened,
    FundsDeposited,
    FundsWithdrawn,
    InterestCharged,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderHeld,
    OrderPlaced,
    OrderRejected,
    OrderReplaced,
    OrderTriggered,
    PositionExpired,
)
from domain.trading import Order as RealOrder
from tests.naive import reading
from tests.naive.account import Account, Key, Order
from tests.naive.amounts import exact
from tests.naive.comparing import ZERO, Comparing
from tests.naive.fees import Schedule
from tests.naive.groups import Expected, Groups, Member
from tests.naive.margins import intrinsic

NO_MONEY = ("FUNDS_INSUFFICIENT", "MARGIN_INSUFFICIENT")


class Mirror(Comparing):
    def __init__(self, listed: dict[str, Instrument]) -> None:
        self.account = Account(ZERO)
        self.groups = Groups()
        self.compared = self.shorts = 0
        self.kinds: Counter[str] = Counter()
        self.seen: Counter[str] = Counter()
        self._listed = listed
        self._tickets: dict[UUID, RealOrder] = {}
        self._triggered: set[UUID] = set()
        self._family = ""
        self._expected: list[Expected] = []

    def see(self, command: Command, facts: Events, state: Real) -> None:
        """Let the naive account do the same; AssertionError where it comes to something else."""
        self._expected.clear()
        for fact in facts:
            self.kinds[type(fact).__name__] += 1
            if self._expected:
                self._follows(self._expected.pop(0), fact)
            else:
                self._do(command, fact)
            balance = getattr(fact, "balance", None)
            if balance is not None:
                self._compare(fact, balance)
                self.compared += 1
        assert not self._expected, f"{self._expected} did not follow {command}"
        self._compare_layers(state)

    def _do(self, command: Any, fact: Event) -> None:
        match fact:
            case AccountOpened():
                assert isinstance(command, OpenAccount)
                self.account = Account(exact(command.opening_capital))
                self._family = command.fee_schedule
            case FundsDeposited():
                self.account.transfer(exact(command.amount))
            case FundsWithdrawn():
                self.account.transfer(-exact(command.amount))
            case OrderPlaced():
                self._tickets[fact.order_id] = fact.order
                self._join(fact)
            case OrderAccepted() | OrderHeld():
                self._place(command, fact)
            case OrderRejected():
                self._refuse(command, fact)
            case OrderTriggered():
                self._trigger(command, fact)
            case OrderReplaced():
                self._replace(command, fact)
            case OrderCanceled() | OrderExpired():
                self._end(fact)
            case _:
                self._book(command, fact)

    def _book(self, command: Any, fact: Event) -> None:
        match fact:
            case OrderFilled():
                self._fill(command, fact)
            case InterestCharged():
                assert isinstance(command, ChargeInterest)
                key = Key(fact.symbol, str(fact.product))
                mine = self.account.charge(key, exact(command.rate), command.through)
                self._same("interest", fact, (mine,), (fact.amount,))
            case PositionExpired():
                self._settle(command, fact)
            case _:
                pass

    # ── orders ─────────────────────────────────────────────────────────────────

    def _join(self, fact: OrderPlaced) -> None:
        group = fact.order.group
        self.seen[f"{fact.order.product} {fact.order.asset}"] += 1
        self.seen[str(fact.order.order_type)] += 1
        if group is not None:
            self.seen[str(group.kind)] += 1
            waits = group.kind == "BRACKET" and group.role != "ENTRY"
            stops = fact.order.order_type != "LIMIT"
            self.groups.join(group.id, Member(fact.order_id, str(group.role), waits, stops))

    def _naive(self, command: Any, order: RealOrder, *, triggered: bool = False) -> Order | None:
        listed = self._listed[order.symbol]
        quote = getattr(command, "quote", None)
        seen = reading.market(listed, quote, getattr(command, "underlying", None))
        waits = order.group is not None and order.group.kind == "GTT" and not triggered
        return reading.order_of(
            order,
            listed,
            seen,
            self._fees(command, listed, str(order.product)),
            counts=not order.reduce_only and not waits,
            triggered=triggered,
        )

    def _fees(self, command: Any, listed: Instrument, product: str) -> Schedule:
        return reading.schedule(self._family, command.at.date(), listed, product)

    def _place(self, command: Any, fact: OrderAccepted | OrderHeld) -> None:
        order = self._naive(command, self._tickets[fact.order_id])
        assert order is not None, fact
        if order.counts:
            assert self._affordable(fact.order_id, order), f"there is no money for {fact}"
        self.account.orders[fact.order_id] = order
        self._same("limit", fact, (order.limit,), (fact.limit,))

    def _refuse(self, command: Any, fact: OrderRejected) -> None:
        """Where money is the reason, there is none; what was triggered in vain is gone."""
        if fact.code in NO_MONEY:
            triggered = isinstance(command, RecordTrigger)
            order = self._naive(command, fact.order, triggered=triggered)
            assert order is not None
            assert not self._affordable(fact.order_id, order), f"there is money: {fact}"
        if self.account.orders.pop(fact.order_id, None) is not None:
            self._expect(self.groups.rest_ends(self.account, fact.order_id))

    def _affordable(self, order_id: object, order: Order) -> bool:
        """Buying power is not below zero with it (or no lower than before), or it opens nothing."""
        account, before = self.account, self.account.orders.get(order_id)
        power = account.buying_power
        account.orders.pop(order_id, None)
        without = account.opening(order.key, order.side)
        account.orders[order_id] = order
        after, opens = account.buying_power, account.opening(order.key, order.side) > without
        del account.orders[order_id]
        if before is not None:
            account.orders[order_id] = before
        return after >= min(power, ZERO) or not opens

    def _trigger(self, command: RecordTrigger, fact: OrderTriggered) -> None:
        """What waited for its price is priced anew, if there is money for that."""
        ticket = self._tickets[fact.order_id]
        before = self.account.orders[fact.order_id]
        group = ticket.group
        gtt = group is not None and group.kind == "GTT"
        fresh = self._naive(command, ticket, triggered=True)
        assert fresh is not None
        fresh = replace(fresh, schedule=before.schedule) if not gtt else fresh
        if gtt or ticket.price is None:
            affordable = not fresh.counts or self._affordable(fact.order_id, fresh)
            assert affordable or not gtt, f"there is no money for {fact}"
            if affordable:
                self.account.orders[fact.order_id] = fresh
        self._triggered.add(fact.order_id)
        self._same("limit", fact, (self.account.orders[fact.order_id].limit,), (fact.limit,))
        if gtt:
            self._expect(self.groups.rest_ends(self.account, fact.order_id))

    def _replace(self, command: ReplaceOrder, fact: OrderReplaced) -> None:
        order, ticket = self.account.orders[fact.order_id], self._tickets[fact.order_id]
        price = command.price or ticket.price
        stop = command.stop_price or ticket.stop_price
        changed = copied(
            ticket, quantity=command.quantity or ticket.quantity, price=price, stop_price=stop
        )
        self._tickets[fact.order_id] = changed
        order = replace(order, quantity=exact(changed.quantity))
        at_market = price is None and fact.order_id in self._triggered
        if (price, stop) != (ticket.price, ticket.stop_price) and not at_market:
            fresh = self._naive(command, changed)
            assert fresh is not None
            order = replace(order, worst=fresh.worst, limit=fresh.limit, per_unit=fresh.per_unit)
        if order.counts:
            assert self._affordable(fact.order_id, order), f"there is no money for {fact}"
        self.account.orders[fact.order_id] = order
        self._same("limit", fact, (order.limit,), (fact.limit,))

    def _end(self, fact: OrderCanceled | OrderExpired) -> None:
        ended = self.account.orders.pop(fact.order_id)
        assert ended.leaves == exact(fact.canceled_qty), fact
        if fact.reason != "EXPIRED":
            self._expect(self.groups.after_end(self.account, fact.order_id, ended.filled))

    def _expect(self, expected: Any) -> None:
        self._expected += list(expected)

    def _follows(self, expected: Expected, fact: Any) -> None:
        """The fact is the one that was foretold."""
        order = self.account.orders[expected.order_id]
        assert (type(fact).__name__, fact.order_id) == expected[:2], (expected, fact)
        match fact:
            case OrderReplaced():
                assert expected.quantity == exact(fact.quantity), (expected, fact)
                order.quantity = expected.quantity or ZERO
                ticket = self._tickets[fact.order_id]
                self._tickets[fact.order_id] = copied(ticket, quantity=fact.quantity)
                self.seen["resized"] += 1
            case OrderCanceled():
                assert order.leaves == exact(fact.canceled_qty), fact
                del self.account.orders[expected.order_id]
                self.seen["taken off"] += 1
            case _:
                pass

    # ── executions, and the end of contracts ───────────────────────────────────

    def _fill(self, command: ApplyFill, fact: OrderFilled) -> None:
        order = self.account.orders[fact.order_id]
        quantity = exact(command.quantity)
        if not order.counts:
            quantity = min(quantity, self.account.closable(order.key, order.side))
        assert quantity == exact(fact.last_qty), fact
        before, fees = self._realised(order.key), self.account.fees
        self.account.fill(fact.order_id, quantity, exact(command.price), command.executed_at.date())
        held, after = self.account.positions[order.key], fact.position
        self.shorts += held.quantity < 0
        now = self._realised(order.key)
        gained = (now[0] - before[0], now[1] - before[1])
        mine = (held.quantity, held.cost, *now, held.margin, held.loan)
        theirs = (after.quantity, after.cost_basis, after.realised_wac, after.realised_fifo)
        self._same("position", fact, mine, (*theirs, after.margin, after.loan))
        self._same("realised", fact, gained, (fact.realised_wac, fact.realised_fifo))
        self._same("fee", fact, (self.account.fees - fees,), (fact.fee,))
        told = (fact.cum_qty, fact.leaves_qty)
        self._same("cumulative", fact, (order.filled, order.leaves), told)
        told_lots = [(exact(lot.quantity), exact(lot.amount)) for lot in fact.lots if lot.quantity]
        mine_lots = [(lot.quantity, lot.amount) for lot in held.lots]
        assert all(lot in mine_lots for lot in told_lots), (fact, held.lots)
        if not order.counts and order.leaves and not self.account.closable(order.key, order.side):
            self._expect([Expected("OrderCanceled", fact.order_id)])
        self._expect(self.groups.after_fill(self.account, fact.order_id, quantity, order.leaves))

    def _settle(self, command: ExpirePosition, fact: PositionExpired) -> None:
        listed, price = command.instrument, exact(command.settlement_price)
        key, kind = Key(fact.symbol, str(fact.product)), str(listed.type)
        before = self._realised(key)
        worth = price
        if kind in reading.OPTIONS:
            worth = intrinsic(kind, exact(listed.strike or 0), price)
        fee = self.account.settle(key, worth, self._fees(command, listed, key.product))
        now = self._realised(key)
        gained = (now[0] - before[0], now[1] - before[1])
        self._same("realised", fact, gained, (fact.realised_wac, fact.realised_fifo))
        self._same("fee", fact, (fee,), (fact.fee,))

"""
I-09: an order goes only where the table of its states says, and what is over is over.

The table is written here a second time, from the text of the reference (trading.md §4.6).
"""

from __future__ import annotations

import os
from decimal import Decimal
from typing import Any
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from commands.base import Command
from commands.trading import (
    CancelOrder,
    ExpireOrder,
    FinishOrderDay,
    PlaceOrder,
    RecordTrigger,
    RejectCancel,
    RejectReplace,
    ReleaseOrder,
    RequestCancel,
    RequestReplace,
    SuspendOrder,
)
from domain.base import Event
from domain.trading import Order, OrderFilled, OrderType, Product, Side
from tests.property.products import SHARE, Trading, seen_at, small
from tests.spec.trading import MINE

EXAMPLES = 500 if os.environ.get("CI") else 15 if os.environ.get("MUTANTS") else 50
LIVE = {"NEW", "PARTIALLY_FILLED"}
ASKED = {"PENDING_CANCEL", "PENDING_REPLACE"}
RESTING = {"SUSPENDED", "DONE_FOR_DAY"}
OVER = {"FILLED", "CANCELED", "REJECTED", "EXPIRED"}
#: What may happen in which states, and what the order then is (None: what it was before).
TABLE: dict[str, tuple[set[str], str | None]] = {
    "OrderAccepted": ({"PENDING_NEW"}, "NEW"),
    "OrderHeld": ({"PENDING_NEW"}, "HELD"),
    "OrderTriggered": ({"HELD"}, "NEW"),
    "OrderCancelRequested": ({"HELD"} | LIVE, "PENDING_CANCEL"),
    "OrderReplaceRequested": ({"HELD"} | LIVE, "PENDING_REPLACE"),
    "OrderCancelRejected": ({"PENDING_CANCEL"}, None),
    "OrderReplaceRejected": ({"PENDING_REPLACE"}, None),
    "OrderReplaced": ({"HELD", "PENDING_REPLACE"} | LIVE, "AS_IT_IS"),
    "OrderSuspended": ({"HELD"} | LIVE, "SUSPENDED"),
    "OrderDoneForDay": ({"HELD"} | LIVE, "DONE_FOR_DAY"),
    "OrderReleased": (RESTING, None),
    "OrderCanceled": ({"HELD"} | LIVE | ASKED | RESTING, "CANCELED"),
    "OrderExpired": ({"HELD"} | LIVE | ASKED | RESTING, "EXPIRED"),
    "OrderFilled": (LIVE | ASKED, "FILLED"),
}
STANDING = (SuspendOrder, ReleaseOrder, FinishOrderDay, RejectCancel, RejectReplace)


class OrderStates(Trading):
    def __init__(self) -> None:
        super().__init__()
        self.states: dict[UUID, str] = {}
        self.before: dict[UUID, str] = {}
        self.left: dict[UUID, Decimal] = {}

    def ask(self, command: Command) -> tuple[Event, ...]:
        facts = super().ask(command)
        for fact in facts:
            self._follow(fact)
        return facts

    def _follow(self, fact: Event) -> None:
        told: Any = fact
        name = type(fact).__name__
        if name == "OrderPlaced":
            self.states[told.order_id] = "PENDING_NEW"
            self.left[told.order_id] = told.order.quantity
        if name not in TABLE:
            return
        order_id: UUID = told.order_id
        allowed, after = TABLE[name]
        now = self.states[order_id]
        assert now in allowed, f"{name} while the order is {now}"
        if isinstance(fact, OrderFilled):
            self.left[order_id] -= fact.last_qty
            assert self.left[order_id] == fact.leaves_qty >= 0
            if fact.leaves_qty:
                after = now if now in ASKED else "PARTIALLY_FILLED"
                self.before[order_id] = "PARTIALLY_FILLED"
        elif name == "OrderReplaced":
            after = self.before[order_id] if now in ASKED else now
            self.left[order_id] = told.quantity - self.account.orders[order_id].cum_qty
        elif after in ASKED or after in RESTING:
            self.before[order_id] = now
        self.states[order_id] = after or self.before[order_id]

    @precondition(lambda self: self.account.orders)
    @rule(data=st.data(), what=st.sampled_from(STANDING))
    def stand(self, data: st.DataObject, what: type[SuspendOrder]) -> None:
        order_id = data.draw(st.sampled_from(sorted(self.account.orders)))
        self.ask(what(at=self.at, account_id=MINE, order_id=order_id, reason="as it is"))

    @precondition(lambda self: self.account.orders)
    @rule(data=st.data(), change=st.booleans())
    def request(self, data: st.DataObject, change: bool) -> None:
        order_id = data.draw(st.sampled_from(sorted(self.account.orders)))
        common: dict[str, Any] = {"at": self.at, "account_id": MINE, "order_id": order_id}
        self.ask(RequestReplace(**common) if change else RequestCancel(**common))

    @precondition(lambda self: self.states)
    @rule(data=st.data(), late=st.booleans())
    def end(self, data: st.DataObject, late: bool) -> None:
        """Also what is over already: nothing comes of it."""
        order_id = data.draw(st.sampled_from(sorted(self.states)))
        common: dict[str, Any] = {"at": self.at, "account_id": MINE, "order_id": order_id}
        over = self.states[order_id] in OVER
        facts = self.ask(ExpireOrder(**common) if late else CancelOrder(**common))
        assert not (over and facts)

    @rule(quantity=small)
    def wait_for_a_price(self, quantity: Decimal) -> None:
        order = Order(
            symbol=SHARE.symbol,
            side=Side.BUY,
            quantity=quantity,
            order_type=OrderType.STOP_LIMIT,
            product=Product.CNC,
            price=Decimal(4),
            stop_price=Decimal("3.5"),
        )
        placing = PlaceOrder(
            at=self.at,
            account_id=MINE,
            order_id=self.new_id(),
            order=order,
            instrument=SHARE,
            quote=seen_at(SHARE.symbol),
        )
        self.ask(placing)

    @precondition(lambda self: self.account.orders)
    @rule(data=st.data())
    def set_off(self, data: st.DataObject) -> None:
        order_id = data.draw(st.sampled_from(sorted(self.account.orders)))
        self.ask(
            RecordTrigger(
                at=self.at,
                account_id=MINE,
                order_id=order_id,
                instrument=SHARE,
                quote=seen_at(SHARE.symbol),
            )
        )

    @invariant()
    def an_order_goes_where_the_table_says(self) -> None:
        for order_id, state in self.states.items():
            if state in OVER:
                assert self.account.done[order_id] == state
                assert order_id not in self.account.orders
            else:
                working = self.account.orders[order_id]
                assert working.status == state
                assert working.leaves_qty == self.left[order_id]
                assert working.cum_qty + working.leaves_qty == working.order.quantity


TestOrderStates = OrderStates.TestCase
TestOrderStates.settings = settings(max_examples=EXAMPLES, stateful_step_count=30)

"""
The account: its cash, what is reserved, its working orders and what it holds.

One stream per account, so that cash, reservations, orders and positions can never disagree.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

from immutables import Map
from msgspec.structs import replace

from domain.base import Event, State
from domain.money import ZERO
from domain.trading.conversion import converted
from domain.trading.day import DAY_FOLDS, Day
from domain.trading.events import AccountOpened, Balance, FundsDeposited, FundsWithdrawn, Kind
from domain.trading.fill_events import OrderFilled, OrderFilledLate, PositionConverted
from domain.trading.lifecycle import Move, Status
from domain.trading.order import LONG_ONLY, Product, Side
from domain.trading.order_events import (
    OrderAccepted,
    OrderCanceled,
    OrderCancelRejected,
    OrderCancelRequested,
    OrderDoneForDay,
    OrderExpired,
    OrderFillDeferred,
    OrderHeld,
    OrderPlaced,
    OrderRejected,
    OrderReleased,
    OrderReplaced,
    OrderReplaceRejected,
    OrderReplaceRequested,
    OrderSuspended,
    OrderTriggered,
    TrailingStopAdjusted,
)
from domain.trading.position import Position
from domain.trading.risk import Risk
from domain.trading.working import Working

FLAT = Position()
#: Facts that change how an order stands, and nothing else.
MOVES: dict[type[Event], Move] = {
    OrderCancelRequested: Move.REQUEST_CANCEL,
    OrderCancelRejected: Move.REJECT_CANCEL,
    OrderReplaceRequested: Move.REQUEST_REPLACE,
    OrderReplaceRejected: Move.REJECT_REPLACE,
    OrderSuspended: Move.SUSPEND,
    OrderReleased: Move.RELEASE,
    OrderDoneForDay: Move.FINISH_DAY,
}


def holding(symbol: str, product: Product) -> str:
    """The key of a position within its account."""
    return f"{symbol}/{product}"


class Account(State, frozen=True):
    """
    What an account must remember to decide, and nothing that is only for show.

    ``late`` are orders of a live account that ended with something left: their venue may yet
    report that it was filled after all.
    """

    owner: str = ""
    currency: str = ""
    fill_model: str = ""
    fees: Decimal = ZERO
    balance: Balance = Balance()
    orders: Map[UUID, Working] = Map()
    positions: Map[str, Position] = Map()
    done: Map[UUID, Status] = Map()
    client_order_ids: Map[str, UUID] = Map()
    kind: Kind = "PAPER"
    fee_schedule: str = "ZERO@1"
    groups: Map[UUID, tuple[UUID, ...]] = Map()
    late: Map[UUID, Working] = Map()
    day: Day = Day()
    risk: Risk = Risk()

    @property
    def available(self) -> Decimal:
        """Cash that neither a working order nor a position has a claim on."""
        return self.balance.available

    def position(self, symbol: str, product: Product) -> Position:
        return self.positions.get(holding(symbol, product), FLAT)

    def evolve(self, event: Event) -> Account:
        taken = FOLDS.get(type(event))
        return self if taken is None else taken(self, event)

    def _funded(self, event: FundsDeposited | FundsWithdrawn) -> Account:
        paid = event.amount if isinstance(event, FundsDeposited) else -event.amount
        return replace(self, balance=event.balance, risk=self.risk.paid(paid))

    def _opened(self, event: AccountOpened) -> Account:
        return replace(
            self,
            owner=f"user:{event.owner_id}",
            currency=event.currency,
            fill_model=event.fill_model,
            balance=event.balance,
            kind=event.kind,
            fee_schedule=event.fee_schedule,
            risk=self.risk.paid(event.opening_capital),
        )

    def _placed(self, event: OrderPlaced) -> Account:
        placed = Working(
            event.order,
            Status.PENDING_NEW,
            client_order_id=event.client_order_id,
            counted=False,
        )
        group, groups = event.order.group, self.groups
        if group is not None:
            groups = groups.set(group.id, (*groups.get(group.id, ()), event.order_id))
        return replace(
            self,
            orders=self.orders.set(event.order_id, placed),
            client_order_ids=self._named(event.client_order_id, event.order_id),
            groups=groups,
            risk=self.risk.ordered(event.placed_at),
        )

    def _rejected(self, event: OrderRejected) -> Account:
        return replace(
            self,
            orders=self.orders.delete(event.order_id)
            if event.order_id in self.orders
            else self.orders,
            done=self.done.set(event.order_id, Status.REJECTED),
            client_order_ids=self._named(event.client_order_id, event.order_id),
        )

    def _accepted(self, event: OrderAccepted | OrderHeld) -> Account:
        working = self.orders.get(event.order_id)
        if working is None:
            return replace(self, balance=event.balance)
        after = working.accepted(event) if isinstance(event, OrderAccepted) else working.held(event)
        return replace(
            self,
            orders=self.orders.set(event.order_id, after),
            positions=self._leaning(working, after),
            balance=event.balance,
        )

    def _triggered(self, event: OrderTriggered) -> Account:
        working = self.orders.get(event.order_id)
        if working is None:
            return replace(self, balance=event.balance)
        after = working.triggered(event)
        return replace(
            self,
            orders=self.orders.set(event.order_id, after),
            positions=self._leaning(working, after),
            balance=event.balance,
        )

    def _filled(self, event: OrderFilled | OrderFilledLate) -> Account:
        key = holding(event.symbol, event.product)
        held = self.positions.get(key, FLAT).filled(event)
        working = self.orders.get(event.order_id)
        if working is None:
            return self._filled_late(event, key, held)
        if working.counted:
            held = held.offered(working.order, working.unit, -event.last_qty)
        orders, done = self.orders, self.done
        if event.leaves_qty == 0:
            orders = orders.delete(event.order_id)
            done = done.set(event.order_id, Status.FILLED)
        else:
            orders = orders.set(event.order_id, working.filled(event))
        return replace(
            self,
            fees=self.fees + event.fee,
            positions=self.positions.set(key, held),
            balance=event.balance,
            orders=orders,
            done=done,
            risk=self.risk.traded(event),
        )

    def _filled_late(
        self, event: OrderFilled | OrderFilledLate, key: str, held: Position
    ) -> Account:
        ended, late = self.late.get(event.order_id), self.late
        if ended is not None:
            late = late.set(event.order_id, ended.filled(event))
        return replace(
            self,
            fees=self.fees + event.fee,
            positions=self.positions.set(key, held),
            balance=event.balance,
            late=late,
        )

    def _replaced(self, event: OrderReplaced) -> Account:
        working = self.orders.get(event.order_id)
        if working is None:
            return replace(self, balance=event.balance)
        after = working.replaced(event)
        return replace(
            self,
            orders=self.orders.set(event.order_id, after),
            positions=self._leaning(working, after),
            client_order_ids=self._named(event.client_order_id, event.order_id),
            balance=event.balance,
        )

    def _ended(self, event: OrderCanceled | OrderExpired) -> Account:
        move = Move.CANCEL if isinstance(event, OrderCanceled) else Move.EXPIRE
        working = self.orders.get(event.order_id)
        if working is None:
            return replace(self, balance=event.balance)
        late = self.late
        if self.kind == "LIVE":
            late = late.set(event.order_id, replace(working, counted=False, reserved=ZERO))
        return replace(
            self,
            orders=self.orders.delete(event.order_id),
            done=self.done.set(event.order_id, working.after(move)),
            positions=self._leaning(working, None),
            balance=event.balance,
            late=late,
        )

    def _stands(self, event: Any) -> Account:
        working = self.orders.get(event.order_id)
        if working is None:
            return self
        match event:
            case TrailingStopAdjusted():
                after = replace(working, stop=event.stop)
            case OrderFillDeferred():
                after = replace(working, deferred=event.reason)
            case _:
                after = working.moved(MOVES[type(event)])
        return replace(self, orders=self.orders.set(event.order_id, after))

    def _converted(self, event: PositionConverted) -> Account:
        source = self.position(event.symbol, event.from_product)
        target = self.position(event.symbol, event.to_product)
        left, grown = converted(source, target, event)
        positions = self.positions.set(holding(event.symbol, event.from_product), left)
        positions = positions.set(holding(event.symbol, event.to_product), grown)
        return replace(self, positions=positions, balance=event.balance)

    def _named(self, client_order_id: str | None, order_id: UUID) -> Map[str, UUID]:
        if client_order_id is None:
            return self.client_order_ids
        return self.client_order_ids.set(client_order_id, order_id)

    def _leaning(self, before: Working | None, after: Working | None) -> Map[str, Position]:
        """The positions once an order leans on its own as it does after, and no more as before."""
        either = after or before
        order = either.order if either is not None else None
        if order is None or (order.side is Side.BUY and order.product in LONG_ONLY):
            return self.positions
        key = holding(order.symbol, order.product)
        held = was = self.positions.get(key, FLAT)
        if before is not None:
            held = held.offered(before.order, before.unit, -before.counted_qty)
        if after is not None:
            held = held.offered(after.order, after.unit, after.counted_qty)
        return self.positions if held is was else self.positions.set(key, held)


#: What each fact changes; those that are not here are for others to read.
FOLDS: dict[type[Event], Callable[[Account, Any], Account]] = {
    OrderPlaced: Account._placed,
    OrderAccepted: Account._accepted,
    OrderHeld: Account._accepted,
    OrderTriggered: Account._triggered,
    OrderFillDeferred: Account._stands,
    TrailingStopAdjusted: Account._stands,
    OrderFilled: Account._filled,
    OrderFilledLate: Account._filled,
    OrderReplaced: Account._replaced,
    OrderCanceled: Account._ended,
    OrderExpired: Account._ended,
    OrderRejected: Account._rejected,
    **dict.fromkeys(MOVES, Account._stands),
    AccountOpened: Account._opened,
    FundsDeposited: Account._funded,
    FundsWithdrawn: Account._funded,
    PositionConverted: Account._converted,
    **DAY_FOLDS,
}

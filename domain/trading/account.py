"""
The account: its cash, what is reserved, its working orders and what it holds.

One stream per account, so that cash, reservations, orders and positions can never disagree.
"""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from immutables import Map
from msgspec.structs import replace

from domain.base import Event, State
from domain.money import ZERO
from domain.trading.events import (
    AccountOpened,
    Balance,
    FundsDeposited,
    FundsWithdrawn,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderPlaced,
    OrderRejected,
    OrderReplaced,
)
from domain.trading.order import NEXT, Move, Order, Product, Side, Status, Working
from domain.trading.position import Position

FLAT = Position()


def holding(symbol: str, product: Product) -> str:
    """The key of a position within its account."""
    return f"{symbol}/{product}"


class Account(State, frozen=True):
    """What an account must remember to decide, and nothing that is only for show."""

    owner: str = ""
    currency: str = ""
    fill_model: str = ""
    fees: Decimal = ZERO
    balance: Balance = Balance()
    orders: Map[UUID, Working] = Map()
    positions: Map[str, Position] = Map()
    done: Map[UUID, Status] = Map()
    client_order_ids: Map[str, UUID] = Map()

    @property
    def available(self) -> Decimal:
        """Cash that no working order has a claim on."""
        return self.balance.cash - self.balance.reserved

    def position(self, symbol: str, product: Product) -> Position:
        return self.positions.get(holding(symbol, product), FLAT)

    def evolve(self, event: Event) -> Account:
        match event:
            case OrderPlaced():
                return self._placed(event)
            case OrderAccepted():
                return self._accepted(event)
            case OrderFilled():
                return self._filled(event)
            case OrderReplaced():
                return self._replaced(event)
            case OrderCanceled():
                return self._ended(event, Move.CANCEL)
            case OrderExpired():
                return self._ended(event, Move.EXPIRE)
            case OrderRejected():
                return self._rejected(event)
            case FundsDeposited() | FundsWithdrawn():
                return replace(self, balance=event.balance)
            case AccountOpened():
                return replace(
                    self,
                    owner=f"user:{event.owner_id}",
                    currency=event.currency,
                    fill_model=event.fill_model,
                    balance=event.balance,
                )
            case _:
                return self

    def _placed(self, event: OrderPlaced) -> Account:
        status = NEXT[None, Move.PLACE]
        placed = Working(event.order, status, client_order_id=event.client_order_id)
        return replace(
            self,
            orders=self.orders.set(event.order_id, placed),
            client_order_ids=self._named(event.client_order_id, event.order_id),
            positions=self._offering(event.order, event.order.quantity),
        )

    def _rejected(self, event: OrderRejected) -> Account:
        return replace(
            self,
            done=self.done.set(event.order_id, Status.REJECTED),
            client_order_ids=self._named(event.client_order_id, event.order_id),
        )

    def _accepted(self, event: OrderAccepted) -> Account:
        working = self.orders.get(event.order_id)
        if working is None:
            return replace(self, balance=event.balance)
        accepted = replace(
            working,
            status=NEXT.get((working.status, Move.ACCEPT), working.status),
            limit=event.limit,
            reserved=event.reserved,
        )
        return replace(
            self, orders=self.orders.set(event.order_id, accepted), balance=event.balance
        )

    def _filled(self, event: OrderFilled) -> Account:
        key = holding(event.symbol, event.product)
        held = self.positions.get(key, FLAT)
        positions = self.positions.set(key, held.filled(event))
        fees = self.fees + event.fee
        working = self.orders.get(event.order_id)
        if working is None:
            return replace(self, fees=fees, positions=positions, balance=event.balance)
        if event.leaves_qty == 0:
            return replace(
                self,
                fees=fees,
                positions=positions,
                balance=event.balance,
                orders=self.orders.delete(event.order_id),
                done=self.done.set(event.order_id, Status.FILLED),
            )
        part = Working(
            order=working.order,
            status=NEXT.get((working.status, Move.FILL_PART), working.status),
            cum_qty=event.cum_qty,
            limit=working.limit,
            reserved=event.reserved,
            turnover=working.turnover + event.gross,
            execs=(*working.execs, str(event.exec_id)),
            client_order_id=working.client_order_id,
        )
        orders = self.orders.set(event.order_id, part)
        return replace(self, fees=fees, positions=positions, balance=event.balance, orders=orders)

    def _replaced(self, event: OrderReplaced) -> Account:
        working = self.orders.get(event.order_id)
        if working is None:
            return replace(self, balance=event.balance)
        order = replace(working.order, quantity=event.quantity, price=event.price)
        changed = replace(working, order=order, limit=event.limit, reserved=event.reserved)
        return replace(
            self,
            orders=self.orders.set(event.order_id, changed),
            positions=self._offering(order, event.quantity - working.order.quantity),
            balance=event.balance,
        )

    def _ended(self, event: OrderCanceled | OrderExpired, move: Move) -> Account:
        working = self.orders.get(event.order_id)
        if working is None:
            return replace(self, balance=event.balance)
        status = NEXT.get((working.status, move), working.status)
        return replace(
            self,
            orders=self.orders.delete(event.order_id),
            done=self.done.set(event.order_id, status),
            positions=self._offering(working.order, -event.canceled_qty),
            balance=event.balance,
        )

    def _named(self, client_order_id: str | None, order_id: UUID) -> Map[str, UUID]:
        if client_order_id is None:
            return self.client_order_ids
        return self.client_order_ids.set(client_order_id, order_id)

    def _offering(self, order: Order, more: Decimal) -> Map[str, Position]:
        """The positions once ``more`` of what this order sells is on offer."""
        if order.side is Side.BUY or more == ZERO:
            return self.positions
        key = holding(order.symbol, order.product)
        held = self.positions.get(key, FLAT)
        return self.positions.set(key, replace(held, selling=held.selling + more))

"""
Positions: what is held of one instrument under one product, and the orders that lean on it.

A short position has a quantity below zero.  How a fill changes it is in ``domain.trading.cost``.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from immutables import Map
from msgspec import Struct
from msgspec.structs import replace

from domain.money import ZERO
from domain.trading.fill_events import Execution, LotAfter
from domain.trading.order import LONG_ONLY, Order, Side, Style

Levels = Map[Decimal, Decimal]


class Lot(Struct, frozen=True):
    """A layer opened at one time: ``amount`` is what ``quantity`` cost, or was sold short for."""

    exec_id: UUID
    quantity: Decimal
    amount: Decimal
    opened_at: datetime


class Position(Struct, frozen=True):
    """
    What is held of one instrument under one product.

    ``selling`` and ``buying`` are the leaves of working orders that count, ``sells`` and
    ``buys`` the same by what one opening unit needs (kept where opposite orders net only);
    ``last_price`` is the last the account has seen.  ``settled_qty`` has been delivered.
    """

    quantity: Decimal = ZERO
    cost_basis: Decimal = ZERO
    realised_wac: Decimal = ZERO
    realised_fifo: Decimal = ZERO
    selling: Decimal = ZERO
    last_price: Decimal = ZERO
    multiplier: Decimal = Decimal(1)
    lots: tuple[Lot, ...] = ()
    style: Style = Style.PREMIUM
    margin: Decimal = ZERO
    loan: Decimal = ZERO
    settled_qty: Decimal = ZERO
    buying: Decimal = ZERO
    sells: Levels = Map()
    buys: Levels = Map()

    @property
    def sellable(self) -> Decimal:
        """What is held and not yet on offer."""
        return self.quantity - self.selling

    @property
    def signed_cost(self) -> Decimal:
        return -self.cost_basis if self.quantity < 0 else self.cost_basis

    def unrealised_at(self, price: Decimal) -> Decimal:
        return self.quantity * price * self.multiplier - self.signed_cost

    def value_at(self, price: Decimal) -> Decimal:
        """What it adds to equity: its price where it was paid for, else what it has gained."""
        if self.style is Style.PREMIUM:
            return self.quantity * price * self.multiplier
        return self.unrealised_at(price)

    @property
    def value(self) -> Decimal:
        return self.value_at(self.last_price)

    @property
    def variation(self) -> Decimal:
        """Gain or loss that has not moved cash yet and would."""
        return ZERO if self.style is Style.PREMIUM else self.unrealised_at(self.last_price)

    @property
    def risk_margin(self) -> Decimal:
        """Of a short option: its margin beside what buying it back would cost."""
        if self.style is Style.VARIATION or self.quantity >= 0:
            return ZERO
        return self.margin + self.value

    def closable(self, side: Side) -> Decimal:
        """How much an order of this side may still close, beside the orders that count."""
        if side is Side.SELL:
            return max(ZERO, self.quantity - self.selling)
        return max(ZERO, -self.quantity - self.buying)

    def offered(self, order: Order, unit: Decimal | None, more: Decimal) -> Position:
        """The position once ``more`` of an order that counts leans on it."""
        if not more:
            return self
        if order.product in LONG_ONLY:
            if order.side is Side.BUY:
                return self
            return replace(self, selling=self.selling + more)
        if order.side is Side.BUY:
            return replace(self, buying=self.buying + more, buys=_level(self.buys, unit, more))
        return replace(self, selling=self.selling + more, sells=_level(self.sells, unit, more))

    def filled(self, fill: Execution) -> Position:
        """What is held after this fill, as the fill itself records it."""
        after = fill.position
        return Position(
            quantity=after.quantity,
            cost_basis=after.cost_basis,
            realised_wac=after.realised_wac,
            realised_fifo=after.realised_fifo,
            selling=self.selling,
            last_price=fill.last_px,
            multiplier=fill.multiplier,
            lots=layers_after(self.lots, fill),
            style=fill.style,
            margin=after.margin,
            loan=after.loan,
            settled_qty=self.settled_after(after.quantity),
            buying=self.buying,
            sells=self.sells,
            buys=self.buys,
        )

    def settled_after(self, quantity: Decimal) -> Decimal:
        """What of it has been delivered once so much is held: what came first goes first."""
        if not self.settled_qty or quantity >= self.quantity:
            return self.settled_qty
        return max(ZERO, self.settled_qty - (self.quantity - quantity))


def _level(levels: Levels, unit: Decimal | None, more: Decimal) -> Levels:
    key = unit or ZERO
    quantity = levels.get(key, ZERO) + more
    return levels.set(key, quantity) if quantity else levels.delete(key)


def layers_after(lots: tuple[Lot, ...], fill: Execution) -> tuple[Lot, ...]:
    """The layers once those the fill names are consumed, and the one it opened is added."""
    touched: tuple[LotAfter, ...] = fill.lots
    opened: tuple[Lot, ...] = ()
    if touched and touched[-1].exec_id == fill.exec_id:
        last, touched = touched[-1], touched[:-1]
        opened = (Lot(last.exec_id, last.quantity, last.amount, fill.executed_at),)
    if not touched:
        return (*lots, *opened)
    consumed, rest = lots[: len(touched)], lots[len(touched) :]
    left = (
        Lot(after.exec_id, after.quantity, after.amount, lot.opened_at)
        for lot, after in zip(consumed, touched, strict=False)
        if after.quantity
    )
    return (*left, *rest, *opened)

"""
Positions: weighted-average cost is the book; FIFO lots are kept beside it from the same fills.

Total P&L is the same under both (reference: the fill rule of weighted-average inventory).
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from msgspec import Struct

from domain.money import ZERO, tidy
from domain.trading.events import LotAfter, OrderFilled, PositionAfter
from domain.trading.order import Side


class Lot(Struct, frozen=True):
    """A layer bought at one time: ``amount`` is what ``quantity`` cost."""

    exec_id: UUID
    quantity: Decimal
    amount: Decimal
    opened_at: datetime


class Position(Struct, frozen=True):
    """
    What is held of one instrument under one product.

    ``selling`` is offered by working orders; ``last_price`` is the last the account has seen.
    """

    quantity: Decimal = ZERO
    cost_basis: Decimal = ZERO
    realised_wac: Decimal = ZERO
    realised_fifo: Decimal = ZERO
    selling: Decimal = ZERO
    last_price: Decimal = ZERO
    multiplier: Decimal = Decimal(1)
    lots: tuple[Lot, ...] = ()

    @property
    def sellable(self) -> Decimal:
        return self.quantity - self.selling

    @property
    def value(self) -> Decimal:
        return self.quantity * self.last_price * self.multiplier

    def filled(self, fill: OrderFilled) -> Position:
        """The position after this fill, as the fill itself records it."""
        sold = fill.last_qty if fill.side is Side.SELL else ZERO
        return Position(
            quantity=fill.position.quantity,
            cost_basis=fill.position.cost_basis,
            realised_wac=fill.position.realised_wac,
            realised_fifo=fill.position.realised_fifo,
            selling=self.selling - sold,
            last_price=fill.last_px,
            multiplier=fill.multiplier,
            lots=_layers_after(self.lots, fill),
        )


class Effect(Struct, frozen=True):
    """What a fill does to a position: the totals after it, and its own realised P&L."""

    position: PositionAfter
    lots: tuple[LotAfter, ...]
    realised_wac: Decimal = ZERO
    realised_fifo: Decimal = ZERO


def bought(held: Position, exec_id: UUID, quantity: Decimal, gross: Decimal) -> Effect:
    after = PositionAfter(
        held.quantity + quantity,
        tidy(held.cost_basis + gross),
        held.realised_wac,
        held.realised_fifo,
    )
    return Effect(after, (LotAfter(exec_id, quantity, gross),))


def sold(held: Position, quantity: Decimal, gross: Decimal) -> Effect:
    """Sell out of what is held; ``quantity`` is at most ``held.quantity``."""
    relieved = _part(held.cost_basis, quantity, held.quantity)
    lots, relieved_fifo = _consume(held.lots, quantity)
    wac, fifo = tidy(gross - relieved), tidy(gross - relieved_fifo)
    after = PositionAfter(
        held.quantity - quantity,
        tidy(held.cost_basis - relieved),
        tidy(held.realised_wac + wac),
        tidy(held.realised_fifo + fifo),
    )
    return Effect(after, lots, wac, fifo)


def _part(amount: Decimal, taken: Decimal, whole: Decimal) -> Decimal:
    return amount if taken == whole else tidy(amount * taken / whole)


def _consume(lots: tuple[Lot, ...], quantity: Decimal) -> tuple[tuple[LotAfter, ...], Decimal]:
    touched: list[LotAfter] = []
    relieved = ZERO
    for lot in lots:
        if quantity == 0:
            break
        taken = min(lot.quantity, quantity)
        part = _part(lot.amount, taken, lot.quantity)
        touched.append(LotAfter(lot.exec_id, lot.quantity - taken, tidy(lot.amount - part)))
        relieved += part
        quantity -= taken
    return tuple(touched), relieved


def _layers_after(lots: tuple[Lot, ...], fill: OrderFilled) -> tuple[Lot, ...]:
    if fill.side is Side.BUY:
        opened = (Lot(o.exec_id, o.quantity, o.amount, fill.executed_at) for o in fill.lots)
        return (*lots, *opened)
    consumed, rest = lots[: len(fill.lots)], lots[len(fill.lots) :]
    left = (
        Lot(after.exec_id, after.quantity, after.amount, lot.opened_at)
        for lot, after in zip(consumed, fill.lots, strict=False)
        if after.quantity
    )
    return (*left, *rest)

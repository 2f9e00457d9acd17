"""
Cost: weighted average is the book; FIFO lots are kept beside it from the same fills.

Total P&L is the same under both, after every fill, long and short (reference: the fill rule of
weighted-average inventory; trading.md §4.8).
"""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from msgspec import Struct

from domain.money import ZERO, tidy
from domain.trading.fill_events import LotAfter
from domain.trading.order import Side
from domain.trading.position import Lot, Position


class Effect(Struct, frozen=True):
    """
    What a fill does to a position: the totals after it, and its own realised P&L.

    ``closed`` and ``opened`` are units; ``gross_opened`` is the part of the gross that opened.
    """

    quantity: Decimal
    cost_basis: Decimal
    lots: tuple[LotAfter, ...]
    closed: Decimal = ZERO
    opened: Decimal = ZERO
    gross_opened: Decimal = ZERO
    realised_wac: Decimal = ZERO
    realised_fifo: Decimal = ZERO


def traded(held: Position, side: Side, quantity: Decimal, gross: Decimal, exec_id: UUID) -> Effect:
    """
    A fill of ``quantity`` for ``gross`` in all: first it closes what opposes it, then it opens.

    A reversal does both; ``gross`` is shared out by units, what opened gets the rest.
    """
    signed = quantity if side is Side.BUY else -quantity
    opposes = held.quantity * signed < 0
    if not opposes:
        lot = LotAfter(exec_id, quantity, gross)
        cost = tidy(held.cost_basis + gross)
        return Effect(held.quantity + signed, cost, (lot,), ZERO, quantity, gross)
    size = abs(held.quantity)
    closed = min(quantity, size)
    gross_closed = part_of(gross, closed, quantity)
    relieved = part_of(held.cost_basis, closed, size)
    lots, relieved_fifo = consume(held.lots, closed)
    sign = 1 if held.quantity > 0 else -1
    opened, gross_opened = quantity - closed, tidy(gross - gross_closed)
    if opened:
        lots = (*lots, LotAfter(exec_id, opened, gross_opened))
    return Effect(
        quantity=held.quantity + signed,
        cost_basis=tidy(held.cost_basis - relieved + gross_opened),
        lots=lots,
        closed=closed,
        opened=opened,
        gross_opened=gross_opened,
        realised_wac=tidy(sign * (gross_closed - relieved)),
        realised_fifo=tidy(sign * (gross_closed - relieved_fifo)),
    )


def part_of(amount: Decimal, taken: Decimal, whole: Decimal) -> Decimal:
    return amount if taken == whole else tidy(amount * taken / whole)


def consume(lots: tuple[Lot, ...], quantity: Decimal) -> tuple[tuple[LotAfter, ...], Decimal]:
    """The oldest layers first: what is left of each one touched, and what all of it had cost."""
    touched: list[LotAfter] = []
    relieved = ZERO
    for lot in lots:
        if quantity == 0:
            break
        taken = min(lot.quantity, quantity)
        part = part_of(lot.amount, taken, lot.quantity)
        touched.append(LotAfter(lot.exec_id, lot.quantity - taken, tidy(lot.amount - part)))
        relieved += part
        quantity -= taken
    return tuple(touched), relieved

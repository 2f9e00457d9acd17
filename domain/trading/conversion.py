"""Conversion: a position, or a part of it, that is held under another product from now on."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from msgspec.structs import replace

from domain.money import ZERO
from domain.trading.fill_events import PositionAfter, PositionConverted
from domain.trading.order import Style
from domain.trading.position import Lot, Position


def converted(
    source: Position, target: Position, event: PositionConverted
) -> tuple[Position, Position]:
    """The two positions after it, as the fact has them; the layers go along at cost."""
    left = _as_told(source, event.source, event.from_style, event)
    grown = _as_told(target, event.target, event.to_style, event)
    stay = {lot.exec_id: (lot.left_qty, lot.left_amount) for lot in event.lots}
    come = {lot.exec_id: (lot.held_qty, lot.held_amount) for lot in event.lots}
    known = {lot.exec_id for lot in target.lots}
    new = (
        Lot(moved.exec_id, ZERO, ZERO, moved.opened_at)
        for moved in event.lots
        if moved.exec_id not in known
    )
    return (
        replace(left, lots=_layers(source.lots, stay)),
        replace(grown, lots=_layers((*target.lots, *new), come)),
    )


def _as_told(
    held: Position, after: PositionAfter, style: Style, event: PositionConverted
) -> Position:
    return replace(
        held,
        quantity=after.quantity,
        cost_basis=after.cost_basis,
        realised_wac=after.realised_wac,
        realised_fifo=after.realised_fifo,
        margin=after.margin,
        loan=after.loan,
        settled_qty=held.settled_after(after.quantity),
        last_price=event.price,
        multiplier=event.multiplier,
        style=style,
    )


def _layers(lots: tuple[Lot, ...], told: dict[UUID, tuple[Decimal, Decimal]]) -> tuple[Lot, ...]:
    """The layers with what is told of them, oldest first; none that is used up."""
    after = (
        replace(lot, quantity=told[lot.exec_id][0], amount=told[lot.exec_id][1])
        if lot.exec_id in told
        else lot
        for lot in lots
    )
    return tuple(sorted((lot for lot in after if lot.quantity), key=lambda lot: lot.opened_at))

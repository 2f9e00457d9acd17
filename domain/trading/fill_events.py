"""The facts that change what is held: executions, and a position that changes its product."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from msgspec import Struct

from domain.base import Event
from domain.market import Evidence
from domain.money import ZERO
from domain.trading.events import Balance, Posting
from domain.trading.order import Product, Side, Style


class PositionAfter(Struct, frozen=True, omit_defaults=True):
    """
    The position right after a fill; ``cost_basis`` and realised P&L are totals.

    ``quantity`` is below zero when short, ``cost_basis`` is then what the open units were sold
    for.  ``margin`` is held for it, ``loan`` is owed for it; ``settled_qty`` is told only where
    it is another than before.
    """

    quantity: Decimal
    cost_basis: Decimal
    realised_wac: Decimal
    realised_fifo: Decimal
    margin: Decimal = ZERO
    loan: Decimal = ZERO
    settled_qty: Decimal | None = None


class LotAfter(Struct, frozen=True):
    """A FIFO layer touched by a fill: what is left of it, zero when it is used up."""

    exec_id: UUID
    quantity: Decimal
    amount: Decimal


class Liquidity(StrEnum):
    """FIX 851."""

    MAKER = "MAKER"
    TAKER = "TAKER"
    AUCTION = "AUCTION"
    STOP = "STOP"


class Execution(Event, frozen=True, omit_defaults=True):
    """
    One execution of one order.

    ``gross`` is last_px x last_qty x multiplier; ``realised_*`` are this fill's alone;
    ``lots`` are the layers consumed, oldest first, and then the one opened (a reversal does
    both; ``short_qty`` of it was sold short).  ``fee`` is the sum of ``fees`` by component,
    taken from ``fee_schedule``; ``loan`` was drawn (below zero: paid back).
    """

    account_id: UUID
    order_id: UUID
    exec_id: UUID
    symbol: str
    product: Product
    side: Side
    last_qty: Decimal
    last_px: Decimal
    multiplier: Decimal
    cum_qty: Decimal
    leaves_qty: Decimal
    gross: Decimal
    fee: Decimal
    realised_wac: Decimal
    realised_fifo: Decimal
    reserved: Decimal
    position: PositionAfter
    lots: tuple[LotAfter, ...]
    executed_at: datetime
    evidence: Evidence
    postings: tuple[Posting, ...]
    balance: Balance
    fees: dict[str, Decimal] | None = None
    fee_schedule: str = "ZERO@1"
    style: Style = Style.PREMIUM
    loan: Decimal = ZERO
    liquidity: Liquidity = Liquidity.TAKER
    short_qty: Decimal = ZERO
    settle_date: date | None = None


class OrderFilled(Execution, frozen=True):
    """The venue has executed a working order, in part or to the end."""


class OrderFilledLate(Execution, frozen=True):
    """A live venue executed an order that was cancelled or expired: it counts all the same."""


class LotMoved(Struct, frozen=True):
    """
    A layer, or the part of one, that goes along.

    ``left_*`` is what stays behind of it, ``held_*`` what its new position then has of it.
    """

    exec_id: UUID
    quantity: Decimal
    amount: Decimal
    opened_at: datetime
    left_qty: Decimal
    left_amount: Decimal
    held_qty: Decimal
    held_amount: Decimal


class PositionConverted(Event, frozen=True):
    """
    ``quantity`` went from one product to the other at cost; equity is what it was.

    ``source`` and ``target`` are the two positions right after it, ``lots`` what was moved.
    """

    account_id: UUID
    conversion_id: UUID
    symbol: str
    from_product: Product
    to_product: Product
    from_style: Style
    to_style: Style
    quantity: Decimal
    cost: Decimal
    price: Decimal
    multiplier: Decimal
    source: PositionAfter
    target: PositionAfter
    lots: tuple[LotMoved, ...]
    postings: tuple[Posting, ...]
    balance: Balance

"""
Trades that were wrong: corrected (FIX ExecType G) or annulled (H), never edited.

The trade keeps the id of its first execution; each version has an execution id of its own and
names the one before it.  What it means for the account is told by ``PositionRestated``.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from msgspec import Struct

from domain.base import Event
from domain.trading.day_events import HoldingAfter
from domain.trading.events import Balance, Posting
from domain.trading.order import Product, Side


class Terms(Struct, frozen=True):
    """What can be wrong about an execution."""

    quantity: Decimal
    price: Decimal
    executed_at: datetime


class TradeCorrected(Event, frozen=True):
    """``exec_id`` counts from now on in the place of ``exec_ref_id``."""

    account_id: UUID
    trade_id: UUID
    exec_id: UUID
    exec_ref_id: UUID
    version: int
    order_id: UUID
    symbol: str
    product: Product
    side: Side
    before: Terms
    after: Terms
    reason: str


class TradeAnnulled(Event, frozen=True):
    """It never counted."""

    account_id: UUID
    trade_id: UUID
    exec_id: UUID
    exec_ref_id: UUID
    version: int
    order_id: UUID
    symbol: str
    product: Product
    side: Side
    before: Terms
    reason: str


class Deltas(Struct, frozen=True):
    """By how much the corrected history differs from the one that was booked."""

    quantity: Decimal
    cost_basis: Decimal
    realised_wac: Decimal
    realised_fifo: Decimal
    fees: Decimal
    margin: Decimal
    loan: Decimal
    cash: Decimal


class PositionRestated(Event, frozen=True):
    """
    The position as it would be, had the trade always been as it is now.

    ``effective_at`` is the time of the trade; earlier ledger entries stay as they were, and one
    posting makes up the difference.  ``order_cum_qty`` and ``order_turnover`` are the order's
    fills as they count now.
    """

    account_id: UUID
    trade_id: UUID
    order_id: UUID
    effective_at: datetime
    deltas: Deltas
    lots_before_sha256: str
    holding: HoldingAfter
    order_cum_qty: Decimal
    order_turnover: Decimal
    postings: tuple[Posting, ...]
    balance: Balance

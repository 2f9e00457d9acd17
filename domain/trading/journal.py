"""
The trade journal: what a person notes about trades made elsewhere, apart from every account.

Profit is computed from what is noted, never noted itself.  An entry is corrected and annulled,
never edited: each version has an execution id of its own.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Literal
from uuid import UUID

from immutables import Map
from msgspec import Struct

from domain.base import Event, State
from domain.money import ZERO


class JournalEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    One trade, from entry to exit; ``sell_price`` is None as long as it is open.

    Prices are a unit, ``capital_used`` are own funds paid at entry; ``mtf_charge`` is interest
    and fees of margin funding, ``brokerage_charge`` every other fee.
    """

    stock_ticker: str
    quantity: Decimal
    buy_price: Decimal
    order_executed_at: datetime
    sell_price: Decimal | None = None
    capital_used: Decimal | None = None
    brokerage_charge: Decimal = ZERO
    mtf_charge: Decimal = ZERO
    type: str = "eq"
    order_id: str | None = None
    strategy: str | None = None
    notes: str = ""
    tags: tuple[str, ...] = ()

    @property
    def status(self) -> Literal["OPEN", "CLOSED"]:
        return "OPEN" if self.sell_price is None else "CLOSED"

    @property
    def net_pnl(self) -> Decimal | None:
        """What it has brought after all charges; None while it is open."""
        if self.sell_price is None:
            return None
        gross = (self.sell_price - self.buy_price) * self.quantity
        return gross - self.brokerage_charge - self.mtf_charge


class ManualTradeRecorded(Event, frozen=True):
    user_id: UUID
    trade_id: UUID
    exec_id: UUID
    entry: JournalEntry


class ManualTradeCorrected(Event, frozen=True):
    """``entry`` counts from now on in the place of the version ``exec_ref_id``."""

    user_id: UUID
    trade_id: UUID
    exec_id: UUID
    exec_ref_id: UUID
    version: int
    entry: JournalEntry
    reason: str


class ManualTradeAnnulled(Event, frozen=True):
    user_id: UUID
    trade_id: UUID
    exec_id: UUID
    exec_ref_id: UUID
    version: int
    reason: str


class Standing(StrEnum):
    ACTIVE = "ACTIVE"
    CORRECTED = "CORRECTED"
    ANNULLED = "ANNULLED"


class Noted(Struct, frozen=True):
    """The newest version of one trade."""

    version: int
    exec_id: UUID
    entry: JournalEntry
    standing: Standing = Standing.ACTIVE


class Journal(State, frozen=True):
    trades: Map[UUID, Noted] = Map()

    def evolve(self, event: Event) -> Journal:
        match event:
            case ManualTradeRecorded():
                noted = Noted(1, event.exec_id, event.entry)
            case ManualTradeCorrected():
                noted = Noted(event.version, event.exec_id, event.entry, Standing.CORRECTED)
            case ManualTradeAnnulled() if event.trade_id in self.trades:
                entry = self.trades[event.trade_id].entry
                noted = Noted(event.version, event.exec_id, entry, Standing.ANNULLED)
            case _:
                return self
        return Journal(self.trades.set(event.trade_id, noted))

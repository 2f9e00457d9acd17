"""Instruments: what may be traded, in which steps of price and quantity."""

from __future__ import annotations

import re
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from msgspec import Struct

from domain.money import is_amount, is_multiple

_SYMBOL = re.compile(r"[A-Z0-9][A-Z0-9.&_-]{0,31}")
_CURRENCY = re.compile(r"[A-Z]{3,5}")


class InstrumentType(StrEnum):
    EQ = "EQ"
    ETF = "ETF"
    IDX = "IDX"
    FUT = "FUT"
    CE = "CE"
    PE = "PE"
    SPOT = "SPOT"


_DERIVATIVES = frozenset({InstrumentType.FUT, InstrumentType.CE, InstrumentType.PE})


class Instrument(Struct, frozen=True, kw_only=True):
    """
    What may be traded.

    ``qty_step`` is the smallest change of a quantity, ``lot_size`` the contract's, ``max_qty``
    the freeze quantity; ``multiplier`` turns price x quantity into money.
    """

    symbol: str
    name: str
    exchange: str
    type: InstrumentType
    currency: str
    tick_size: Decimal
    lot_size: Decimal = Decimal(1)
    qty_step: Decimal = Decimal(1)
    min_qty: Decimal = Decimal(1)
    max_qty: Decimal = Decimal(1_000_000)
    multiplier: Decimal = Decimal(1)

    @property
    def product(self) -> Literal["CNC", "SPOT"] | None:
        """How it is held unless the order says otherwise; None where nothing can be."""
        match self.type:
            case InstrumentType.EQ | InstrumentType.ETF:
                return "CNC"
            case InstrumentType.SPOT:
                return "SPOT"
            case _:
                return None

    @property
    def step(self) -> Decimal:
        """What an order's quantity must be a multiple of."""
        return self.lot_size if self.type in _DERIVATIVES else self.qty_step


def is_symbol(text: str) -> bool:
    """1 to 32 of A-Z 0-9 . & _ - beginning with a letter or a digit."""
    return _SYMBOL.fullmatch(text) is not None


def listing_faults(instrument: Instrument) -> tuple[str, ...]:
    """Every rule that forbids listing this instrument, in words; empty when it may be listed."""
    sizes = {
        name: getattr(instrument, name)
        for name in ("tick_size", "lot_size", "qty_step", "min_qty", "max_qty", "multiplier")
    }
    faults = [f"{name} must be above zero" for name, size in sizes.items() if not is_amount(size)]
    if not is_symbol(instrument.symbol):
        faults.append("symbol must be 1 to 32 of A-Z 0-9 . & _ -")
    if not _CURRENCY.fullmatch(instrument.currency):
        faults.append("currency must be 3 to 5 capital letters")
    if faults:
        return tuple(faults)
    if not is_amount(instrument.tick_size * instrument.qty_step * instrument.multiplier):
        faults.append("tick_size x qty_step x multiplier must be a multiple of 0.00000001")
    if instrument.min_qty > instrument.max_qty:
        faults.append("min_qty must be at most max_qty")
    if not is_multiple(instrument.min_qty, instrument.qty_step):
        faults.append("min_qty must be a multiple of qty_step")
    if not is_multiple(instrument.lot_size, instrument.qty_step):
        faults.append("lot_size must be a multiple of qty_step")
    return tuple(faults)

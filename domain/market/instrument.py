"""Instruments: what may be traded, in which steps of price and quantity."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from msgspec import Struct

from domain.money import is_amount, is_multiple

_SYMBOL = re.compile(r"[A-Z0-9][A-Z0-9.&_-]{0,31}")
_CURRENCY = re.compile(r"[A-Z]{3,5}")


ProductName = Literal["CNC", "SPOT", "MTF", "MIS", "NRML"]


class InstrumentType(StrEnum):
    EQ = "EQ"
    ETF = "ETF"
    IDX = "IDX"
    FUT = "FUT"
    CE = "CE"
    PE = "PE"
    SPOT = "SPOT"


OPTIONS = frozenset({InstrumentType.CE, InstrumentType.PE})
DERIVATIVES = frozenset({InstrumentType.FUT, *OPTIONS})
#: How each type may be held and paid for; what can be held in several ways has a usual one first.
_PRODUCTS: dict[InstrumentType, tuple[ProductName, ...]] = {
    InstrumentType.EQ: ("CNC", "MIS"),
    InstrumentType.ETF: ("CNC", "MIS"),
    InstrumentType.IDX: (),
    InstrumentType.FUT: ("NRML", "MIS"),
    InstrumentType.CE: ("NRML", "MIS"),
    InstrumentType.PE: ("NRML", "MIS"),
    InstrumentType.SPOT: ("SPOT",),
}


class Shortable(StrEnum):
    """Who may sell what is not held: nobody, those flat by the evening, or whoever borrows it."""

    NONE = "NONE"
    INTRADAY = "INTRADAY"
    ETB = "ETB"


class InstrumentStatus(StrEnum):
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    EXPIRED = "EXPIRED"
    DELISTED = "DELISTED"


class Instrument(Struct, frozen=True, kw_only=True):
    """
    What may be traded.

    ``qty_step`` is the smallest change of a quantity, ``lot_size`` the contract's, ``max_qty``
    the freeze quantity; ``multiplier`` turns price x quantity into money; nothing trades outside
    the bands.  A derivative has an ``underlying`` and an ``expiry``, an option a ``strike``.
    ``mtf_own_funds_rate`` is the buyer's own share where the broker lends the rest;
    ``margin_class`` names a row of the margin schedule (its type's by default).
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
    min_notional: Decimal | None = None
    lower_band: Decimal | None = None
    upper_band: Decimal | None = None
    underlying: str | None = None
    expiry: date | None = None
    strike: Decimal | None = None
    isin: str | None = None
    shortable: Shortable = Shortable.INTRADAY
    mtf_own_funds_rate: Decimal | None = None
    margin_class: str = ""
    status: InstrumentStatus = InstrumentStatus.ACTIVE

    @property
    def products(self) -> tuple[ProductName, ...]:
        """How it may be held, the usual way first; empty where nothing can be."""
        usual = _PRODUCTS[self.type]
        return usual if self.mtf_own_funds_rate is None else (*usual, "MTF")

    @property
    def product(self) -> ProductName | None:
        """How it is held unless the order says otherwise; None where nothing can be."""
        products = _PRODUCTS[self.type]
        return products[0] if products else None

    @property
    def step(self) -> Decimal:
        """What an order's quantity must be a multiple of."""
        return self.lot_size if self.type in DERIVATIVES else self.qty_step


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
    if instrument.type in DERIVATIVES and not (instrument.underlying and instrument.expiry):
        faults.append("a derivative must have an underlying and an expiry")
    if instrument.type in OPTIONS and instrument.strike is None:
        faults.append("an option must have a strike")
    return tuple(faults)

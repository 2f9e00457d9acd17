"""
The market: what may be traded, what it was quoted at, and whether a quote may be traded on.

Prices are in the instrument's currency per unit, sizes in units, times in UTC.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from msgspec import Struct

from domain.money import is_amount, is_multiple

CLOCK_SKEW_MAX = timedelta(seconds=1)
MAX_AGE = timedelta(seconds=5)
#: A print further outside the book than this is not of the same market.
INCOHERENT_SPREADS = 10
INCOHERENT_SHARE = Decimal("0.005")

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


class Quote(Struct, frozen=True, gc=False):
    """
    A slice of the market in one symbol: the best of each side and the last trade, as known.

    ``last`` stays until the next trade; ``last_size`` is there only in the slice in which a
    trade printed.  A side that nobody quotes is None, never zero.  ``source`` and ``seq`` name
    the slice for ever; ``at`` is the exchange's time, ``received_at`` ours.
    """

    symbol: str
    source: str
    seq: int
    at: datetime
    received_at: datetime
    bid: Decimal | None = None
    bid_size: Decimal | None = None
    ask: Decimal | None = None
    ask_size: Decimal | None = None
    last: Decimal | None = None
    last_size: Decimal | None = None


class Quality(StrEnum):
    """FRESH may be traded on; each of the others is the reason why not."""

    FRESH = "FRESH"
    NO_QUOTE = "NO_QUOTE"
    STALE_QUOTE = "STALE_QUOTE"
    CROSSED_QUOTE = "CROSSED_QUOTE"
    INCOHERENT_QUOTE = "INCOHERENT_QUOTE"
    CLOCK_SKEW = "CLOCK_SKEW"


def quality(quote: Quote | None, now: datetime, max_age: timedelta = MAX_AGE) -> Quality:
    """
    Whether a quote may be traded on at ``now``.

    Age counts from ``received_at``: a recorded day is old news, freshly delivered.
    """
    if quote is None or (quote.bid is None and quote.ask is None and quote.last is None):
        return Quality.NO_QUOTE
    if max(quote.at, quote.received_at) - now > CLOCK_SKEW_MAX:
        return Quality.CLOCK_SKEW
    if now - quote.received_at > max_age:
        return Quality.STALE_QUOTE
    return _coherence(quote)


def _coherence(quote: Quote) -> Quality:
    """Whether the sides of a book, and the trade that printed with it, agree with each other."""
    if quote.bid is None or quote.ask is None:
        return Quality.FRESH
    if quote.bid > quote.ask:
        return Quality.CROSSED_QUOTE
    if quote.last is not None and quote.last_size is not None:
        reach = max(INCOHERENT_SPREADS * (quote.ask - quote.bid), INCOHERENT_SHARE * quote.ask)
        if not quote.bid - reach <= quote.last <= quote.ask + reach:
            return Quality.INCOHERENT_QUOTE
    return Quality.FRESH


def mark(quote: Quote | None) -> Decimal | None:
    """The price at which a position is valued: the middle of the book, else the last trade."""
    if quote is None:
        return None
    if quote.bid is not None and quote.ask is not None:
        return (quote.bid + quote.ask) / 2
    return quote.last


class Evidence(Struct, frozen=True):
    """
    The slice that a price was taken from, kept with what was done at that price.

    ``rule`` and ``model`` (name@version) say how the price was taken; ``quality`` is FRESH, or
    DEGRADED where no book was there to trade against.
    """

    kind: Literal["QUOTE", "TRADE"]
    source: str
    seq: int
    at: datetime
    received_at: datetime
    age_ms: int
    bid: Decimal | None
    bid_size: Decimal | None
    ask: Decimal | None
    ask_size: Decimal | None
    last: Decimal | None
    last_size: Decimal | None
    rule: str
    model: str
    quality: Literal["FRESH", "DEGRADED"] = "FRESH"


def witness(
    quote: Quote,
    now: datetime,
    *,
    rule: str,
    model: str,
    kind: Literal["QUOTE", "TRADE"] = "QUOTE",
    quality: Literal["FRESH", "DEGRADED"] = "FRESH",
) -> Evidence:
    """This slice as evidence, as old as it is at ``now``."""
    return Evidence(
        kind=kind,
        source=quote.source,
        seq=quote.seq,
        at=quote.at,
        received_at=quote.received_at,
        age_ms=max(0, (now - quote.received_at) // timedelta(milliseconds=1)),
        bid=quote.bid,
        bid_size=quote.bid_size,
        ask=quote.ask,
        ask_size=quote.ask_size,
        last=quote.last,
        last_size=quote.last_size,
        rule=rule,
        model=model,
        quality=quality,
    )

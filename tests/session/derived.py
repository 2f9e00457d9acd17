"""
What the recordings do not have: a future, two options and a coin, priced by the recorded ticks.

Each slice of an underlying makes one of what is derived from it, so that every product is
traded against quotes that move as real ones do.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from domain.market import Instrument, InstrumentType, Quote

ZERO, TICK = Decimal(0), Decimal("0.01")
#: What a future costs beside its underlying, and an option beside what it is worth at once.
BASIS, TIME_VALUE = Decimal("0.25"), Decimal("0.40")
EXPIRY = date(2013, 10, 8)
STRIKE = Decimal(166)
OWN_FUNDS = Decimal("0.25")


def _derived(symbol: str, kind: InstrumentType, **more: Any) -> Instrument:
    return Instrument(
        symbol=symbol,
        name=symbol,
        exchange="DERIVED",
        type=kind,
        currency="USD",
        tick_size=TICK,
        **more,
    )


_OF_SPY = {"underlying": "SPY", "expiry": EXPIRY, "lot_size": Decimal(5)}
FUTURE = _derived("SPY-F", InstrumentType.FUT, **_OF_SPY)
CALL = _derived("SPY-C", InstrumentType.CE, strike=STRIKE, multiplier=Decimal(2), **_OF_SPY)
PUT = _derived("SPY-P", InstrumentType.PE, strike=STRIKE, **_OF_SPY)
COIN = _derived("BAC-USD", InstrumentType.SPOT, qty_step=Decimal("0.01"), min_qty=Decimal("0.01"))
CONTRACTS = (FUTURE, CALL, PUT)


def listed(recorded: tuple[Instrument, ...]) -> tuple[Instrument, ...]:
    """All that is traded; the broker lends on the shares."""
    shares = (replace(one, mtf_own_funds_rate=OWN_FUNDS) for one in recorded)
    return (*shares, *CONTRACTS, COIN)


def slices(quote: Quote) -> Iterator[Quote]:
    """The slice itself, and what follows of it."""
    yield quote
    if quote.symbol == "BAC":
        yield replace(quote, symbol=COIN.symbol)
    if quote.symbol != "SPY":
        return
    sizes = {"bid_size": quote.bid_size, "ask_size": quote.ask_size, "last_size": quote.last_size}
    prices = (quote.bid, quote.ask, quote.last)
    bid, ask, last = (None if price is None else price + BASIS for price in prices)
    yield replace(quote, symbol=FUTURE.symbol, bid=bid, ask=ask, last=last, **sizes)
    bid, ask, last = (_worth(None if price is None else price - STRIKE) for price in prices)
    yield replace(quote, symbol=CALL.symbol, bid=bid, ask=ask, last=last, **sizes)
    # What is bid for the share is asked for the right to sell it.
    ask, bid, last = (_worth(None if price is None else STRIKE - price) for price in prices)
    sizes["bid_size"], sizes["ask_size"] = sizes["ask_size"], sizes["bid_size"]
    yield replace(quote, symbol=PUT.symbol, bid=bid, ask=ask, last=last, **sizes)


def _worth(inside: Decimal | None) -> Decimal | None:
    return None if inside is None else max(ZERO, inside) + TIME_VALUE

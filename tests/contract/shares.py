"""What is traded in histories: a fund, two shares and a coin."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from domain.market import Instrument, InstrumentType


def _instrument(
    symbol: str, kind: InstrumentType, tick: str, step: str = "1", **more: Any
) -> Instrument:
    return Instrument(
        symbol=symbol,
        name=symbol,
        exchange="TEST",
        type=kind,
        currency="USD",
        tick_size=Decimal(tick),
        qty_step=Decimal(step),
        min_qty=Decimal(step),
        **more,
    )


SPY = _instrument("SPY", InstrumentType.ETF, "0.01")
IBM = _instrument("IBM", InstrumentType.EQ, "0.01")
DUST = _instrument("DUST-USD", InstrumentType.SPOT, "0.0001", "0.0001")
TENFOLD = _instrument("TEN", InstrumentType.EQ, "0.05", multiplier=Decimal(10))
PRICES = {
    SPY: Decimal("450.25"),
    IBM: Decimal("185.10"),
    DUST: Decimal("0.0123"),
    TENFOLD: Decimal("33.45"),
}

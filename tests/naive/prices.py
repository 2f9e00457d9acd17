"""The worst price an order may be filled at, from the text of §4.5.5: limits and collars."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from tests.naive.amounts import exact

COLLAR = Fraction(3, 100)


def worst_price(side: str, price: Decimal | None, ask: Decimal | None, tick: Decimal) -> Fraction:
    """Only what a purchase may cost at worst is ever reserved by this; rounded up to the tick."""
    if price is not None:
        return exact(price)
    if side == "SELL" or ask is None:
        return Fraction(0)
    steps = exact(ask) * (1 + COLLAR) / exact(tick)
    return Fraction(-(-steps // 1)) * exact(tick)

"""The worst price an order may be filled at, from the text of §4.5.5: limits and collars."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from tests.naive.amounts import exact

COLLAR = Fraction(3, 100)
#: A short sale is reckoned to fill so much above the market.
CUSHION = Fraction(103, 100)


def worst_price(side: str, price: Decimal | None, ask: Decimal | None, tick: Decimal) -> Fraction:
    """Only what a purchase may cost at worst is ever reserved by this; rounded up to the tick."""
    if price is not None:
        return exact(price)
    if side == "SELL" or ask is None:
        return Fraction(0)
    steps = exact(ask) * (1 + COLLAR) / exact(tick)
    return Fraction(-(-steps // 1)) * exact(tick)


def short_price(
    price: Decimal | None, bid: Decimal | None, ask: Decimal | None, tick: Decimal
) -> Fraction:
    """What a sale that opens is reserved at: max(limit, ask) x 1.03, rounded up to the tick."""
    step = exact(tick)
    limit = exact(price or 0)
    if price is None and bid is not None:
        limit = (exact(bid) * (1 - COLLAR) / step) // 1 * step
    best = max(limit, exact(ask or 0)) * CUSHION
    return Fraction(-(-best / step // 1)) * step

"""
Reservation: what an account sets aside for the worst that a working order can cost it.

One function for every product.  Both products so far are paid in full and long only: a buy
needs its leaves at the worst price, a sell needs no money because its proceeds cover it.
"""

from __future__ import annotations

from decimal import Decimal

from domain.market import Instrument, Quote
from domain.money import ZERO, round_down_to, round_up_to, tidy
from domain.trading.order import Order, OrderType, Side

#: How far from the touch a market order may be filled.
COLLAR = Decimal("0.03")


def reservation(order: Order, leaves_qty: Decimal, limit: Decimal) -> Decimal:
    """The money for ``leaves_qty`` at no worse than ``limit``, in the account's currency."""
    if order.side is Side.SELL:
        return ZERO
    return tidy(leaves_qty * limit * order.multiplier)


def worst_price(order: Order, instrument: Instrument, quote: Quote | None) -> Decimal | None:
    """
    The worst price at which this order may be filled, on the tick.

    A limit order's own price; for a market order the opposite side of the book and the
    collar, or None when there is no price to start from.
    """
    if order.order_type is OrderType.LIMIT:
        return order.price
    if quote is None:
        return None
    if order.side is Side.BUY:
        touch = quote.ask if quote.ask is not None else quote.last
        return None if touch is None else round_up_to(touch * (1 + COLLAR), instrument.tick_size)
    touch = quote.bid if quote.bid is not None else quote.last
    return None if touch is None else round_down_to(touch * (1 - COLLAR), instrument.tick_size)

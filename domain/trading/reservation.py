"""
Reservation: what an account sets aside for the worst that its working orders can cost it.

What is paid for in full is long only, so each order stands for itself: its leaves at the worst
price, and fees.  Elsewhere opposite orders and the position net: only units that would open
something need money, the dearest orders first (trading.md §4.5.5).

Theorem, tested: a fill at a price no worse than the one reserved for never lowers the buying
power at that price.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from msgspec import Struct

from domain.market import Instrument, Quote
from domain.market.instrument import OPTIONS
from domain.money import ZERO, round_down_to, round_up_to, tidy, tidy_down, tidy_up
from domain.trading.fees import FeeSchedule, segment_of
from domain.trading.margin import initial_rate, margins_in_force, writing_risk
from domain.trading.order import LONG_ONLY, Order, OrderType, Product, Side, Style
from domain.trading.position import Levels, Position
from domain.trading.schedules import ZERO_FEES

#: How far from the touch a market order may be filled.
COLLAR = Decimal("0.03")
OPTION_COLLAR = Decimal("0.10")
OPTION_COLLAR_TICKS = 5
#: How far above the market a short sale is reckoned to fill.
SHORT_CUSHION = Decimal("1.03")


class Terms(Struct, frozen=True):
    """
    On what terms an order is set money aside for, and filled.

    ``limit`` is the worst price the venue may fill at, ``price`` the one reserved for; ``risk``
    is the share of the notional that opening needs as margin, for a written option the money
    beside its value, or what the broker lends.  ``margins`` is the schedule it comes from.
    """

    limit: Decimal
    price: Decimal
    unit: Decimal | None = None
    risk: Decimal = ZERO
    margins: str | None = None


def terms_of(
    order: Order,
    instrument: Instrument,
    quote: Quote | None,
    underlying: Decimal | None = None,
    *,
    on: date,
) -> Terms | None:
    """By the margins in force on a day; None when there is no price to start from."""
    limit = worst_price(order, instrument, quote)
    if limit is None:
        return None
    product = order.product
    if product in LONG_ONLY:
        if product is Product.MTF:
            share = 1 - (instrument.mtf_own_funds_rate or Decimal(1))
            return Terms(limit, limit, None, share)
        return Terms(limit, limit)
    price = limit if order.side is Side.BUY else _reckoned(limit, instrument, quote)
    margins = margins_in_force(on)
    if order.style is Style.VARIATION:
        rate = initial_rate(instrument, product, margins)
        unit = tidy_up(price * order.multiplier * rate)
        return Terms(limit, price, unit, rate, margins.name)
    if order.side is Side.BUY:
        return Terms(limit, price, tidy_up(price * order.multiplier))
    risk = writing_risk(instrument, price, underlying, margins)
    return Terms(limit, price, risk, risk, margins.name)


def _reckoned(limit: Decimal, instrument: Instrument, quote: Quote | None) -> Decimal:
    """What a sale may fill at when the market is better than its limit."""
    ask = None if quote is None else quote.ask if quote.ask is not None else quote.last
    best = limit if ask is None else max(limit, ask)
    return round_up_to(best * SHORT_CUSHION, instrument.tick_size)


def worst_price(order: Order, instrument: Instrument, quote: Quote | None) -> Decimal | None:
    """
    The worst price at which this order may be filled, on the tick.

    Its own price, if it has one; else its stop, or for a market order the opposite side of the
    book, and the collar.  None when there is no price to start from.
    """
    if order.price is not None:
        return order.price
    if order.order_type is OrderType.MARKET:
        start = touch(quote, order.side)
    else:
        start = first_stop(order, instrument, quote)
    return None if start is None else collared(start, order.side, instrument)


def first_stop(order: Order, instrument: Instrument, quote: Quote | None) -> Decimal | None:
    """What a conditional order waits for at first; a trailing stop starts from the market."""
    if order.order_type is not OrderType.TRAILING_STOP:
        return order.stop_price
    start = touch(quote, order.side) if quote is None or quote.last is None else quote.last
    return None if start is None else trailed(order, start, instrument)


def trailed(order: Order, watermark: Decimal, instrument: Instrument) -> Decimal:
    """The stop that trails the best price seen, rounded away from the market."""
    away = order.trail_amount
    if away is None:
        away = watermark * (order.trail_pct or ZERO) / 100
    tick = instrument.tick_size
    if order.side is Side.SELL:
        return max(tick, round_down_to(watermark - away, tick))
    return round_up_to(watermark + away, tick)


def touch(quote: Quote | None, side: Side) -> Decimal | None:
    """What an order of this side would meet; the last trade where nobody quotes."""
    if quote is None:
        return None
    best = quote.ask if side is Side.BUY else quote.bid
    return best if best is not None else quote.last


def collared(start: Decimal, side: Side, instrument: Instrument) -> Decimal:
    tick = instrument.tick_size
    width = start * COLLAR
    if instrument.type in OPTIONS:
        width = max(start * OPTION_COLLAR, tick * OPTION_COLLAR_TICKS)
    if side is Side.BUY:
        return round_up_to(start + width, tick)
    return max(tick, round_down_to(start - width, tick))


class Claim(Struct, frozen=True):
    """What has become of an order so far, as far as its reservation depends on it."""

    leaves: Decimal
    turnover: Decimal = ZERO
    loan: Decimal = ZERO


def own_reserve(order: Order, claim: Claim, terms: Terms, fees: FeeSchedule = ZERO_FEES) -> Decimal:
    """What is set aside for this order alone: all it may cost, or only its fees where it nets."""
    paid_in_full = order.product in LONG_ONLY
    if not claim.leaves or (paid_in_full and order.side is Side.SELL):
        return ZERO  # the proceeds of a sale cover what it costs
    worst = claim.leaves * terms.price * order.multiplier
    due = ZERO
    if fees is not ZERO_FEES:
        segment, done = segment_of(order), claim.turnover
        due = fees.total(segment, order.side, done + worst) - fees.total(segment, order.side, done)
    if not paid_in_full:
        return tidy(due)
    if order.product is Product.MTF:
        worst -= tidy_down((claim.turnover + worst) * terms.risk) - claim.loan
    return tidy(worst + due) if due else tidy(worst)


def netted_reserve(held: Position, style: Style) -> Decimal:
    """What all orders on this position together need besides fees, opposite orders netted."""
    opening_buys = max(ZERO, held.buying - max(ZERO, -held.quantity))
    opening_sells = max(ZERO, held.selling - max(ZERO, held.quantity))
    if not opening_buys and not opening_sells:
        return ZERO
    buys = _dearest(held.buys, opening_buys, held.buying)
    sells = _dearest(held.sells, opening_sells, held.selling)
    if style is Style.PREMIUM or not opening_buys or not opening_sells:
        return tidy(buys + sells)
    dearest = max(*held.buys, *held.sells)
    return tidy(min(buys + sells, dearest * max(opening_buys, opening_sells)))


def _dearest(levels: Levels, opening: Decimal, working: Decimal) -> Decimal:
    """The needs of so many opening units, those of the dearest orders first."""
    if not opening:
        return ZERO
    if opening == working:
        return sum((unit * quantity for unit, quantity in levels.items()), ZERO)
    need = ZERO
    for unit in sorted(levels, reverse=True):
        taken = min(opening, levels[unit])
        need += unit * taken
        opening -= taken
        if not opening:
            break
    return need

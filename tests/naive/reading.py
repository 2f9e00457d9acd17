"""What commands and reference data say, in the words of the naive account: data, no rules."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

from domain.market import Instrument, Quote
from domain.trading import Order as RealOrder
from domain.trading.fees import Base
from domain.trading.schedules import SCHEDULES
from tests.naive.account import LONG_ONLY, Key, Order
from tests.naive.amounts import exact
from tests.naive.fees import Component, Schedule
from tests.naive.margins import FUTURES, INTRADAY, writing
from tests.naive.prices import Market, Ticket, limit_of, reserve_price

OPTIONS = ("CE", "PE")


def given(value: Decimal | None) -> Fraction | None:
    return None if value is None else exact(value)


def market(
    listed: Instrument, quote: Quote | None = None, underlying: Decimal | None = None
) -> Market:
    option = str(listed.type) in OPTIONS
    tick, below = exact(listed.tick_size), given(underlying)
    if quote is None:
        return Market(tick, option, underlying=below)
    return Market(tick, option, given(quote.bid), given(quote.ask), given(quote.last), below)


def ticket(order: RealOrder, *, triggered: bool = False) -> Ticket:
    at_market = order.order_type == "MARKET" or (triggered and order.price is None)
    return Ticket(
        side=str(order.side),
        price=given(order.price),
        stop=given(order.stop_price),
        trail=given(order.trail_amount),
        trail_pct=given(order.trail_pct),
        market=at_market,
    )


def style(listed: Instrument, product: str) -> str:
    if str(listed.type) in OPTIONS:
        return "OPTION"
    return "CASH" if product in LONG_ONLY else "MARGIN"


def schedule(family: str, on: date, listed: Instrument, product: str) -> Schedule:
    """The newest version in force on a day, of the segment the order belongs to."""
    versions = [one for one in SCHEDULES if one.id == family and one.valid_from <= on]
    newest = max(versions, key=lambda one: one.valid_from)
    kind = str(listed.type)
    segment = {"FUT": "FUT", "CE": "OPT", "PE": "OPT", "SPOT": "SPOT"}.get(kind)
    if segment is None:
        segment = {"MIS": "EQ_INTRADAY", "MTF": "MTF"}.get(product, "EQ_DELIVERY")
    lines = next((value for key, value in newest.segments.items() if key == segment), ())
    return tuple(
        Component(
            name=line.name,
            side="BOTH" if line.side is None else str(line.side),
            rate=exact(line.rate),
            flat=exact(line.flat),
            least=given(line.least),
            most=given(line.most),
            share_most=given(line.share_max),
            of=line.of,
            per_order=line.base is Base.PER_ORDER,
            at_end=line.base is Base.INTRINSIC,
            scale=int(1 / line.quantum),
        )
        for line in lines
    )


def order_of(
    order: RealOrder,
    listed: Instrument,
    seen: Market,
    fees: Schedule,
    *,
    counts: bool,
    triggered: bool = False,
) -> Order | None:
    """None where there is no price to start from."""
    words, product = ticket(order, triggered=triggered), str(order.product)
    limit = limit_of(words, seen)
    if limit is None:
        return None
    kind = style(listed, product)
    worst = reserve_price(limit, words.side, seen, may_open=kind != "CASH")
    per_unit = Fraction(0)
    if kind == "MARGIN":
        per_unit = FUTURES if str(listed.type) == "FUT" else INTRADAY
    elif kind == "OPTION" and words.side == "SELL":
        strike = exact(listed.strike or 0)
        below = seen.underlying if seen.underlying is not None else strike
        per_unit = writing(str(listed.type), strike, worst, below, exact(listed.multiplier))
    own = exact(listed.mtf_own_funds_rate or 1)
    return Order(
        key=Key(order.symbol, product),
        side=words.side,
        quantity=exact(order.quantity),
        worst=worst,
        limit=limit,
        style=kind,
        multiplier=exact(listed.multiplier),
        per_unit=per_unit,
        lent=1 - own if product == "MTF" else Fraction(0),
        schedule=fees,
        counts=counts,
    )

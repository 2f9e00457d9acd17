"""
Tickets that make no sense: alone, or for what they want to trade.

Nothing of it is recorded: the answer is 422 and names the field and the rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from domain.errors import Invalid
from domain.market import Instrument, InstrumentType, Quote
from domain.market.instrument import DERIVATIVES
from domain.money import NOTIONAL_MAX, is_amount, is_multiple, round_down_to
from domain.trading import GroupKind, Order, OrderType, Product, Side, Tif
from domain.trading.order import AUCTIONS, PRICED

CLIENT_ORDER_ID = re.compile(r"[A-Za-z0-9_.:-]{1,36}")
#: A trigger may wait for so long.
GTT_DAYS_MAX = 365
_AMOUNTS = ("quantity", "price", "stop_price", "trail_amount", "trail_pct", "display_qty")
#: The same of an order for an amount of money.
_OF_MONEY = ("notional", *_AMOUNTS[1:])
_STOPPED = frozenset({OrderType.STOP, OrderType.STOP_LIMIT, OrderType.MIT})
_LONG_LIVED = frozenset({Product.CNC, Product.SPOT})


def invalid(field: str, rule: str, code: str = "VALIDATION", **context: str) -> Invalid:
    return Invalid(code, f"{field} must be {rule}", field=field, rule=rule, **context)


def demand_fields(order: Order, client_order_id: str | None, at: datetime) -> None:
    """The fields of the ticket belong together (schema, before anything is looked up)."""
    for field in _AMOUNTS if order.notional is None else _OF_MONEY:
        value = getattr(order, field)
        if value is not None and not is_amount(value):
            raise invalid(field, "above 0, at most 10^12, at most 8 decimal places")
    conflict = next(_conflicts(order), None)
    if conflict is not None:
        raise invalid(*conflict, "ORDER_FIELDS_CONFLICT")
    if (order.tif is Tif.GTD) != (order.expires_at is not None):
        rule = "given for GTD and for nothing else"
        raise invalid("expires_at", rule, "ORDER_FIELDS_CONFLICT")
    if order.expires_at is not None and order.expires_at <= at:
        raise invalid("expires_at", "in the future", "ORDER_EXPIRY_INVALID")
    if client_order_id is not None and not CLIENT_ORDER_ID.fullmatch(client_order_id):
        raise invalid("client_order_id", "1 to 36 characters of A-Z a-z 0-9 _ . : -")


def _conflicts(order: Order) -> Iterator[tuple[str, str]]:
    kind = order.order_type
    if kind is not OrderType.MIT and (order.price is not None) != (kind in PRICED):
        yield "price", f"{'required for' if kind in PRICED else 'absent from'} a {kind} order"
    trailing = kind is OrderType.TRAILING_STOP
    if order.stop_price is None and kind in _STOPPED:
        yield "stop_price", f"required for a {kind} order"
    if order.stop_price is not None and kind not in _STOPPED and not trailing:
        yield "stop_price", f"absent from a {kind} order"
    trails = (order.trail_amount is not None) + (order.trail_pct is not None)
    if trails != (1 if trailing else 0):
        rule = "given, or trail_pct, but not both" if trailing else f"absent from a {kind} order"
        yield "trail_amount", rule
    if order.trail_pct is not None and order.trail_pct >= 100:
        yield "trail_pct", "below 100"
    if kind is OrderType.STOP_LIMIT and order.price is not None and order.stop_price is not None:
        buying = order.side is Side.BUY
        if order.stop_price > order.price if buying else order.stop_price < order.price:
            yield "stop_price", f"at {'most' if buying else 'least'} the price"
    if order.post_only and kind is not OrderType.LIMIT:
        yield "post_only", "asked of LIMIT orders only"
    if order.post_only and order.tif in (Tif.IOC, Tif.FOK):
        yield "post_only", "absent from an order that takes at once or not at all"
    if order.display_qty is not None and order.display_qty > order.quantity:
        yield "display_qty", "at most the quantity"


def demand_sense(order: Order, instrument: Instrument, quote: Quote | None = None) -> None:
    """Product, type, time in force, then tick, lot, size and band rules of the instrument."""
    demand_product(order, instrument)
    _demand_time(order, instrument)
    _demand_size(order, instrument)
    for field, price in (("price", order.price), ("stop_price", order.stop_price)):
        if price is not None:
            _demand_price(field, price, instrument)
    if order.price is not None:
        _demand_notional(order, order.price, instrument)
    if order.stop_price is not None and quote is not None and quote.last is not None:
        _demand_side_of_stop(order, order.stop_price, quote.last)


def demand_product(order: Order, instrument: Instrument) -> None:
    """Held as the instrument may be; for an amount of money only at the market, paid in full."""
    allowed = ", ".join(instrument.products)
    if order.notional is not None and Product.SPOT not in instrument.products:
        rule = "absent: only what is held as SPOT is bought for an amount of money"
        raise invalid("notional", rule, "ORDER_PRODUCT_UNSUPPORTED", allowed=allowed)
    if order.notional is not None and order.product is not Product.SPOT:
        raise invalid("product", "SPOT", "ORDER_PRODUCT_UNSUPPORTED", allowed="SPOT")
    if order.product not in instrument.products:
        rule = f"one of {allowed}" if allowed else f"absent: an {instrument.type} is never held"
        raise invalid("product", rule, "ORDER_PRODUCT_UNSUPPORTED", allowed=allowed)
    if order.notional is not None and order.order_type is not OrderType.MARKET:
        rule = "MARKET for an amount of money"
        raise invalid("order_type", rule, "ORDER_TYPE_UNSUPPORTED", allowed="MARKET")


def _demand_time(order: Order, instrument: Instrument) -> None:
    if order.asset is not instrument.type and {order.asset, instrument.type} & DERIVATIVES:
        raise invalid("asset", f"{instrument.type}", "ORDER_FIELDS_CONFLICT")
    if order.tif is Tif.DAY:
        return
    if order.tif in (Tif.GTC, Tif.GTD) and not (
        order.product in _LONG_LIVED
        or (order.group is not None and order.group.kind is GroupKind.GTT)
    ):
        allowed = "DAY, IOC, FOK"
        raise invalid(
            "tif", f"one of {allowed} for {order.product}", "ORDER_TIF_UNSUPPORTED", allowed=allowed
        )
    if order.tif in AUCTIONS:
        _demand_auction(order, instrument)
    if order.order_type is OrderType.TRAILING_STOP and order.tif in (Tif.IOC, Tif.FOK):
        allowed = "DAY, GTC, GTD"
        raise invalid(
            "tif", "DAY, GTC or GTD for a trailing stop", "ORDER_TIF_UNSUPPORTED", allowed=allowed
        )


def _demand_auction(order: Order, instrument: Instrument) -> None:
    """Shares have an opening and a close; what goes there is a market or a limit order."""
    if instrument.type not in (InstrumentType.EQ, InstrumentType.ETF):
        allowed = "DAY, IOC, FOK"
        rule = f"one of {allowed} for {instrument.type}"
        raise invalid("tif", rule, "ORDER_TIF_UNSUPPORTED", allowed=allowed)
    if order.order_type not in (OrderType.MARKET, OrderType.LIMIT):
        allowed = "MARKET, LIMIT"
        rule = f"one of {allowed} for the opening or the close"
        raise invalid("order_type", rule, "ORDER_TYPE_UNSUPPORTED", allowed=allowed)


def _demand_size(order: Order, instrument: Instrument) -> None:
    step, least, most = instrument.step, instrument.min_qty, instrument.max_qty
    if order.quantity < least:
        raise _wrong_size(f"at least {least:f}", "ORDER_QTY_BELOW_MIN", instrument)
    if not is_multiple(order.quantity, step):
        raise _wrong_size(f"a multiple of {step:f}", "ORDER_QTY_NOT_LOT", instrument)
    if order.quantity > most:
        raise _wrong_size(f"at most {most:f}", "ORDER_QTY_ABOVE_FREEZE", instrument)


def _wrong_size(rule: str, code: str, of: Instrument) -> Invalid:
    sizes = {"lot": f"{of.step:f}", "min": f"{of.min_qty:f}", "max": f"{of.max_qty:f}"}
    return invalid("quantity", rule, code, **sizes)


def _demand_price(field: str, price: Decimal, instrument: Instrument) -> None:
    tick = instrument.tick_size
    if not is_multiple(price, tick):
        raise invalid(
            field,
            f"a multiple of the tick {tick:f}",
            "ORDER_PRICE_NOT_ON_TICK",
            tick=f"{tick:f}",
            nearest=f"{round_down_to(price + tick / 2, tick):f}",
        )
    lower, upper = instrument.lower_band, instrument.upper_band
    if (lower is not None and price < lower) or (upper is not None and price > upper):
        band = {
            name: f"{value:f}"
            for name, value in (("lower", lower), ("upper", upper))
            if value is not None
        }
        raise invalid(field, "within the day's bands", "ORDER_PRICE_OUT_OF_BAND", **band)


def _demand_notional(order: Order, price: Decimal, instrument: Instrument) -> None:
    notional = price * order.quantity * order.multiplier
    if notional > NOTIONAL_MAX:
        most = f"{NOTIONAL_MAX:f}"
        rule = "price x quantity at most 10^15"
        raise invalid("quantity", rule, "ORDER_NOTIONAL_ABOVE_MAX", max=most)
    least = instrument.min_notional
    if least is not None and notional < least:
        rule = f"price x quantity at least {least:f}"
        raise invalid("quantity", rule, "ORDER_NOTIONAL_BELOW_MIN", min=f"{least:f}")


def _demand_side_of_stop(order: Order, stop: Decimal, last: Decimal) -> None:
    """A stop waits for a worse price, an order if touched for a better one."""
    above = (order.side is Side.BUY) is not (order.order_type is OrderType.MIT)
    if stop < last if above else stop > last:
        raise invalid(
            "stop_price",
            f"at {'least' if above else 'most'} the last price",
            "ORDER_STOP_SIDE_INVALID",
            last=f"{last:f}",
            stop=f"{stop:f}",
        )

"""
What is checked before an order is placed, in this order; the first that fails is the answer.

``demand_fields`` and ``demand_sense`` refuse what makes no sense, on its own or for the
instrument (422, and no fact).  The rules are decisions about the account, the market and the
account's money and holdings, and are recorded.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol

from commands.trading.limit_rules import limit_passed
from commands.trading.refusal import Refusal
from commands.trading.reserving import Need
from commands.trading.risky import Risky
from commands.trading.state_rules import trading_held_back
from domain.market import Instrument, InstrumentStatus, Quality, Shortable
from domain.money import ZERO
from domain.trading import LONG_ONLY, Account, GroupKind, Order, OrderType, Side, Tif
from domain.trading.order import AUCTIONS


class Asked(Risky, Protocol):
    """What a rule may look at: the ticket and what the edge knew when it was handed in."""

    @property
    def client_order_id(self) -> str | None: ...
    @property
    def open_now(self) -> bool: ...
    @property
    def next_open(self) -> datetime | None: ...


def is_counted(order: Order) -> bool:
    """Whether money is set aside for it: not for what only reduces, nor before its trigger."""
    if order.reduce_only:
        return False
    return order.group is None or order.group.kind is not GroupKind.GTT


def duplicate_client_id(account: Account, asked: Asked) -> Refusal | None:
    if asked.client_order_id is None:
        return None
    taken = account.client_order_ids
    existing = taken.get(asked.client_order_id) or taken.get(f"{asked.client_order_id}#1")
    if existing is None:
        return None
    context = {"client_order_id": asked.client_order_id, "existing_order_id": str(existing)}
    return Refusal("ORDER_DUPLICATE_CLIENT_ID", "client_order_id was used before", context)


def account_closed(account: Account, asked: Asked) -> Refusal | None:
    if not account.day.over:
        return None
    return Refusal("ACCOUNT_CLOSED", "the account is only read from now on", {})


def not_tradable(account: Account, asked: Asked) -> Refusal | None:
    instrument = asked.instrument
    if instrument.status is not InstrumentStatus.ACTIVE:
        if instrument.status is InstrumentStatus.SUSPENDED:
            return Refusal("INSTRUMENT_SUSPENDED", "nobody trades it at present", {})
        return Refusal("INSTRUMENT_EXPIRED", "it is not traded any more", {})
    if not instrument.products:
        return Refusal("INSTRUMENT_NOT_TRADABLE", "it is a number, not a thing", {})
    if instrument.currency == account.currency:
        return None
    context = {"account": account.currency, "instrument": instrument.currency}
    return Refusal("INSTRUMENT_NOT_TRADABLE", "the account has another currency", context)


def market_closed(account: Account, asked: Asked) -> Refusal | None:
    order = asked.order
    if asked.open_now or order.after_market or order.tif in AUCTIONS:
        return None
    if order.order_type is not OrderType.MARKET and order.tif not in (Tif.IOC, Tif.FOK):
        return None
    if asked.next_open is None:
        return Refusal("MARKET_CLOSED", "no later session of its exchange is known", {})
    context = {"next_open": asked.next_open.isoformat()}
    return Refusal("MARKET_CLOSED", "ask for after_market to queue it", context)


def no_reference_price(account: Account, asked: Asked) -> Refusal | None:
    """A market order needs a quote to be priced by, unless it waits for a later one anyhow."""
    if asked.order.order_type is not OrderType.MARKET:
        return None
    if asked.quality is Quality.FRESH or (not asked.open_now and asked.quote is not None):
        return None
    return unpriced(asked)


def would_take(account: Account, asked: Asked) -> Refusal | None:
    order, quote = asked.order, asked.quote
    if not order.post_only or quote is None or order.price is None:
        return None
    best = quote.ask if order.side is Side.BUY else quote.bid
    if best is None:
        return None
    takes = order.price >= best if order.side is Side.BUY else order.price <= best
    if not takes:
        return None
    context = {"best_opposite": f"{best:f}", "price": f"{order.price:f}"}
    return Refusal("ORDER_WOULD_TAKE", "a post-only order must not meet the other side", context)


def nothing_to_reduce(account: Account, asked: Asked) -> Refusal | None:
    order = asked.order
    if not order.reduce_only or order.group is not None:
        return None
    held = account.position(order.symbol, order.product)
    if held.closable(order.side):
        return None
    context = {"held": f"{held.quantity:f}", "side": str(order.side)}
    return Refusal("REDUCE_ONLY_NO_POSITION", "there is nothing that it could reduce", context)


def insufficient_quantity(account: Account, asked: Asked) -> Refusal | None:
    """What is long only sells what is held and not on offer; not all else may be sold short."""
    order = asked.order
    if order.side is Side.BUY or not is_counted(order):
        return None
    held = account.position(order.symbol, order.product)
    return too_much(held.quantity, held.selling, order, order.quantity, asked.instrument)


def too_much(
    quantity: Decimal, selling: Decimal, order: Order, more: Decimal, instrument: Instrument
) -> Refusal | None:
    """A refusal to have ``more`` on sale, of so much held and so much on sale already."""
    if more <= quantity - selling:
        return None
    long_only = order.product in LONG_ONLY
    if not long_only and (
        instrument.shortable is not Shortable.NONE or instrument.underlying is not None
    ):
        return None
    code = "POSITION_INSUFFICIENT_QTY" if quantity > 0 and long_only else "SHORT_NOT_ALLOWED"
    context = {
        "product": str(order.product),
        "sellable": f"{quantity - selling:f}",
        "held": f"{quantity:f}",
        "in_orders": f"{selling:f}",
    }
    return Refusal(code, "a long-only product sells only what is held", context)


Rule = Callable[[Account, Asked], Refusal | None]

#: Asked before it is looked at whether the ticket makes sense (reference/trading.md §4.14).
FIRST: tuple[Rule, ...] = (duplicate_client_id, account_closed, trading_held_back, not_tradable)
#: Asked of whatever the market has to price.
PRICING: tuple[Rule, ...] = (market_closed, no_reference_price)
#: Asked after that, in turn, and money last of all; the first refusal is the one on record.
REFUSALS: tuple[Rule, ...] = (
    *PRICING,
    would_take,
    limit_passed,
    nothing_to_reduce,
    insufficient_quantity,
)


def first_refusal(rules: tuple[Rule, ...], account: Account, asked: Asked) -> Refusal | None:
    for rule in rules:
        refusal = rule(account, asked)
        if refusal is not None:
            return refusal
    return None


def insufficient_funds(account: Account, order: Order, need: Need) -> Refusal | None:
    """What opens nothing is never refused for money."""
    available = account.balance.buying_power
    if need.more <= max(available, ZERO) or not need.opens:
        return None
    context = {
        "need": f"{need.more:f}",
        "available": f"{available:f}",
        "short_by": f"{need.more - available:f}",
        "reserved_for_orders": f"{account.balance.reserved:f}",
    }
    if order.product in LONG_ONLY:
        detail = "the order may cost more than is available"
        return Refusal("FUNDS_INSUFFICIENT", detail, context)
    context["margin_used"] = f"{account.balance.margin:f}"
    return Refusal("MARGIN_INSUFFICIENT", "the order needs more margin than is available", context)


def unpriced(asked: Asked) -> Refusal:
    context = {"quality": str(asked.quality)}
    if asked.quote is not None:
        age = max(timedelta(), asked.at - asked.quote.received_at)
        context["quote_age_ms"] = str(age // timedelta(milliseconds=1))
    return Refusal("MARKET_NO_REFERENCE_PRICE", "no fresh quote to price the order", context)

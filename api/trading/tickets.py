"""Tickets as traders write them, and what the house adds to them before they are handed in."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from msgspec import Struct

from api.wire import Amount, Moment, invalid
from api.wiring import Request
from commands.base import Receipt
from commands.trading import PlaceOrder
from domain.base import Event
from domain.errors import Invalid
from domain.market import Instrument, mark
from domain.money import ZERO
from domain.trading import (
    Order,
    OrderAccepted,
    OrderCanceled,
    OrderHeld,
    OrderPlaced,
    OrderRejected,
    OrderReplaced,
    OrderType,
    Origin,
    Product,
    Side,
    Tif,
    TriggerBy,
)


class Line(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """
    One order; ``product`` is the instrument's usual one unless given.

    ``notional`` instead of ``quantity`` buys for an amount of money (SPOT, at the market).
    ``trail_pct`` is in percent.  ``auto_slice`` cuts an order above the freeze quantity into
    several; ``after_market`` queues it for the next session.
    """

    symbol: str
    side: Side
    order_type: OrderType
    quantity: Amount | None = None
    notional: Amount | None = None
    price: Amount | None = None
    stop_price: Amount | None = None
    trail_amount: Amount | None = None
    trail_pct: Amount | None = None
    trigger_by: TriggerBy = TriggerBy.LAST
    tif: Tif = Tif.DAY
    expires_at: Moment | None = None
    product: Product | None = None
    post_only: bool = False
    reduce_only: bool = False
    after_market: bool = False
    display_qty: Amount | None = None
    client_order_id: str | None = None
    strategy: str | None = None
    auto_slice: bool = False

    def order(self, instrument: Instrument) -> Order:
        if self.quantity is None and self.notional is None:
            raise invalid("/quantity", "required", "body")
        if self.quantity is not None and self.notional is not None:
            rule = "absent where a quantity is given"
            detail = f"notional must be {rule}"
            raise Invalid("ORDER_FIELDS_CONFLICT", detail, field="notional", rule=rule)
        return Order(
            symbol=instrument.symbol,
            side=self.side,
            quantity=self.quantity or ZERO,
            order_type=self.order_type,
            product=product_of(self.product, instrument),
            price=self.price,
            tif=self.tif,
            multiplier=instrument.multiplier,
            asset=instrument.type,
            stop_price=self.stop_price,
            trail_amount=self.trail_amount,
            trail_pct=self.trail_pct,
            trigger_by=self.trigger_by,
            expires_at=self.expires_at,
            post_only=self.post_only,
            reduce_only=self.reduce_only,
            after_market=self.after_market,
            display_qty=self.display_qty,
            notional=self.notional,
        )


class Ticket(Line, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """
    An order, and the account it is for.

    ``bot_id`` is the bot that asks, whose limits and holds the order then respects as well.
    """

    account_id: UUID
    bot_id: UUID | None = None


def product_of(product: Product | None, instrument: Instrument) -> Product:
    return product or Product(instrument.product or Product.CNC)


def known_of(request: Request, instrument: Instrument, *scopes: str) -> dict[str, Any]:
    """What the house knows of an instrument when an order for it comes in, from these scopes."""
    calendar, now = request.calendar(instrument.symbol), request.now
    open_now = calendar.is_open(now)
    return {
        "instrument": instrument,
        "quote": request.quote(instrument.symbol),
        "underlying": underlying_of(request, instrument),
        "open_now": open_now,
        "next_open": None if open_now else calendar.next_open(now),
        "bounds": request.bounds(instrument, *scopes),
    }


def underlying_of(request: Request, instrument: Instrument) -> Decimal | None:
    """The price of what a derivative is derived from, if it is known."""
    return None if instrument.underlying is None else mark(request.quote(instrument.underlying))


def order_for(request: Request, data: Ticket) -> PlaceOrder:
    instrument, bot_id = request.instrument(data.symbol), data.bot_id
    scopes = () if bot_id is None else (f"bot:{bot_id}",)
    return PlaceOrder(
        at=request.now,
        account_id=data.account_id,
        order_id=request.new_id,
        order=data.order(instrument),
        quote_max_age=request.quote_max_age,
        client_order_id=data.client_order_id,
        strategy=data.strategy,
        auto_slice=data.auto_slice,
        origin=Origin.USER if bot_id is None else Origin.BOT,
        bot_id=bot_id,
        **known_of(request, instrument, *scopes),
    )


Done = Literal["NEW", "HELD", "REPLACED", "CANCELED", "UNCHANGED", "REJECTED"]


class OrderAnswer(Struct, frozen=True):
    """What was done at ``position``; how the order stands since is for GET to say."""

    order_id: UUID
    account_id: UUID
    status: Done
    message: str
    position: int
    client_order_id: str | None = None


class Outcome(Struct, frozen=True):
    """What became of one order of several; ``code`` is there if it was refused."""

    order_id: UUID
    status: Done
    message: str
    client_order_id: str | None = None
    code: str | None = None


class OrdersAnswer(Struct, frozen=True):
    """What was done at ``position``, order by order; nothing where there was nothing to do."""

    account_id: UUID
    orders: list[Outcome]
    position: int


def placed(request: Request, receipt: Receipt) -> OrderAnswer:
    """The answer to whoever placed an order, as the facts say (which may be those of before)."""
    fact = receipt.facts[0]
    assert isinstance(fact, OrderPlaced), "a refusal is raised before this"
    _note(request, receipt)
    held = isinstance(receipt.facts[1], OrderHeld)
    message = " ".join(said(fact) for fact in receipt.facts)
    return OrderAnswer(
        order_id=fact.order_id,
        account_id=fact.account_id,
        status="HELD" if held else "NEW",
        message=message,
        position=receipt.position,
        client_order_id=fact.client_order_id,
    )


def several(request: Request, account_id: UUID, receipt: Receipt) -> OrdersAnswer:
    """The answer to whoever placed, took back or closed several at once."""
    _note(request, receipt)
    outcomes: dict[UUID, Outcome] = {}
    for fact in receipt.facts:
        one = _outcome(fact, outcomes)
        if one is not None:
            outcomes[one.order_id] = one
    return OrdersAnswer(account_id, list(outcomes.values()), receipt.position)


def _outcome(fact: Event, before: dict[UUID, Outcome]) -> Outcome | None:
    match fact:
        case OrderPlaced():
            return Outcome(fact.order_id, "NEW", said(fact), fact.client_order_id)
        case OrderHeld():
            placed = before[fact.order_id]
            message = f"{placed.message} {said(fact)}"
            return Outcome(fact.order_id, "HELD", message, placed.client_order_id)
        case OrderRejected():
            return Outcome(fact.order_id, "REJECTED", fact.detail, fact.client_order_id, fact.code)
        case OrderCanceled():
            return Outcome(fact.order_id, "CANCELED", said(fact))
        case _:
            return None


def _note(request: Request, receipt: Receipt) -> None:
    for fact in receipt.facts:
        if isinstance(fact, OrderPlaced):
            request.note_place(fact.order_id, fact.account_id, fact.order.symbol)


def said(fact: Event) -> str:
    match fact:
        case OrderPlaced(order=order):
            price = "at the market" if order.price is None else f"at {order.price:f}"
            return f"{order.side} {order.quantity:f} {order.symbol} {price}."
        case OrderAccepted():
            return f"Working at {fact.venue}, no worse than {fact.limit:f}."
        case OrderHeld(stop=None):
            return f"Held until {fact.condition}."
        case OrderHeld():
            return f"Held until {fact.stop:f}."
        case OrderReplaced():
            return f"Now {fact.quantity:f}, no worse than {fact.limit:f}."
        case OrderCanceled():
            return f"{fact.canceled_qty:f} taken back."
        case _:
            return f"{type(fact).__name__}."

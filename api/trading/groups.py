"""Several orders at once: baskets, brackets, triggers, smart orders, and the way out of all."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from litestar import post
from litestar.params import JSONBody
from msgspec import Meta, Struct

from api import wire
from api.problems import documented
from api.trading.tickets import (
    Line,
    OrdersAnswer,
    known_of,
    product_of,
    several,
)
from api.wire import Amount, Moment
from api.wiring import Request
from commands.trading import (
    CancelAll,
    Leg,
    PlaceBasket,
    PlaceBracket,
    PlaceGtt,
    PlaceOco,
    PlaceSmartOrder,
    Trigger,
)
from domain.trading import Product, Side, Tif

_SIGNED = re.compile(r"-?\d{1,12}(\.\d{1,8})?")


class Basket(Struct, frozen=True, forbid_unknown_fields=True):
    """Up to 20 orders; with ``all_or_none`` all are accepted, or none."""

    account_id: UUID
    legs: list[Line]
    all_or_none: bool = False


class Oco(Struct, frozen=True, forbid_unknown_fields=True):
    """Two orders for the same quantity on the same side; one cancels the other."""

    account_id: UUID
    legs: Annotated[list[Line], Meta(min_length=2, max_length=2)]


class Bracket(Line, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An entry and its exits; ``stop_limit`` is the worst price of the stop once set off."""

    account_id: UUID
    take_profit: Amount | None = None
    stop_loss: Amount | None = None
    stop_limit: Amount | None = None


class TriggerLine(Struct, frozen=True, forbid_unknown_fields=True):
    """At which price of the market to hand in the order; without ``price`` at the market."""

    trigger_price: Amount
    quantity: Amount
    price: Amount | None = None


class Gtt(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One trigger, or two of which the first cancels the other; good for 365 days at most."""

    account_id: UUID
    symbol: str
    side: Side
    triggers: list[TriggerLine]
    product: Product | None = None
    expires_at: Moment | None = None
    client_order_id: str | None = None


class Smart(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How much to hold in the end, below zero for short; without ``price`` at the market."""

    account_id: UUID
    symbol: str
    target_position: str | int
    product: Product | None = None
    price: Amount | None = None
    tif: Tif = Tif.DAY
    client_order_id: str | None = None
    strategy: str | None = None


class Scope(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Of one account everything, or what is of a symbol, a side, a product."""

    account_id: UUID
    symbol: str | None = None
    side: Side | None = None
    product: Product | None = None


@post("/orders/basket", responses=documented(404, 409, 413, 415, 422, 503))
async def place_basket(request: Request, data: JSONBody[Basket]) -> OrdersAnswer:
    """Place several orders at once; the answer says what became of each."""
    command = PlaceBasket(
        at=request.now,
        account_id=data.account_id,
        legs=tuple(_leg(request, line) for line in data.legs),
        all_or_none=data.all_or_none,
        quote_max_age=request.quote_max_age,
    )
    ask = request.dispatch if data.all_or_none else request.dispatch_several
    return several(request, data.account_id, await ask(command))


def _leg(request: Request, line: Line) -> Leg:
    instrument = request.instrument(line.symbol)
    return Leg(
        order_id=request.new_id,
        order=line.order(instrument),
        client_order_id=line.client_order_id,
        **known_of(request, instrument),
    )


@post("/orders/oco", responses=documented(404, 409, 413, 415, 422, 503))
async def place_oco(request: Request, data: JSONBody[Oco]) -> OrdersAnswer:
    """Place two orders of which one cancels the other: what one fills the other has less."""
    command = PlaceOco(
        at=request.now,
        account_id=data.account_id,
        legs=tuple(_leg(request, line) for line in data.legs),
        quote_max_age=request.quote_max_age,
    )
    return several(request, data.account_id, await request.dispatch(command))


@post("/orders/bracket", responses=documented(404, 409, 413, 415, 422, 503))
async def place_bracket(request: Request, data: JSONBody[Bracket]) -> OrdersAnswer:
    """Place an entry with a profit target, a stop, or both."""
    instrument = request.instrument(data.symbol)
    command = PlaceBracket(
        at=request.now,
        account_id=data.account_id,
        order_id=request.new_id,
        order=data.order(instrument),
        take_profit=data.take_profit,
        stop_loss=data.stop_loss,
        stop_limit=data.stop_limit,
        quote_max_age=request.quote_max_age,
        client_order_id=data.client_order_id,
        **known_of(request, instrument),
    )
    return several(request, data.account_id, await request.dispatch(command))


@post("/orders/gtt", responses=documented(404, 409, 413, 415, 422, 503))
async def place_gtt(request: Request, data: JSONBody[Gtt]) -> OrdersAnswer:
    """Have an order handed in when the market gets to a price."""
    instrument = request.instrument(data.symbol)
    command = PlaceGtt(
        at=request.now,
        account_id=data.account_id,
        gtt_id=request.new_id,
        side=data.side,
        product=product_of(data.product, instrument),
        instrument=instrument,
        triggers=tuple(
            Trigger(line.trigger_price, line.quantity, line.price) for line in data.triggers
        ),
        quote=request.quote(data.symbol),
        quote_max_age=request.quote_max_age,
        expires_at=data.expires_at,
        client_order_id=data.client_order_id,
        bounds=request.bounds(instrument),
    )
    return several(request, data.account_id, await request.dispatch(command))


@post("/orders/smart", responses=documented(404, 409, 413, 415, 422, 503))
async def place_smart_order(request: Request, data: JSONBody[Smart]) -> OrdersAnswer:
    """Trade what is missing to a position; nothing where nothing is missing."""
    instrument = request.instrument(data.symbol)
    command = PlaceSmartOrder(
        at=request.now,
        account_id=data.account_id,
        order_id=request.new_id,
        product=product_of(data.product, instrument),
        target_position=_signed(data.target_position),
        price=data.price,
        tif=data.tif,
        quote_max_age=request.quote_max_age,
        client_order_id=data.client_order_id,
        strategy=data.strategy,
        **known_of(request, instrument),
    )
    return several(request, data.account_id, await request.dispatch(command))


def _signed(value: str | int) -> Decimal:
    if _SIGNED.fullmatch(str(value)) is None:
        raise wire.invalid("/target_position", "a plain number, at most 8 decimal places", "body")
    return Decimal(str(value))


@post("/orders/cancel-all", status_code=200, responses=documented(404, 409, 413, 415, 422, 503))
async def cancel_all(request: Request, data: JSONBody[Scope]) -> OrdersAnswer:
    """Take back every order that works, or those of a symbol, a side, a product."""
    command = CancelAll(
        at=request.now,
        account_id=data.account_id,
        symbol=data.symbol,
        side=data.side,
        product=data.product,
    )
    return several(request, data.account_id, await request.dispatch_several(command))


ROUTES = (
    place_basket,
    place_oco,
    place_bracket,
    place_gtt,
    place_smart_order,
    cancel_all,
)

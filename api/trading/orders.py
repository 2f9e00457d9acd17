"""Orders: placing, changing, taking back, and what became of them."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from litestar import delete, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Struct

from api.problems import documented
from api.wire import Amount
from api.wiring import Request
from commands.base import Receipt
from commands.trading import CancelOrder, PlaceOrder, ReplaceOrder
from domain.base import Event
from domain.market import Instrument
from domain.trading import (
    Order,
    OrderAccepted,
    OrderCanceled,
    OrderPlaced,
    OrderReplaced,
    OrderType,
    Product,
    Side,
    Tif,
)
from projections import fills, orders
from projections.query import LIMIT, Page


class Ticket(Struct, frozen=True, forbid_unknown_fields=True):
    """An order as a trader writes it; ``product`` is the instrument's own unless given."""

    account_id: UUID
    symbol: str
    side: Side
    quantity: Amount
    order_type: OrderType
    price: Amount | None = None
    tif: Tif = Tif.DAY
    product: Product | None = None
    client_order_id: str | None = None

    def order(self, instrument: Instrument) -> Order:
        return Order(
            symbol=instrument.symbol,
            side=self.side,
            quantity=self.quantity,
            order_type=self.order_type,
            product=self.product or Product(instrument.product or Product.CNC),
            price=self.price,
            tif=self.tif,
            multiplier=instrument.multiplier,
        )


class Change(Struct, frozen=True, forbid_unknown_fields=True):
    """What shall be different; what is not given stays."""

    quantity: Amount | None = None
    price: Amount | None = None


class OrderAnswer(Struct, frozen=True):
    """What was done at ``position``; how the order stands since is for GET to say."""

    order_id: UUID
    account_id: UUID
    status: Literal["NEW", "REPLACED", "CANCELED", "UNCHANGED"]
    message: str
    position: int
    client_order_id: str | None = None


@post("/orders", responses=documented(404, 409, 413, 415, 422, 503))
async def place_order(request: Request, data: JSONBody[Ticket]) -> OrderAnswer:
    """Buy or sell; the most the order may cost is reserved at once."""
    instrument = request.instrument(data.symbol)
    command = PlaceOrder(
        at=request.now,
        account_id=data.account_id,
        order_id=request.new_id,
        order=data.order(instrument),
        instrument=instrument,
        quote=request.quote(data.symbol),
        quote_max_age=request.quote_max_age,
        client_order_id=data.client_order_id,
        bounds=request.bounds(instrument),
    )
    return placed(request, await request.dispatch(command))


@patch("/orders/{order_id:str}", responses=documented(404, 409, 413, 415, 422, 503))
async def replace_order(
    request: Request, order_id: FromPath[UUID], data: JSONBody[Change]
) -> OrderAnswer:
    """Change quantity or price; only a smaller quantity keeps the place in the queue."""
    place = await request.place_of(order_id)
    instrument = request.instrument(place.symbol)
    command = ReplaceOrder(
        at=request.now,
        account_id=place.account_id,
        order_id=order_id,
        instrument=instrument,
        quantity=data.quantity,
        price=data.price,
        quote=request.quote(place.symbol),
        quote_max_age=request.quote_max_age,
        bounds=request.bounds(instrument),
    )
    return _done(place.account_id, order_id, await request.dispatch(command))


@delete("/orders/{order_id:str}", status_code=200, responses=documented(404, 409, 422, 503))
async def cancel_order(request: Request, order_id: FromPath[UUID]) -> OrderAnswer:
    """Take back what is not filled yet."""
    place = await request.place_of(order_id)
    command = CancelOrder(at=request.now, account_id=place.account_id, order_id=order_id)
    return _done(place.account_id, order_id, await request.dispatch(command))


def placed(request: Request, receipt: Receipt) -> OrderAnswer:
    """The answer to whoever placed an order, as the facts say (which may be those of before)."""
    fact = receipt.facts[0]
    assert isinstance(fact, OrderPlaced), "a refusal is raised before this"
    request.note_place(fact.order_id, fact.account_id, fact.order.symbol)
    message = " ".join(_said(fact) for fact in receipt.facts)
    return OrderAnswer(
        fact.order_id, fact.account_id, "NEW", message, receipt.position, fact.client_order_id
    )


def _done(account_id: UUID, order_id: UUID, receipt: Receipt) -> OrderAnswer:
    """The answer to whoever changed or took back an order."""
    if not receipt.facts:
        message = "The order is like that already."
        return OrderAnswer(order_id, account_id, "UNCHANGED", message, receipt.position)
    fact = receipt.facts[-1]
    status: Literal["REPLACED", "CANCELED"] = (
        "REPLACED" if isinstance(fact, OrderReplaced) else "CANCELED"
    )
    return OrderAnswer(order_id, account_id, status, _said(fact), receipt.position)


def _said(fact: Event) -> str:
    match fact:
        case OrderPlaced(order=order):
            price = "at the market" if order.price is None else f"at {order.price:f}"
            return f"{order.side} {order.quantity:f} {order.symbol} {price}."
        case OrderAccepted():
            return f"Working at {fact.venue}, no worse than {fact.limit:f}."
        case OrderReplaced():
            return f"Now {fact.quantity:f}, no worse than {fact.limit:f}."
        case OrderCanceled():
            return f"{fact.canceled_qty:f} taken back."
        case _:
            return f"{type(fact).__name__}."


@get("/orders", responses=documented(404, 422, 503))
async def list_orders(
    request: Request,
    account_id: FromQuery[UUID],
    only_open: FromQuery[bool] = False,
    limit: FromQuery[int] = LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Page[orders.OrderReport]:
    """The orders of an account, newest first, refused ones too."""
    return await request.read(
        orders.of_account, account_id, only_open=only_open, limit=limit, cursor=cursor
    )


@get("/orders/{order_id:str}", responses=documented(404, 422, 503))
async def show_order(request: Request, order_id: FromPath[UUID]) -> orders.OrderReport:
    """An order as it stands."""
    return await request.read(orders.one, order_id)


@get("/orders/{order_id:str}/fills", responses=documented(404, 422, 503))
async def list_fills_of_order(request: Request, order_id: FromPath[UUID]) -> Page[fills.Fill]:
    """The executions of one order, oldest first."""
    return Page(await request.read(fills.of_order, order_id))


@get("/fills", responses=documented(404, 422, 503))
async def list_fills(
    request: Request,
    account_id: FromQuery[UUID],
    limit: FromQuery[int] = LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Page[fills.Fill]:
    """The executions of an account, newest first, each with the quote it rests on."""
    return await request.read(fills.of_account, account_id, limit=limit, cursor=cursor)


ROUTES = (
    place_order,
    replace_order,
    cancel_order,
    list_orders,
    show_order,
    list_fills_of_order,
    list_fills,
)

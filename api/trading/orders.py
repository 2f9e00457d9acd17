"""Orders: placing, changing, taking back, and what became of them."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from litestar import delete, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Struct

from api.problems import documented
from api.trading.tickets import (
    OrderAnswer,
    OrdersAnswer,
    Ticket,
    order_for,
    placed,
    said,
    several,
    underlying_of,
)
from api.wire import Amount, Moment
from api.wiring import Request
from commands.base import Receipt
from commands.trading import CancelAll, CancelOrder, ReplaceOrder
from domain.trading import OrderReplaced, Product, Side, Tif
from projections import fills, orders
from projections.query import LIMIT, Page


class Change(Struct, frozen=True, forbid_unknown_fields=True):
    """What shall be different; what is not given stays."""

    quantity: Amount | None = None
    price: Amount | None = None
    stop_price: Amount | None = None
    tif: Tif | None = None
    expires_at: Moment | None = None
    client_order_id: str | None = None


@post("/orders", responses=documented(404, 409, 413, 415, 422, 503))
async def place_order(request: Request, data: JSONBody[Ticket]) -> OrderAnswer:
    """Buy or sell; the most the order may cost is reserved at once."""
    return placed(request, await request.dispatch(order_for(request, data)))


@patch("/orders/{order_id:str}", responses=documented(404, 409, 413, 415, 422, 503))
async def replace_order(
    request: Request, order_id: FromPath[UUID], data: JSONBody[Change]
) -> OrderAnswer:
    """Change an order; only a smaller quantity alone keeps the place in the queue."""
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
        underlying=underlying_of(request, instrument),
        bounds=request.bounds(instrument),
        stop_price=data.stop_price,
        tif=data.tif,
        expires_at=data.expires_at,
        client_order_id=data.client_order_id,
    )
    return _done(place.account_id, order_id, await request.dispatch(command))


@delete("/orders/{order_id:str}", status_code=200, responses=documented(404, 409, 422, 503))
async def cancel_order(request: Request, order_id: FromPath[UUID]) -> OrderAnswer:
    """Take back what is not filled yet."""
    place = await request.place_of(order_id)
    command = CancelOrder(at=request.now, account_id=place.account_id, order_id=order_id)
    return _done(place.account_id, order_id, await request.dispatch(command))


def _done(account_id: UUID, order_id: UUID, receipt: Receipt) -> OrderAnswer:
    """The answer to whoever changed or took back an order."""
    if not receipt.facts:
        message = "The order is like that already."
        return OrderAnswer(order_id, account_id, "UNCHANGED", message, receipt.position)
    fact = receipt.facts[0]
    status: Literal["REPLACED", "CANCELED"] = (
        "REPLACED" if isinstance(fact, OrderReplaced) else "CANCELED"
    )
    return OrderAnswer(order_id, account_id, status, said(fact), receipt.position)


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


@delete("/orders", status_code=200, responses=documented(404, 409, 422, 503))
async def give_up_orders(
    request: Request,
    account_id: FromQuery[UUID],
    symbol: FromQuery[str | None] = None,
    side: FromQuery[Side | None] = None,
    product: FromQuery[Product | None] = None,
) -> OrdersAnswer:
    """The same, for those who would rather delete."""
    command = CancelAll(
        at=request.now, account_id=account_id, symbol=symbol, side=side, product=product
    )
    return several(request, account_id, await request.dispatch_several(command))


ROUTES = (
    give_up_orders,
    place_order,
    replace_order,
    cancel_order,
    list_orders,
    show_order,
    list_fills_of_order,
    list_fills,
)

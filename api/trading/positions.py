"""Positions: what is held, the layers it was bought in, and selling it."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from litestar import delete, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Struct

from api.problems import documented
from api.trading.tickets import OrderAnswer, OrdersAnswer, placed, several
from api.wire import Amount
from api.wiring import Request
from commands.trading import CloseAll, ClosePosition, ConvertPosition, Listing
from domain.trading import PositionConverted, Product
from domain.trading.statement import plain
from projections import holdings, lots, positions
from projections.query import LIMIT, Page


class Closing(Struct, frozen=True, forbid_unknown_fields=True):
    """How much to sell (all of it by default), and the least to take (the market's price)."""

    quantity: Amount | None = None
    price: Amount | None = None


class Everything(Struct, frozen=True, forbid_unknown_fields=True):
    account_id: UUID


class Conversion(Struct, frozen=True, forbid_unknown_fields=True):
    """How much to hold under which product from now on."""

    to_product: Product
    quantity: Amount


class Converted(Struct, frozen=True):
    """``cost`` went along; equity is what it was."""

    account_id: UUID
    symbol: str
    from_product: Product
    to_product: Product
    quantity: str
    cost: str
    position: int


@get("/positions", responses=documented(404, 422, 503))
async def list_positions(request: Request, account_id: FromQuery[UUID]) -> Page[positions.Position]:
    """What an account holds or ever held, by symbol, valued at the market."""
    return Page(await request.read(positions.of_account, account_id, request.marks))


@get("/positions/{position_id:str}", responses=documented(404, 422, 503))
async def show_position(request: Request, position_id: FromPath[UUID]) -> positions.Position:
    """One position, valued at the market."""
    return await request.read(positions.one, position_id, request.marks)


@post("/positions/{position_id:str}/close", responses=documented(404, 409, 413, 415, 422, 503))
async def close_position(
    request: Request, position_id: FromPath[UUID], data: JSONBody[Closing | None] = None
) -> OrderAnswer:
    """Place the order that sells what is held and not on offer yet."""
    return await _close(request, position_id, data or Closing())


@delete("/positions/{position_id:str}", status_code=202, responses=documented(404, 409, 422, 503))
async def give_up_position(request: Request, position_id: FromPath[UUID]) -> OrderAnswer:
    """The same at the market: accepted, and done as soon as the order is filled."""
    return await _close(request, position_id, Closing())


async def _close(request: Request, position_id: UUID, closing: Closing) -> OrderAnswer:
    held = await request.read_newest(positions.one, position_id, request.marks)
    instrument = request.instrument(held.symbol)
    command = ClosePosition(
        at=request.now,
        account_id=held.account_id,
        order_id=request.new_id,
        product=Product(held.product),
        instrument=instrument,
        bounds=request.bounds(instrument),
        quote=request.quote(held.symbol),
        quote_max_age=request.quote_max_age,
        quantity=closing.quantity,
        price=closing.price,
    )
    return placed(request, await request.dispatch(command))


@get("/holdings", responses=documented(404, 422, 503))
async def list_holdings(request: Request, account_id: FromQuery[UUID]) -> Page[holdings.Owned]:
    """What an account owns, delivered or on its way (T+1), by symbol, valued at the market."""
    return Page(await request.read(holdings.of_account, account_id, request.marks))


@post("/positions/close-all", responses=documented(404, 409, 413, 415, 422, 503))
async def close_all(request: Request, data: JSONBody[Everything]) -> OrdersAnswer:
    """Trade out of everything that is held, at the market; the answer says what became of each."""
    held = await request.read_newest(positions.of_account, data.account_id, request.marks)
    symbols = {one.symbol for one in held if Decimal(one.quantity)}
    instruments = [request.instrument(symbol) for symbol in sorted(symbols)]
    bounds = {bound.scope: bound for one in instruments for bound in request.bounds(one)}
    command = CloseAll(
        at=request.now,
        account_id=data.account_id,
        close_id=request.new_id,
        listings=tuple(
            Listing(instrument=instrument, quote=request.quote(instrument.symbol))
            for instrument in instruments
        ),
        quote_max_age=request.quote_max_age,
        bounds=tuple(bounds.values()),
    )
    return several(request, data.account_id, await request.dispatch_several(command))


@post("/positions/{position_id:str}/convert", responses=documented(404, 409, 413, 415, 422, 503))
async def convert_position(
    request: Request, position_id: FromPath[UUID], data: JSONBody[Conversion]
) -> Converted:
    """Hold a position, or a part of it, under another product."""
    held = await request.read_newest(positions.one, position_id, request.marks)
    command = ConvertPosition(
        at=request.now,
        account_id=held.account_id,
        conversion_id=request.new_id,
        instrument=request.instrument(held.symbol),
        from_product=held.product,
        to_product=data.to_product,
        quantity=data.quantity,
    )
    receipt = await request.dispatch(command)
    (fact,) = receipt.facts
    assert isinstance(fact, PositionConverted), "that is what converting records"
    return Converted(
        account_id=fact.account_id,
        symbol=fact.symbol,
        from_product=fact.from_product,
        to_product=fact.to_product,
        quantity=plain(fact.quantity),
        cost=plain(fact.cost),
        position=receipt.position,
    )


@get("/lots", responses=documented(404, 422, 503))
async def list_lots(
    request: Request,
    account_id: FromQuery[UUID],
    limit: FromQuery[int] = LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Page[lots.Lot]:
    """The layers an account bought and has not sold (first in, first out), newest first."""
    return await request.read(lots.of_account, account_id, limit=limit, cursor=cursor)


ROUTES = (
    list_positions,
    show_position,
    close_position,
    give_up_position,
    close_all,
    convert_position,
    list_holdings,
    list_lots,
)

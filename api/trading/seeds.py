"""
Seed paths: the doors of earlier systems, kept for their clients, on top of ours.

Each says that it is deprecated and where its successor is (RFC 9745, RFC 8288).  Their bodies
name no account, so they mean the first one that their user opened.
"""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from litestar import delete, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Struct

from api.problems import documented
from api.trading.accounts import show_dashboard, show_wallet
from api.trading.orders import list_orders, place_order
from api.trading.positions import give_up_position, list_positions
from api.trading.tickets import OrderAnswer, Ticket
from api.wire import Amount
from api.wiring import Request
from domain.errors import Invalid
from domain.trading import OrderType, Side
from projections import accounts, dashboard, orders, positions, wallets
from projections.query import LIMIT, Page

#: Since when (seconds since 1970): the day on which the paths of this service were published.
DEPRECATED_SINCE = "@1795564800"
PREFIX = "/api"


class PaperOrder(Struct, frozen=True, forbid_unknown_fields=True):
    """With a price it is a limit order, without one a market order."""

    symbol: str
    side: Side
    quantity: Amount
    price: Amount | None = None


class BrokerOrder(Struct, frozen=True, forbid_unknown_fields=True):
    """``order_type`` is the side, and must be that of the path."""

    stock_ticker: str
    quantity: Amount
    price: Amount | None = None
    order_type: Literal["buy", "sell", "BUY", "SELL"] | None = None

    def paper(self, side: Side) -> PaperOrder:
        if self.order_type is not None and self.order_type.upper() != side:
            rule = f"{side.lower()}, as in the path"
            detail = f"order_type must be {rule}"
            raise Invalid("SIDE_MISMATCH", detail, field="order_type", rule=rule)
        return PaperOrder(self.stock_ticker, side, self.quantity, self.price)


def succeeded_by(request: Request, path: str) -> None:
    request.say("deprecation", DEPRECATED_SINCE)
    request.say("link", f'<{path}>; rel="successor-version"')


async def _place(request: Request, order: PaperOrder) -> OrderAnswer:
    succeeded_by(request, "/api/v1/orders")
    ticket = Ticket(
        account_id=await _first_account(request),
        symbol=order.symbol,
        side=order.side,
        quantity=order.quantity,
        order_type=OrderType.MARKET if order.price is None else OrderType.LIMIT,
        price=order.price,
    )
    answer: OrderAnswer = await place_order.fn(request=request, data=ticket)
    return answer


async def _first_account(request: Request) -> UUID:
    return await request.read_newest(accounts.first)


@post("/paper-trading/orders", responses=documented(404, 409, 413, 415, 422, 503))
async def place_paper_order(request: Request, data: JSONBody[PaperOrder]) -> OrderAnswer:
    """Deprecated: POST /api/v1/orders."""
    return await _place(request, data)


@post("/v1/dashboard/order/buy", responses=documented(404, 409, 413, 415, 422, 503))
async def buy(request: Request, data: JSONBody[BrokerOrder]) -> OrderAnswer:
    """Deprecated: POST /api/v1/orders with side BUY."""
    return await _place(request, data.paper(Side.BUY))


@post("/v1/dashboard/order/sell", responses=documented(404, 409, 413, 415, 422, 503))
async def sell(request: Request, data: JSONBody[BrokerOrder]) -> OrderAnswer:
    """Deprecated: POST /api/v1/orders with side SELL."""
    return await _place(request, data.paper(Side.SELL))


@get("/paper-trading/orders", responses=documented(404, 422, 503))
async def list_paper_orders(
    request: Request, limit: FromQuery[int] = LIMIT, cursor: FromQuery[str | None] = None
) -> Page[orders.OrderReport]:
    """Deprecated: GET /api/v1/orders."""
    succeeded_by(request, "/api/v1/orders")
    account_id = await _first_account(request)
    found: Page[orders.OrderReport] = await list_orders.fn(
        request=request, account_id=account_id, limit=limit, cursor=cursor
    )
    return found


@get("/paper-trading/positions", responses=documented(404, 422, 503))
async def list_paper_positions(request: Request) -> Page[positions.Position]:
    """Deprecated: GET /api/v1/positions."""
    succeeded_by(request, "/api/v1/positions")
    account_id = await _first_account(request)
    found: Page[positions.Position] = await list_positions.fn(
        request=request, account_id=account_id
    )
    return found


@delete(
    "/paper-trading/positions/{position_id:str}",
    status_code=202,
    responses=documented(404, 409, 422, 503),
)
async def close_paper_position(request: Request, position_id: FromPath[UUID]) -> OrderAnswer:
    """Deprecated: DELETE /api/v1/positions/{position_id}."""
    succeeded_by(request, f"/api/v1/positions/{position_id}")
    answer: OrderAnswer = await give_up_position.fn(request=request, position_id=position_id)
    return answer


@get("/paper-trading/wallet", responses=documented(404, 422, 503))
async def show_paper_wallet(request: Request) -> wallets.Wallet:
    """Deprecated: GET /api/v1/wallet."""
    succeeded_by(request, "/api/v1/wallet")
    account_id = await _first_account(request)
    wallet: wallets.Wallet = await show_wallet.fn(request=request, account_id=account_id)
    return wallet


@get("/v1/dashboard/dashboard", responses=documented(422, 503))
async def show_seed_dashboard(request: Request) -> dashboard.Dashboard:
    """Deprecated: GET /api/v1/dashboard."""
    succeeded_by(request, "/api/v1/dashboard")
    shown: dashboard.Dashboard = await show_dashboard.fn(request=request)
    return shown


ROUTES = (
    place_paper_order,
    buy,
    sell,
    list_paper_orders,
    list_paper_positions,
    close_paper_position,
    show_paper_wallet,
    show_seed_dashboard,
)

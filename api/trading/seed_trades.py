"""
Seed paths of trades: earlier systems kept a journal that could be written over at any time.

Their clients know no versions and give no reasons, so the newest version is meant, and the
reason says who asked.  A client that does send If-Match is taken at its word.
"""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar
from uuid import UUID

from litestar import delete, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Struct

from api.asgi import header
from api.problems import documented
from api.trading.seeds import succeeded_by
from api.trading.trades import (
    NewTrade,
    annulled,
    corrected,
    note_trade,
    own,
    show_trade,
)
from api.trading.versions import seen_version
from api.wire import Amount, Charge, Moment
from api.wiring import Request
from domain.errors import Invalid
from domain.money import ZERO
from projections.query import LIMIT, Page
from projections.trades import one as trade

SUCCESSOR = "/api/v1/trades"
WHY = "asked by a client that gives no reason"
T = TypeVar("T")
CHANGES = documented(403, 404, 409, 412, 413, 415, 422, 503)


class SeedTrade(Struct, frozen=True, forbid_unknown_fields=True):
    """
    A trade as earlier systems wrote it: ``symbol`` is ``stock_ticker``, ``price`` is
    ``buy_price``.  ``status`` and ``order_type`` follow from the rest and are left aside.
    """

    quantity: Amount
    stock_ticker: str | None = None
    symbol: str | None = None
    buy_price: Amount | None = None
    price: Amount | None = None
    sell_price: Amount | None = None
    order_executed_at: Moment | None = None
    capital_used: Amount | None = None
    brokerage_charge: Charge = ZERO
    mtf_charge: Charge = ZERO
    type: str = "eq"
    order_id: str | None = None
    strategy: str | None = None
    status: str | None = None
    order_type: str | None = None

    def as_noted(self, executed_at: datetime) -> NewTrade:
        return NewTrade(
            stock_ticker=_given("stock_ticker", self.stock_ticker or self.symbol),
            quantity=self.quantity,
            buy_price=_given("buy_price", self.buy_price or self.price),
            order_executed_at=self.order_executed_at or executed_at,
            sell_price=self.sell_price,
            capital_used=self.capital_used,
            brokerage_charge=self.brokerage_charge,
            mtf_charge=self.mtf_charge,
            type=self.type,
            order_id=self.order_id,
            strategy=self.strategy,
        )


class NamedTrade(SeedTrade, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which trade it is stands in the body."""

    id: UUID


def _given(field: str, value: T | None) -> T:
    if value is None:
        raise Invalid("VALIDATION", f"{field}: required", field=field, rule="required")
    return value


async def _note(request: Request, data: SeedTrade) -> trade.Noted:
    succeeded_by(request, SUCCESSOR)
    made: trade.Noted = await note_trade.fn(request=request, data=data.as_noted(request.now))
    return made


async def _correct(request: Request, trade_id: UUID, data: SeedTrade) -> trade.Noted:
    succeeded_by(request, f"{SUCCESSOR}/{trade_id}")
    before = await own(request, trade_id)
    version = _version(request, before)
    noted = data.as_noted(before.order_executed_at)
    return await corrected(request, trade_id, noted, WHY, version)


def _version(request: Request, before: trade.Noted) -> int:
    given = header(request.scope, b"if-match")
    return before.version if given is None else seen_version(request)


async def _list(request: Request, limit: int, cursor: str | None) -> Page[trade.Noted]:
    succeeded_by(request, f"{SUCCESSOR}?origin=MANUAL")
    return await request.read(trade.noted_by, limit=limit, cursor=cursor)


@post("/v1/trade/trade", responses=documented(409, 413, 415, 422, 503))
async def note_broker_trade(request: Request, data: JSONBody[SeedTrade]) -> trade.Noted:
    """Deprecated: POST /api/v1/trades."""
    return await _note(request, data)


@post("/trades", responses=documented(409, 413, 415, 422, 503))
async def note_seed_trade(request: Request, data: JSONBody[SeedTrade]) -> trade.Noted:
    """Deprecated: POST /api/v1/trades."""
    return await _note(request, data)


@get("/v1/trade/trades", responses=documented(422, 503))
async def list_broker_trades(
    request: Request, limit: FromQuery[int] = LIMIT, cursor: FromQuery[str | None] = None
) -> Page[trade.Noted]:
    """Deprecated: GET /api/v1/trades with origin MANUAL."""
    return await _list(request, limit, cursor)


@get("/trades", responses=documented(422, 503))
async def list_seed_trades(
    request: Request, limit: FromQuery[int] = LIMIT, cursor: FromQuery[str | None] = None
) -> Page[trade.Noted]:
    """Deprecated: GET /api/v1/trades with origin MANUAL."""
    return await _list(request, limit, cursor)


@get("/v1/trade/trade/{trade_id:str}", responses=documented(404, 422, 503))
async def show_broker_trade(
    request: Request, trade_id: FromPath[UUID]
) -> trade.Executed | trade.Noted:
    """Deprecated: GET /api/v1/trades/{trade_id}."""
    succeeded_by(request, f"{SUCCESSOR}/{trade_id}")
    found: trade.Executed | trade.Noted = await show_trade.fn(request=request, trade_id=trade_id)
    return found


@put("/v1/trade/trade/{trade_id:str}", responses=CHANGES)
async def correct_broker_trade(
    request: Request, trade_id: FromPath[UUID], data: JSONBody[SeedTrade]
) -> trade.Noted:
    """Deprecated: PUT /api/v1/trades/{trade_id}."""
    return await _correct(request, trade_id, data)


@put("/trades", responses=CHANGES)
async def correct_seed_trade(request: Request, data: JSONBody[NamedTrade]) -> trade.Noted:
    """Deprecated: PUT /api/v1/trades/{trade_id}."""
    return await _correct(request, data.id, data)


@delete("/trades", status_code=200, responses=documented(403, 404, 409, 412, 422, 503))
async def annul_seed_trade(request: Request, id: FromQuery[UUID]) -> trade.Noted:
    """Deprecated: DELETE /api/v1/trades/{trade_id}."""
    succeeded_by(request, f"{SUCCESSOR}/{id}")
    before = await own(request, id)
    return await annulled(request, id, WHY, _version(request, before))


ROUTES = (
    note_broker_trade,
    note_seed_trade,
    list_broker_trades,
    list_seed_trades,
    show_broker_trade,
    correct_broker_trade,
    correct_seed_trade,
    annul_seed_trade,
)

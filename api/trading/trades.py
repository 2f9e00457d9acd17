"""
Trades by name: those of the engine as they count now, and those a person notes by hand.

Whoever notes a trade corrects it and takes it out themselves; a trade of the engine is
corrected by the house (``api.admin.trades``).  Nothing is ever removed: every version stays.
"""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from litestar import delete, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta, Struct

from api import wire
from api.problems import documented
from api.trading.versions import seen_version, tell_version
from api.wire import Amount, Charge, Moment
from api.wiring import Request
from commands.base import REASON_MAX, REASON_MIN
from commands.trading import AnnulManualTrade, CorrectManualTrade, RecordManualTrade
from domain.errors import Forbidden, Illegal
from domain.money import ZERO
from domain.trading import JournalEntry, ManualTradeRecorded
from projections import accounts, trades
from projections.query import LIMIT, Page
from projections.trades import Method, Origin
from projections.trades import one as trade

Why = Annotated[str, Meta(min_length=REASON_MIN, max_length=REASON_MAX)]
CHANGES = documented(403, 404, 409, 412, 413, 415, 422, 428, 503)


class NewTrade(Struct, frozen=True, forbid_unknown_fields=True):
    """
    A trade made elsewhere, from entry to exit: open without ``sell_price``.

    Prices are a unit; charges and own funds are money.  There is no ``account_id``: the trades
    of an account are made by the engine alone.
    """

    stock_ticker: str
    quantity: Amount
    buy_price: Amount
    order_executed_at: Moment
    sell_price: Amount | None = None
    capital_used: Amount | None = None
    brokerage_charge: Charge = ZERO
    mtf_charge: Charge = ZERO
    type: str = "eq"
    order_id: str | None = None
    strategy: str | None = None
    notes: str = ""
    tags: tuple[str, ...] = ()
    account_id: UUID | None = None

    @property
    def entry(self) -> JournalEntry:
        return JournalEntry(**_said(self, JournalEntry))


class TradeAsItWas(NewTrade, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All of the trade as it really was, and why it was noted otherwise."""

    reason: Why


class Because(Struct, frozen=True, forbid_unknown_fields=True):
    """Why it never was."""

    reason: Why


def _said(given: Struct, kind: type[Struct]) -> dict[str, Any]:
    return {name: getattr(given, name) for name in kind.__struct_fields__}


@post("/trades", responses=documented(405, 409, 413, 415, 422, 503))
async def note_trade(request: Request, data: JSONBody[NewTrade]) -> trade.Noted:
    """Note a trade that was made elsewhere."""
    return await noted(request, data)


async def noted(request: Request, data: NewTrade) -> trade.Noted:
    if data.account_id is not None:
        await request.read(accounts.one, data.account_id)  # others' are not told apart from none
        raise Illegal("TRADE_CREATED_BY_ENGINE_ONLY", account_id=str(data.account_id))
    command = RecordManualTrade(
        at=request.now,
        user_id=request.user.user_id,
        trade_id=request.new_id,
        entry=data.entry,
    )
    receipt = await request.dispatch(command)
    (fact,) = receipt.facts
    assert isinstance(fact, ManualTradeRecorded), "that is what noting records"
    return await _shown(request, fact.trade_id)


@get("/trades", responses=documented(404, 422, 503))
async def list_trades(
    request: Request,
    *,
    origin: FromQuery[Origin] = Origin.ENGINE,
    account_id: FromQuery[UUID | None] = None,
    method: FromQuery[Method] = Method.FLAT_TO_FLAT,
    include: FromQuery[trade.Include | None] = None,
    limit: FromQuery[int] = LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Page[trades.Trade] | Page[trade.Noted]:
    """
    Round trips of an account from flat to flat, or the match of each closing fill by lots; with
    ``origin`` MANUAL what I noted by hand.  Newest first.
    """
    if origin is Origin.MANUAL:
        annulled = include is not None
        return await request.read(trade.noted_by, annulled=annulled, limit=limit, cursor=cursor)
    if account_id is None:
        raise wire.invalid("/account_id", "required", "query")
    return await request.read(
        trades.of_account, account_id, method=method, limit=limit, cursor=cursor
    )


@get("/trades/{trade_id:str}", responses=documented(404, 422, 503))
async def show_trade(request: Request, trade_id: FromPath[UUID]) -> trade.Executed | trade.Noted:
    """A trade as it counts now; its version is the ETag."""
    found = await request.read(trade.one, trade_id)
    tell_version(request, found.version)
    return found


@get("/trades/{trade_id:str}/history", responses=documented(404, 422, 503))
async def show_trade_history(
    request: Request, trade_id: FromPath[UUID]
) -> Page[trade.Executed] | Page[trade.Noted]:
    """Every version of a trade, oldest first, with why each took the place of the one before."""
    return await request.read(trade.versions, trade_id)


@put("/trades/{trade_id:str}", responses=CHANGES)
async def correct_trade(
    request: Request, trade_id: FromPath[UUID], data: JSONBody[TradeAsItWas]
) -> trade.Noted:
    """Say what a trade that I noted really was; If-Match tells which version was seen."""
    await own(request, trade_id)
    return await corrected(request, trade_id, data, data.reason, seen_version(request))


async def corrected(
    request: Request, trade_id: UUID, data: NewTrade, reason: str, version: int
) -> trade.Noted:
    await request.dispatch(
        CorrectManualTrade(
            at=request.now,
            user_id=request.user.user_id,
            trade_id=trade_id,
            entry=data.entry,
            expected_version=version,
            reason=reason,
        )
    )
    return await _shown(request, trade_id)


@delete("/trades/{trade_id:str}", status_code=200, responses=CHANGES)
async def annul_trade(
    request: Request, trade_id: FromPath[UUID], data: JSONBody[Because]
) -> trade.Noted:
    """Say that a trade I noted never was; again, it is answered as before."""
    await own(request, trade_id)
    return await annulled(request, trade_id, data.reason, seen_version(request))


async def annulled(request: Request, trade_id: UUID, reason: str, version: int) -> trade.Noted:
    await request.dispatch(
        AnnulManualTrade(
            at=request.now,
            user_id=request.user.user_id,
            trade_id=trade_id,
            expected_version=version,
            reason=reason,
        )
    )
    return await _shown(request, trade_id)


async def own(request: Request, trade_id: UUID) -> trade.Noted:
    """The caller's, noted by hand: NotFound for others', Forbidden for those of the engine."""
    found = await request.read_newest(trade.one, trade_id)
    if isinstance(found, trade.Executed):
        raise Forbidden("TRADE_CORRECTION_FORBIDDEN", trade_id=str(trade_id))
    return found


async def _shown(request: Request, trade_id: UUID) -> trade.Noted:
    found = await own(request, trade_id)
    tell_version(request, found.version)
    return found


ROUTES = (note_trade, list_trades, show_trade, show_trade_history, correct_trade, annul_trade)

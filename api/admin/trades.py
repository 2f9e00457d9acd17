"""Trades of others: seen with all their versions, corrected and annulled by two people."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Struct
from msgspec.structs import asdict, replace

from api.admin.words import Why
from api.asgi import Json
from api.auth import only
from api.problems import documented
from api.trading.versions import seen_version, tell_version
from api.wire import Amount, Moment
from api.wiring import Proposed, Request
from commands.trading import AnnulTrade, Blast, CorrectTrade, Restating, blast_radius
from domain.base import fold
from domain.errors import Illegal, Invalid
from domain.trading import Account
from domain.trading.statement import plain
from projections.query import Page
from projections.trades import one as trade


class Correction(Struct, frozen=True, forbid_unknown_fields=True):
    """
    What the trade should have been, as far as it was wrong.

    With ``force`` it is done even if the account then breaks a rule, and may only reduce.
    """

    reason: Why
    quantity: Amount | None = None
    price: Amount | None = None
    executed_at: Moment | None = None
    force: bool = False


class Annulment(Struct, frozen=True, forbid_unknown_fields=True):
    """With ``force`` it is done even if the account then breaks a rule, and may only reduce."""

    reason: Why
    force: bool = False


class BlastRadius(Struct, frozen=True):
    """
    What would change: ``deltas`` by how much, and what the account would have after it.

    ``breaks`` is the rule that the account would break, which takes ``force``.
    """

    trade_id: UUID
    account_id: UUID
    symbol: str
    product: str
    deltas: dict[str, str]
    quantity_after: str
    cash_after: str
    equity_after: str
    breaks: str | None


DRY = ResponseSpec(BlastRadius, description="A dry run: nothing was done", generate_examples=False)
ANSWERS: dict[int, Any] = {200: DRY, **documented(404, 409, 412, 413, 415, 422, 428, 503)}


@get("/admin/trades/{trade_id:str}", opt=only("trades:read"), responses=documented(404, 422, 503))
async def show_any_trade(request: Request, trade_id: FromPath[UUID]) -> Page[trade.Executed]:
    """Every version of a trade of the engine, oldest first; the last one counts."""
    return await _versions(request, trade_id)


@post(
    "/admin/trades/{trade_id:str}/correct",
    opt=only("trades:correct"),
    status_code=202,
    responses=ANSWERS,
)
async def propose_correction(
    request: Request,
    trade_id: FromPath[UUID],
    data: JSONBody[Correction],
    dry_run: FromQuery[bool] = False,
) -> Response[Proposed]:
    """Ask a second person to let a trade be corrected (FIX ExecType G)."""
    version = seen_version(request)
    command = CorrectTrade(
        at=request.now,
        account_id=(await _versions(request, trade_id)).items[-1].account_id,
        trade_id=trade_id,
        reason=data.reason,
        expected_version=version,
        force=data.force,
        quantity=data.quantity,
        price=data.price,
        executed_at=data.executed_at,
    )
    return await _restate(request, command, dry_run)


@post(
    "/admin/trades/{trade_id:str}/annul",
    opt=only("trades:annul"),
    status_code=202,
    responses=ANSWERS,
)
async def propose_annulment(
    request: Request,
    trade_id: FromPath[UUID],
    data: JSONBody[Annulment],
    dry_run: FromQuery[bool] = False,
) -> Response[Proposed]:
    """Ask a second person to let a trade be annulled (FIX ExecType H)."""
    version = seen_version(request)
    command = AnnulTrade(
        at=request.now,
        account_id=(await _versions(request, trade_id)).items[-1].account_id,
        trade_id=trade_id,
        reason=data.reason,
        expected_version=version,
        force=data.force,
    )
    return await _restate(request, command, dry_run)


async def _versions(request: Request, trade_id: UUID) -> Page[trade.Executed]:
    found = await request.read_newest_of(trade_id, trade.executed)
    tell_version(request, found.items[-1].version)
    return found


async def _restate(request: Request, command: Restating, dry_run: bool) -> Response[Proposed]:
    """Ask for it, if it could be done now; on a dry run only tell what it would change."""
    history = await request.house.history(command.account_id)
    account, asked = fold(Account(), history), replace(command, history=history)
    if dry_run:
        return Json(_shown(command.account_id, blast_radius(account, asked)), status_code=200)
    if not asked.decide(account):
        if isinstance(command, AnnulTrade):
            raise Illegal("TRADE_ALREADY_ANNULLED", trade_id=str(command.trade_id))
        rule = "something that is not so already"
        raise Invalid("VALIDATION", f"correct {rule}", field="price", rule=rule)
    return Json(await request.propose(command, command.reason), status_code=202)


def _shown(account_id: UUID, blast: Blast) -> BlastRadius:
    return BlastRadius(
        trade_id=blast.trade_id,
        account_id=account_id,
        symbol=blast.symbol,
        product=blast.product,
        deltas={name: plain(amount) for name, amount in asdict(blast.deltas).items()},
        quantity_after=plain(blast.quantity_after),
        cash_after=plain(blast.cash_after),
        equity_after=plain(blast.equity_after),
        breaks=blast.breaks,
    )


ROUTES = (show_any_trade, propose_correction, propose_annulment)

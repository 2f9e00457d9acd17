"""Parts of the dashboard, each of one account: the first that I opened, unless I name another."""

from __future__ import annotations

from uuid import UUID

from litestar import get
from litestar.params import FromQuery

from api.problems import documented
from api.wiring import Request
from projections import accounts, equity, performance, trades
from projections.query import Page

RECENT, POINTS = 20, 100


@get("/dashboard/stats", responses=documented(404, 422, 503))
async def show_stats(
    request: Request,
    account_id: FromQuery[UUID | None] = None,
    since: FromQuery[str | None] = None,
    until: FromQuery[str | None] = None,
) -> performance.Performance:
    """Returns, drawdown, win rate and the rest: the performance of an account."""
    shown = await _meant(request, account_id)
    return await request.read(performance.of_account, shown, since=since, until=until)


@get("/dashboard/recent-trades", responses=documented(404, 422, 503))
async def list_recent_trades(
    request: Request, account_id: FromQuery[UUID | None] = None, limit: FromQuery[int] = RECENT
) -> Page[trades.Trade]:
    """The last round trips of an account, newest first."""
    shown = await _meant(request, account_id)
    return await request.read(trades.of_account, shown, limit=limit)


@get("/dashboard/equity", responses=documented(404, 422, 503))
async def draw_equity(
    request: Request, account_id: FromQuery[UUID | None] = None, points: FromQuery[int] = POINTS
) -> Page[equity.EquityPoint]:
    """The curve of what an account was worth in its whole life, in so many points."""
    shown = await _meant(request, account_id)
    return Page(await request.read(equity.curve, shown, points=points))


async def _meant(request: Request, account_id: UUID | None) -> UUID:
    return await request.read(accounts.first) if account_id is None else account_id


ROUTES = (show_stats, list_recent_trades, draw_equity)

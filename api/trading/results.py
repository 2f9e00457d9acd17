"""Results: what each day brought, and the measures of performance."""

from __future__ import annotations

from uuid import UUID

from litestar import get
from litestar.params import FromPath, FromQuery

from api.problems import documented
from api.wiring import Request
from projections import contract_notes, daily_pnl, performance
from projections.query import Page


@get("/accounts/{account_id:str}/daily-pnl", responses=documented(404, 422, 503))
async def show_daily_pnl(
    request: Request,
    account_id: FromPath[UUID],
    since: FromQuery[str | None] = None,
    until: FromQuery[str | None] = None,
) -> Page[daily_pnl.DayPnl]:
    """The P&L calendar: what each day brought, oldest first."""
    return Page(await request.read(daily_pnl.of_account, account_id, since=since, until=until))


@get("/accounts/{account_id:str}/performance", responses=documented(404, 422, 503))
async def show_performance(
    request: Request,
    account_id: FromPath[UUID],
    since: FromQuery[str | None] = None,
    until: FromQuery[str | None] = None,
) -> performance.Performance:
    """Returns, drawdown, Sharpe and the rest, over a range of days or the account's whole life."""
    return await request.read(performance.of_account, account_id, since=since, until=until)


@get("/contract-notes", responses=documented(404, 422, 503))
async def list_contract_notes(
    request: Request,
    account_id: FromQuery[UUID],
    since: FromQuery[str | None] = None,
    until: FromQuery[str | None] = None,
) -> Page[contract_notes.ContractNote]:
    """What was dealt in on each day, and what it cost by component; not for tax use."""
    notes = await request.read(contract_notes.of_account, account_id, since=since, until=until)
    return Page(notes)


ROUTES = (show_daily_pnl, show_performance, list_contract_notes)

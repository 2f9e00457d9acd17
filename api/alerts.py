"""Alerts: what a trader wants to be told of the market."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from litestar import delete, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Struct

from api.problems import documented
from api.wire import Amount, Moment
from api.wiring import Request
from commands.market import CancelAlert, SetAlert
from domain.market import AlertKind, Condition, Way, mark
from domain.market.candle import Timeframe
from domain.market.indicators import Indicator, Study
from projections import alerts
from projections.alerts import Alert, AlertStatus
from projections.query import LIMIT, Page


class NewAlert(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """
    PRICE: the price is at or ABOVE, at or BELOW, or CROSSES ``level``.  PERCENT: it is ``level``
    percent ABOVE or BELOW that of now.  INDICATOR: after a candle of ``timeframe``, ``line`` (its
    first by default) is so; without a ``level``, the close of the candle is held against it.
    """

    symbol: str
    kind: AlertKind
    way: Way
    level: Amount | None = None
    indicator: Indicator | None = None
    timeframe: Timeframe | None = None
    line: str | None = None
    period: int | None = None
    fast: int = 12
    slow: int = 26
    signal: int = 9
    deviations: Amount = Decimal(2)
    expires_at: Moment | None = None

    @property
    def condition(self) -> Condition:
        numbers = (self.period, self.fast, self.slow, self.signal, self.deviations)
        study = None if self.indicator is None else Study(self.indicator, *numbers)
        return Condition(
            kind=self.kind,
            way=self.way,
            level=self.level,
            study=study,
            line=self.line,
            timeframe=self.timeframe,
        )


class AlertAnswer(Struct, frozen=True):
    """How it stood at ``position``; how it stands since is for GET to say."""

    alert_id: UUID
    status: AlertStatus
    position: int


@post("/alerts", responses=documented(404, 409, 413, 415, 422, 503))
async def set_alert(request: Request, data: JSONBody[NewAlert]) -> AlertAnswer:
    """Have the market watched until the condition is so, once; the price is that of now."""
    command = SetAlert(
        at=request.now,
        user_id=request.user.user_id,
        alert_id=request.new_id,
        symbol=request.instrument(data.symbol).symbol,
        condition=data.condition,
        reference=_price(request, data.symbol),
        expires_at=data.expires_at,
    )
    receipt = await request.dispatch(command)
    return AlertAnswer(receipt.facts[0].alert_id, AlertStatus.OPEN, receipt.position)  # type: ignore[attr-defined]  # AlertSet


@get("/alerts", responses=documented(422, 503))
async def list_alerts(
    request: Request,
    status: FromQuery[AlertStatus | None] = None,
    symbol: FromQuery[str | None] = None,
    limit: FromQuery[int] = LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Page[Alert]:
    """My alerts, newest first."""
    return await request.read(
        alerts.of_user, status=status, symbol=symbol, limit=limit, cursor=cursor
    )


@get("/alerts/{alert_id:str}", responses=documented(404, 422, 503))
async def show_alert(request: Request, alert_id: FromPath[UUID]) -> Alert:
    """One of them; once it has triggered, with the slice of the market that did it."""
    return await request.read(alerts.one, alert_id)


@delete("/alerts/{alert_id:str}", status_code=200, responses=documented(404, 422, 503))
async def cancel_alert(request: Request, alert_id: FromPath[UUID]) -> AlertAnswer:
    """Not to be told any more; of one that does not wait (any more), 404."""
    command = CancelAlert(at=request.now, user_id=request.user.user_id, alert_id=alert_id)
    receipt = await request.dispatch(command)
    return AlertAnswer(alert_id, AlertStatus.CANCELLED, receipt.position)


def _price(request: Request, symbol: str) -> Decimal | None:
    """The last price, as the lookout will see it."""
    quote = request.quote(symbol)
    return quote.last if quote is not None and quote.last is not None else mark(quote)


ROUTES = (set_alert, list_alerts, show_alert, cancel_alert)

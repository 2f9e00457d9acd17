"""Risk: limits, trading state, and the kill switch."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from litestar import get, put
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from api.auth import only
from api.problems import documented
from api.wiring import Request
from commands.base import Command, Receipt
from commands.trading import (
    SetDeskLimits,
    SetDeskState,
    SetRiskLimits,
    SetTradingState,
)
from commands.trading.breaches import next_day
from domain.errors import Invalid
from domain.trading import (
    Limits,
    Party,
    RiskLimitsSet,
    TradingState,
    TradingStateChanged,
)
from domain.trading.desk import PLATFORM
from projections import accounts, risk_status

#: Halting itself is always at hand (POST /kill-switch); this can let go on as well.
HALT = only("system:halt", fresh=True)
ACCOUNT, USER = "account:", "user:"


class NewLimits(Struct, frozen=True, forbid_unknown_fields=True):
    """All limits of the scope, anew: what is left out is limited no more."""

    limits: Limits
    reason: str = ""


class LimitsAnswer(Struct, frozen=True):
    """``limits`` count now; ``later``, which are looser, from ``later_from`` on."""

    scope: str
    limits: Limits | None
    later: Limits | None
    later_from: datetime | None
    changed: bool
    position: int


class NewState(Struct, frozen=True, forbid_unknown_fields=True):
    """``until`` (RFC 3339) ends the hold by itself; without it, it stands until taken back."""

    state: TradingState
    reason: str
    until: datetime | None = None


class DeskState(Struct, frozen=True, forbid_unknown_fields=True):
    """``scope`` is platform, user:ID, bot:ID, exchange:NAME or symbol:NAME."""

    scope: str
    state: TradingState
    reason: str
    until: datetime | None = None


class DeskLimits(Struct, frozen=True, forbid_unknown_fields=True):
    scope: str
    limits: Limits
    reason: str


class StateAnswer(Struct, frozen=True):
    """``state`` is what this party now asks for; another may still hold trading back."""

    scope: str
    party: Party
    state: TradingState
    until: datetime | None
    changed: bool
    position: int


@put("/accounts/{account_id:str}/risk-limits", responses=documented(403, 404, 409, 415, 422, 503))
async def set_risk_limits(
    request: Request, account_id: FromPath[UUID], data: JSONBody[NewLimits]
) -> LimitsAnswer:
    """Limit an account: what is stricter counts at once, what is looser from the next session."""
    command = SetRiskLimits(
        at=request.now,
        account_id=account_id,
        limits=data.limits,
        next_session=_next_session(request),
        reason=data.reason,
    )
    return _limits(f"{ACCOUNT}{account_id}", await request.dispatch(command))


@put("/risk-limits", responses=documented(403, 409, 415, 422, 503))
async def set_my_limits(request: Request, data: JSONBody[NewLimits]) -> LimitsAnswer:
    """The same for all my accounts together."""
    scope = f"{USER}{request.user.user_id}"
    command = SetDeskLimits(
        at=request.now,
        scope=scope,
        limits=data.limits,
        next_session=_next_session(request),
        reason=data.reason,
    )
    return _limits(scope, await request.dispatch(command))


@put("/admin/risk-limits", opt=HALT, responses=documented(403, 415, 422, 503))
async def set_desk_limits(request: Request, data: JSONBody[DeskLimits]) -> LimitsAnswer:
    """The limits of the house for a whole scope, looser ones at once as well."""
    command = SetDeskLimits(
        at=request.now,
        scope=data.scope,
        limits=data.limits,
        next_session=request.now,
        party=Party.HOUSE,
        reason=data.reason,
    )
    return _limits(data.scope, await request.dispatch(command))


@put("/accounts/{account_id:str}/trading-state", responses=documented(403, 404, 409, 415, 422, 503))
async def set_trading_state(
    request: Request, account_id: FromPath[UUID], data: JSONBody[NewState]
) -> StateAnswer:
    """Hold an account back, or let it go on as far as that is mine to say."""
    command = SetTradingState(
        at=request.now,
        account_id=account_id,
        trading_state=data.state,
        reason=data.reason,
        until=data.until,
    )
    return _state(f"{ACCOUNT}{account_id}", Party.OWNER, data, await request.dispatch(command))


@put("/admin/trading-state", opt=HALT, responses=documented(403, 404, 409, 415, 422, 503))
async def set_desk_state(request: Request, data: JSONBody[DeskState]) -> StateAnswer:
    """Hold a whole scope back, or let it go on."""
    if data.scope.startswith(ACCOUNT):
        command: Command = SetTradingState(
            at=request.now,
            account_id=account_of(data.scope),
            trading_state=data.state,
            reason=data.reason,
            until=data.until,
            party=Party.HOUSE,
        )
    else:
        command = SetDeskState(
            at=request.now,
            scope=data.scope,
            trading_state=data.state,
            reason=data.reason,
            until=data.until,
        )
    return _state(data.scope, Party.HOUSE, data, await request.dispatch(command))


@get("/accounts/{account_id:str}/risk", responses=documented(404, 422, 503))
async def show_risk(
    request: Request, account_id: FromPath[UUID]
) -> Sequence[risk_status.RiskStatus]:
    """Every limit and hold that this account has to respect, and who set it."""
    await request.read(accounts.one, account_id)
    scopes = (f"{ACCOUNT}{account_id}", f"{USER}{request.user.user_id}", PLATFORM)
    return await request.read(risk_status.of_scopes, scopes)


def _limits(scope: str, receipt: Receipt) -> LimitsAnswer:
    if not receipt.facts:
        return LimitsAnswer(scope, None, None, None, False, receipt.position)
    (fact,) = receipt.facts
    assert isinstance(fact, RiskLimitsSet), "that is what setting limits records"
    return LimitsAnswer(scope, fact.limits, fact.later, fact.later_from, True, receipt.position)


def _state(scope: str, party: Party, data: NewState | DeskState, receipt: Receipt) -> StateAnswer:
    for fact in receipt.facts:
        assert isinstance(fact, TradingStateChanged), "that is what a hold records"
    return StateAnswer(scope, party, data.state, data.until, bool(receipt.facts), receipt.position)


def account_of(scope: str) -> UUID:
    try:
        return UUID(scope.removeprefix(ACCOUNT))
    except ValueError:
        raise Invalid(
            "VALIDATION", "scope must be account:ID", field="scope", rule="account:ID"
        ) from None


def _next_session(request: Request) -> datetime:
    """The next day of the market (UTC), when what is looser begins to count."""
    return next_day(request.now)


ROUTES = (
    set_risk_limits,
    set_my_limits,
    set_desk_limits,
    set_trading_state,
    set_desk_state,
    show_risk,
)

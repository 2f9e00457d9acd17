"""The kill switch: halt first, then cancel, flatten and stop; and let it go on again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import post
from litestar.params import JSONBody
from msgspec import Struct

from api.problems import documented
from api.trading.risk import ACCOUNT, HALT, USER, account_of
from api.wiring import Proposed, Request
from commands.base import Command, Receipt
from commands.trading import (
    ActivateDeskKillSwitch,
    ActivateKillSwitch,
    ReleaseDeskKillSwitch,
    ReleaseKillSwitch,
    ReleaseUserKillSwitch,
)
from domain.errors import Invalid
from domain.trading import OrderCanceled, TradingState


class Kill(Struct, frozen=True, forbid_unknown_fields=True):
    """
    ``scope`` is account:ID, user:ID (mine by default) or, with permission, any other.

    ``confirm`` must be true: nobody halts by a slip of the finger.
    """

    confirm: bool
    reason: str
    scope: str | None = None
    cancel_orders: bool = True
    flatten: bool = False
    stop_bots: bool = True


class Release(Struct, frozen=True, forbid_unknown_fields=True):
    reason: str
    scope: str | None = None


class DeskRelease(Struct, frozen=True, forbid_unknown_fields=True):
    scope: str
    reason: str


class KillAnswer(Struct, frozen=True):
    """
    Trading is halted from ``position`` on, whatever is still under way.

    ``canceled`` are orders that were taken back in the very same commit; those of other accounts
    in the scope follow, and so does flattening: GET /orders and /positions show how far it is.
    """

    scope: str
    state: TradingState
    changed: bool
    canceled: list[UUID]
    position: int


@post("/kill-switch", status_code=200, responses=documented(403, 404, 415, 422, 503))
async def pull_kill_switch(request: Request, data: JSONBody[Kill]) -> KillAnswer:
    """Halt at once, then cancel, flatten and stop what is asked for; asking twice is harmless."""
    if not data.confirm:
        raise Invalid("VALIDATION", "confirm must be true", field="confirm", rule="true")
    scope = data.scope or f"{USER}{request.user.user_id}"
    asked: dict[str, Any] = {
        "at": request.now,
        "cancel_orders": data.cancel_orders,
        "flatten": data.flatten,
        "stop_bots": data.stop_bots,
        "reason": data.reason,
    }
    command: Command
    if scope.startswith(ACCOUNT):
        command = ActivateKillSwitch(account_id=account_of(scope), **asked)
    else:
        command = ActivateDeskKillSwitch(scope=scope, **asked)
    return _killed(scope, TradingState.HALTED, await request.dispatch(command))


@post("/kill-switch/release", status_code=200, responses=documented(403, 404, 415, 422, 503))
async def release_kill_switch(request: Request, data: JSONBody[Release]) -> KillAnswer:
    """Let trading go on; for a scope of many people a second person has to agree."""
    scope = data.scope or f"{USER}{request.user.user_id}"
    command: Command
    if scope.startswith(ACCOUNT):
        command = ReleaseKillSwitch(
            at=request.now, account_id=account_of(scope), reason=data.reason
        )
    elif scope.startswith(USER):
        command = ReleaseUserKillSwitch(at=request.now, scope=scope, reason=data.reason)
    else:
        command = ReleaseDeskKillSwitch(at=request.now, scope=scope, reason=data.reason)
    return _killed(scope, TradingState.ACTIVE, await request.dispatch(command))


@post(
    "/admin/kill-switch/release",
    status_code=202,
    opt=HALT,
    responses=documented(403, 415, 422, 503),
)
async def propose_release(request: Request, data: JSONBody[DeskRelease]) -> Proposed:
    """Ask a second person to let a scope of many people go on."""
    command = ReleaseDeskKillSwitch(at=request.now, scope=data.scope, reason=data.reason)
    return await request.propose(command, data.reason)


def _killed(scope: str, state: TradingState, receipt: Receipt) -> KillAnswer:
    canceled = [fact.order_id for fact in receipt.facts if isinstance(fact, OrderCanceled)]
    return KillAnswer(scope, state, bool(receipt.facts), canceled, receipt.position)


ROUTES = (pull_kill_switch, release_kill_switch, propose_release)

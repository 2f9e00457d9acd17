"""Risk of many accounts at once: limits, trading state and kill switch of a desk."""

from __future__ import annotations

from datetime import datetime

from commands.base import Caller, Command, demand_reason
from commands.trading.holds import HALT, Held, Kill, demand_limits, demand_own_voice, limits_set
from domain.base import Events, Role
from domain.errors import Forbidden, Invalid
from domain.trading.desk import STREAM, Desks, is_scope
from domain.trading.limits import Limits
from domain.trading.risk import Party, TradingState


class DeskCommand(Command, frozen=True, kw_only=True):
    """Decided by a desk: a scope wider than one account."""

    state = Desks
    allowed = Role.TRADER | Role.SYSTEM
    permission = HALT

    scope: str

    def __post_init__(self) -> None:
        if not is_scope(self.scope):
            rule = "platform, user:ID, bot:ID, exchange:NAME or symbol:NAME"
            raise Invalid("VALIDATION", f"scope must be {rule}", field="scope", rule=rule)

    @property
    def stream(self) -> str:
        return STREAM

    def authorise(self, state: Desks, by: Caller) -> None:
        """A trader decides about his own scope; every other needs the permission."""
        super().authorise(state, by)
        mine = self.scope == by.actor
        if not (mine or by.roles & Role.SYSTEM or HALT in by.permissions):
            raise Forbidden("ACCESS_DENIED", command=type(self).__name__)


class SetDeskLimits(DeskCommand, frozen=True, kw_only=True):
    """Limit what everybody in a scope may do."""

    limits: Limits
    next_session: datetime
    party: Party = Party.OWNER
    reason: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        demand_limits(self.limits)

    def authorise(self, state: Desks, by: Caller) -> None:
        super().authorise(state, by)
        demand_own_voice(self.party, self.scope == by.actor, by)

    def decide(self, desks: Desks) -> Events:
        return limits_set(
            self.scope,
            desks.risk_of(self.scope),
            self.limits,
            party=self.party,
            reason=self.reason,
            at=self.at,
            next_session=self.next_session,
        )


class SetDeskState(DeskCommand, frozen=True, kw_only=True):
    """Hold everybody in a scope back, or let them go on."""

    urgent = True

    trading_state: TradingState
    reason: str
    until: datetime | None = None
    party: Party = Party.HOUSE

    def __post_init__(self) -> None:
        super().__post_init__()
        demand_reason(self.reason)

    def authorise(self, state: Desks, by: Caller) -> None:
        super().authorise(state, by)
        demand_own_voice(self.party, self.scope == by.actor, by)

    def decide(self, desks: Desks) -> Events:
        held = Held(self.scope, self.party, self.trading_state, self.reason, self.until)
        return held.decide(desks.risk_of(self.scope), self.at)


class ActivateDeskKillSwitch(DeskCommand, frozen=True, kw_only=True):
    """Halt a whole scope; its accounts are cancelled and flattened by what reacts to it."""

    urgent = True

    cancel_orders: bool = True
    flatten: bool = False
    stop_bots: bool = True
    reason: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        demand_reason(self.reason)

    def decide(self, desks: Desks) -> Events:
        kill = Kill(self.scope, self.cancel_orders, self.flatten, self.stop_bots, self.reason)
        return kill.activated(desks.risk_of(self.scope))


class DeskRelease(DeskCommand, frozen=True, kw_only=True):
    """Let a scope trade again; who else holds it back still does."""

    urgent = True

    reason: str

    def __post_init__(self) -> None:
        super().__post_init__()
        demand_reason(self.reason)

    def decide(self, desks: Desks) -> Events:
        kill = Kill.release(self.scope, self.reason)
        return kill.released(desks.risk_of(self.scope))


class ReleaseUserKillSwitch(DeskRelease, frozen=True, kw_only=True):
    """Let all accounts of one trader trade again."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.scope.startswith("user:"):
            raise Invalid("VALIDATION", "scope must be a user's", field="scope", rule="user:ID")


class ReleaseDeskKillSwitch(DeskRelease, frozen=True, kw_only=True):
    """Let everybody in a scope trade again: a second person has to agree."""

    needs_approval = True

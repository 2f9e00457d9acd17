"""Risk of one account: its limits, its trading state, its kill switch."""

from __future__ import annotations

from datetime import datetime

from commands.base import Caller, demand_reason
from commands.trading.base import AccountCommand
from commands.trading.holds import HALT, Held, Kill, demand_limits, demand_own_voice, limits_set
from commands.trading.taking_back import taken_back
from domain.base import Events, Role
from domain.trading import Account, Limits, Party, TradingState


class SetRiskLimits(AccountCommand, frozen=True, kw_only=True):
    """Limit what one account may do; ``next_session`` is when what is looser begins to count."""

    permission = HALT

    limits: Limits
    next_session: datetime
    party: Party = Party.OWNER
    reason: str = ""

    def __post_init__(self) -> None:
        demand_limits(self.limits)

    def authorise(self, state: Account, by: Caller) -> None:
        super().authorise(state, by)
        demand_own_voice(self.party, state.owner == by.actor, by)

    def decide(self, account: Account) -> Events:
        return limits_set(
            f"account:{self.account_id}",
            account.risk,
            self.limits,
            party=self.party,
            reason=self.reason,
            at=self.at,
            next_session=self.next_session,
        )


class SetTradingState(AccountCommand, frozen=True, kw_only=True):
    """Hold one account back, or let it go on; ``until`` ends a hold by itself."""

    permission = HALT
    allowed = Role.TRADER | Role.SYSTEM
    urgent = True

    trading_state: TradingState
    reason: str
    until: datetime | None = None
    party: Party = Party.OWNER

    def __post_init__(self) -> None:
        demand_reason(self.reason)

    def authorise(self, state: Account, by: Caller) -> None:
        super().authorise(state, by)
        demand_own_voice(self.party, state.owner == by.actor, by)

    def decide(self, account: Account) -> Events:
        scope = f"account:{self.account_id}"
        held = Held(scope, self.party, self.trading_state, self.reason, self.until)
        return held.decide(account.risk, self.at)


class ActivateKillSwitch(AccountCommand, frozen=True, kw_only=True):
    """Halt one account and cancel its orders, all in one commit; asking twice changes nothing."""

    allowed = Role.TRADER | Role.SYSTEM
    permission = HALT
    urgent = True

    cancel_orders: bool = True
    flatten: bool = False
    stop_bots: bool = True
    reason: str = ""

    def __post_init__(self) -> None:
        demand_reason(self.reason)

    def decide(self, account: Account) -> Events:
        scope = f"account:{self.account_id}"
        kill = Kill(scope, self.cancel_orders, self.flatten, self.stop_bots, self.reason)
        halted = kill.activated(account.risk)
        if not self.cancel_orders:
            return halted
        return (*halted, *taken_back(account, self.account_id, "KILL_SWITCH").facts)


class ReleaseKillSwitch(AccountCommand, frozen=True, kw_only=True):
    """Let an account trade again; who else holds it back still does."""

    permission = HALT
    urgent = True

    reason: str

    def __post_init__(self) -> None:
        demand_reason(self.reason)

    def decide(self, account: Account) -> Events:
        return Kill.release(f"account:{self.account_id}", self.reason).released(account.risk)

"""
Holding trading back and limiting it: what one party may decide about the risk of one scope.

What is stricter counts at once.  What is looser, when the owner asks for it, waits for the
next session: nobody argues with himself in the middle of a losing day.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from commands.base import Caller
from commands.trading.refusal import refused_by
from domain.base import Events, Role
from domain.errors import Forbidden, Illegal, Invalid
from domain.money import is_amount
from domain.trading.limits import NAMES, Layer, Limits, strictest
from domain.trading.risk import (
    RESULTS_KEPT,
    Hold,
    KillSwitchActivated,
    KillSwitchReleased,
    Party,
    Risk,
    RiskLimitsSet,
    Switch,
    TradingState,
    TradingStateChanged,
)

#: Whoever has it decides about the trading of others.
HALT = "system:halt"


def demand_limits(limits: Limits) -> None:
    """Each above zero, and a pause together with what calls for it."""
    for name in NAMES:
        value = getattr(limits, name)
        whole = isinstance(value, int) and not isinstance(value, bool)
        if (whole and value <= 0) or (isinstance(value, Decimal) and not is_amount(value)):
            rule = "above 0, at most 10^12, at most 8 decimal places"
            raise Invalid("VALIDATION", f"{name} must be {rule}", field=name, rule=rule)
    for pause in ("cooldown", "symbol_lock"):
        pair = getattr(limits, f"{pause}_losses"), getattr(limits, f"{pause}_minutes")
        if (pair[0] is None) is not (pair[1] is None):
            rule = f"given together with {pause}_minutes"
            field = f"{pause}_losses"
            raise Invalid("VALIDATION", f"{field} must be {rule}", field=field, rule=rule)
    trades = limits.low_profit_trades
    together = trades, limits.low_profit_amount, limits.low_profit_minutes
    if (None in together and together != (None, None, None)) or (trades or 0) > RESULTS_KEPT:
        rule = f"at most {RESULTS_KEPT}, together with low_profit_amount and low_profit_minutes"
        field = "low_profit_trades"
        raise Invalid("VALIDATION", f"{field} must be {rule}", field=field, rule=rule)


def limits_set(
    scope: str,
    risk: Risk,
    wanted: Limits,
    *,
    party: Party,
    reason: str,
    at: datetime,
    next_session: datetime,
) -> Events:
    """Of the house everything at once; of the owner only what is not looser than it was."""
    layer = risk.limits.get(party, Layer())
    current = layer.at(at)
    now = strictest(current, wanted) if party is Party.OWNER else wanted
    later = None if now == wanted else wanted
    unchanged = now == current and later == (layer.later if current == layer.now else None)
    if unchanged:
        return ()
    return (
        RiskLimitsSet(
            scope=scope,
            party=party,
            limits=now,
            reason=reason,
            later=later,
            later_from=None if later is None else next_session,
        ),
    )


def demand_own_voice(party: Party, is_owner: bool, by: Caller) -> None:
    """The owner speaks as OWNER, an administrator as HOUSE; nobody for anybody else."""
    fits = is_owner if party is Party.OWNER else HALT in by.permissions or by.roles & Role.SYSTEM
    if not fits:
        raise Forbidden("ACCESS_DENIED", "you cannot speak for this party", party=str(party))


class Held(Struct, frozen=True):
    """What one party wants of trading in one scope."""

    scope: str
    party: Party
    state: TradingState
    reason: str
    until: datetime | None

    def decide(self, risk: Risk, at: datetime) -> Events:
        before = risk.holds.get(self.party)
        old = before.state if before is not None and before.in_force(at) else TradingState.ACTIVE
        if self.state is TradingState.ACTIVE and old is TradingState.ACTIVE:
            self._demand_free(risk.strictest_hold(at))
            return ()
        wanted = Hold(self.state, self.party, self.reason, self.until)
        if before == wanted and wanted.in_force(at):
            return ()
        return (
            TradingStateChanged(
                scope=self.scope,
                party=self.party,
                old=old,
                new=self.state,
                reason=self.reason,
                until=None if self.state is TradingState.ACTIVE else self.until,
            ),
        )

    def _demand_free(self, hold: Hold | None) -> None:
        """Whoever holds trading back without being asked to let go is named."""
        if hold is None:
            return
        refusal = refused_by(self.scope, hold)
        if hold.party is Party.POLICY:
            detail = "what a policy holds back is free again in the next session"
            raise Illegal("RISK_LOOSEN_COOLOFF", detail, **refusal.context)
        raise Illegal(refusal.code, "another party holds trading back", **refusal.context)


class Kill(Struct, frozen=True):
    """A kill switch of one scope: the halt stands first, whatever is asked for follows."""

    scope: str
    cancel_orders: bool
    flatten: bool
    stop_bots: bool
    reason: str

    def activated(self, risk: Risk) -> Events:
        """Asked again for nothing more, it changes nothing."""
        before = risk.switch or Switch(False, False, False)
        wanted = Switch(
            before.cancel_orders or self.cancel_orders,
            before.flatten or self.flatten,
            before.stop_bots or self.stop_bots,
        )
        if wanted == risk.switch:
            return ()
        halt = TradingStateChanged(
            scope=self.scope,
            party=Party.KILL_SWITCH,
            old=TradingState.HALTED if risk.switch is not None else TradingState.ACTIVE,
            new=TradingState.HALTED,
            reason=self.reason,
        )
        return halt, KillSwitchActivated(
            scope=self.scope,
            cancel_orders=wanted.cancel_orders,
            flatten=wanted.flatten,
            stop_bots=wanted.stop_bots,
            reason=self.reason,
        )

    @classmethod
    def release(cls, scope: str, reason: str) -> Kill:
        return cls(scope, False, False, False, reason)

    def released(self, risk: Risk) -> Events:
        if risk.switch is None:
            return ()
        free = TradingStateChanged(
            scope=self.scope,
            party=Party.KILL_SWITCH,
            old=TradingState.HALTED,
            new=TradingState.ACTIVE,
            reason=self.reason,
        )
        return KillSwitchReleased(self.scope, self.reason), free

"""Protections: a pause after losing trades, in which no new risk is taken."""

from __future__ import annotations

from datetime import timedelta

from commands.trading.refusal import Refusal
from commands.trading.risky import Case
from domain.trading.risk import Streak


def cooldown(case: Case) -> Refusal | None:
    limits = case.limits
    return _locked(case, case.risk.streak, limits.cooldown_losses, limits.cooldown_minutes)


def symbol_lock(case: Case) -> Refusal | None:
    limits, symbol = case.limits, case.asked.order.symbol
    streak = case.risk.streaks.get(symbol)
    if streak is None:
        return None
    losses, minutes = limits.symbol_lock_losses, limits.symbol_lock_minutes
    return _locked(case, streak, losses, minutes, symbol=symbol)


def _locked(
    case: Case, streak: Streak, losses: int | None, minutes: int | None, **more: str
) -> Refusal | None:
    if losses is None or minutes is None or streak.at is None or streak.losses < losses:
        return None
    until = streak.at + timedelta(minutes=minutes)
    if case.asked.at >= until:
        return None
    rule = "symbol_lock" if more else "cooldown"
    context = {
        "until": until.isoformat(),
        "rule": rule,
        "losses": str(streak.losses),
        "scope": case.scope,
        **more,
    }
    return Refusal("RISK_PROTECTION_LOCK", "a pause after losing trades", context)

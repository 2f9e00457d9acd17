"""Protections: a pause after trades that went badly, in which no new risk is taken."""

from __future__ import annotations

from datetime import datetime, timedelta

from commands.trading.refusal import Refusal
from commands.trading.risky import Case
from domain.money import ZERO
from domain.trading.risk import Streak


def cooldown(case: Case) -> Refusal | None:
    """After so many losing trades in a row."""
    limits = case.limits
    return _lost(case, case.risk.streak, limits.cooldown_losses, limits.cooldown_minutes)


def symbol_lock(case: Case) -> Refusal | None:
    """After so many losing trades in a row in this symbol."""
    limits, symbol = case.limits, case.asked.order.symbol
    streak = case.risk.streaks.get(symbol)
    if streak is None:
        return None
    losses, minutes = limits.symbol_lock_losses, limits.symbol_lock_minutes
    return _lost(case, streak, losses, minutes, symbol=symbol)


def low_profit(case: Case) -> Refusal | None:
    """After so many trades in this symbol that have brought too little together."""
    limits, symbol = case.limits, case.asked.order.symbol
    trades, amount = limits.low_profit_trades, limits.low_profit_amount
    recent = case.risk.recent.get(symbol)
    if recent is None or trades is None or amount is None or len(recent.results) < trades:
        return None
    brought = sum(recent.results[-trades:], ZERO)
    if brought >= amount:
        return None
    told = {"trades": str(trades), "profit": f"{brought:f}", "symbol": symbol}
    return _paused(case, "low_profit", recent.at, limits.low_profit_minutes, **told)


def _lost(
    case: Case, streak: Streak, losses: int | None, minutes: int | None, **more: str
) -> Refusal | None:
    if losses is None or streak.at is None or streak.losses < losses:
        return None
    rule = "symbol_lock" if more else "cooldown"
    return _paused(case, rule, streak.at, minutes, losses=str(streak.losses), **more)


def _paused(
    case: Case, rule: str, since: datetime, minutes: int | None, **told: str
) -> Refusal | None:
    until = since + timedelta(minutes=minutes or 0)
    if case.asked.at >= until:
        return None
    context = {"until": until.isoformat(), "rule": rule, **told, "scope": case.scope}
    return Refusal("RISK_PROTECTION_LOCK", "a pause after trades that went badly", context)

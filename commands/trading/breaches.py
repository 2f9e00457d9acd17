"""
Limits of loss and gain: what is broken by a fill or a mark closes the account to new risk.

It is part of the very commit that broke the limit, and stands until the next session.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from commands.trading.base import AccountCommand
from domain.base import Events, Role
from domain.money import ZERO, tidy
from domain.trading import (
    Account,
    Bound,
    Limits,
    Party,
    RiskLimitBreached,
    TradingState,
    TradingStateChanged,
)
from domain.trading.limits import UNLIMITED, strictest

HUNDRED = Decimal(100)


class CheckRisk(AccountCommand, frozen=True, kw_only=True):
    """Hold the account against its limits of loss and gain at the prices of now."""

    allowed = Role.SYSTEM

    marks: Mapping[str, Decimal] = {}
    bounds: tuple[Bound, ...] = ()

    def decide(self, account: Account) -> Events:
        limits = account.risk.limits_at(self.at)
        for bound in self.bounds:
            limits = strictest(limits, bound.risk.limits_at(self.at))
        equity = account.balance.equity
        for key, held in account.positions.items():
            price = self.marks.get(key.rpartition("/")[0])
            if price is not None and held.quantity:
                equity += held.value_at(price) - held.value
        return breached(account, self.account_id, limits, tidy(equity), self.at)


def after_trading(account: Account, account_id: UUID, at: datetime) -> Events:
    """What follows from a fill that has just been booked; ``account`` is the one after it."""
    limits = account.risk.limits_at(at)
    return breached(account, account_id, limits, account.balance.equity, at)


def breached(
    account: Account, account_id: UUID, limits: Limits, equity: Decimal, at: datetime
) -> Events:
    """The first limit that is broken, and the hold that follows; nothing while one stands."""
    if limits == UNLIMITED or not limits.watches_equity:
        return ()
    before = account.risk.holds.get(Party.POLICY)
    if before is not None and before.in_force(at):
        return ()
    for name, limit, value in _watched(account, limits, equity):
        if value >= limit:
            scope = f"account:{account_id}"
            return (
                RiskLimitBreached(scope, name, limit, value, equity),
                TradingStateChanged(
                    scope=scope,
                    party=Party.POLICY,
                    old=TradingState.ACTIVE,
                    new=TradingState.REDUCING,
                    reason=name,
                    until=next_day(at),
                ),
            )
    return ()


def _watched(
    account: Account, limits: Limits, equity: Decimal
) -> Iterator[tuple[str, Decimal, Decimal]]:
    """(name, limit, how far it is used) of each limit that is set."""
    risk = account.risk
    today = equity - risk.day_equity
    if limits.daily_loss_limit is not None:
        yield "daily_loss_limit", limits.daily_loss_limit, tidy(-today)
    if limits.daily_profit_lock is not None:
        yield "daily_profit_lock", limits.daily_profit_lock, tidy(today)
    if limits.total_loss_limit is not None:
        yield "total_loss_limit", limits.total_loss_limit, tidy(risk.capital - equity)
    if limits.max_drawdown_pct is not None and risk.peak > ZERO:
        fallen = tidy((risk.peak - equity) * HUNDRED / risk.peak)
        yield "max_drawdown_pct", limits.max_drawdown_pct, fallen


def next_day(at: datetime) -> datetime:
    """Midnight (UTC): no exchange has opened its next session before it."""
    return at.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)

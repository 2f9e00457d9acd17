"""
Whether trading is on: for the account, and in every wider scope that it belongs to.

HALTED takes no order at all, REDUCING those that only close; forced orders of the house, which
only reduce, are never refused.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from commands.trading.refusal import Refusal, refused_by
from domain.trading import Account, Bound, Order, TradingState
from domain.trading.risk import Hold


class Held(Protocol):
    """What is looked at to see whether trading is on."""

    @property
    def at(self) -> datetime: ...
    @property
    def order(self) -> Order: ...
    @property
    def bounds(self) -> tuple[Bound, ...]: ...
    @property
    def forced(self) -> bool: ...


def trading_held_back(account: Account, asked: Held) -> Refusal | None:
    """HALTED takes no order at all; REDUCING takes those that only close."""
    if asked.forced:
        return None
    scope, hold = strictest_hold(account, asked.bounds, asked.at)
    if hold is None:
        return None
    if hold.state is TradingState.REDUCING and only_closes(account, asked.order):
        return None
    return refused_by(scope, hold)


def strictest_hold(
    account: Account, bounds: tuple[Bound, ...], at: datetime
) -> tuple[str, Hold | None]:
    scope, hold = "account", account.risk.strictest_hold(at)
    for bound in bounds:
        other = bound.risk.strictest_hold(at)
        if other is not None and (hold is None or other.state.severity > hold.state.severity):
            scope, hold = bound.scope, other
    return scope, hold


def only_closes(account: Account, order: Order) -> bool:
    """Whether the order adds no opening unit, whatever of the working orders is filled first."""
    held = account.position(order.symbol, order.product)
    return order.quantity <= held.closable(order.side)

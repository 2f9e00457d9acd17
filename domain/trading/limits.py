"""
Limits: the most that a trader may do, set at platform, user, account or bot scope.

Amounts and quantities are of the account that trades (its currency, units of the instrument);
percentages are of 100.  Where several scopes set one, the strictest counts.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from typing import Any

from msgspec import Struct
from msgspec.structs import fields


class Limits(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """
    What is not given is not limited.

    ``cooldown_*`` and ``symbol_lock_*`` are protections: after so many losing trades in a row
    (in any symbol, or in one) no new risk is taken for so many minutes.  ``low_profit_*``: so
    long in a symbol whose last so many closing trades have brought less than that amount.
    ``only`` are the symbols that may be traded at all, ``never`` those that may not.
    """

    max_order_qty: Decimal | None = None
    max_order_notional: Decimal | None = None
    max_position_qty: Decimal | None = None
    max_position_notional: Decimal | None = None
    max_gross_exposure: Decimal | None = None
    max_concentration_pct: Decimal | None = None
    max_open_orders: int | None = None
    max_orders_per_second: int | None = None
    max_orders_per_day: int | None = None
    max_trades_per_day: int | None = None
    price_deviation_pct: Decimal | None = None
    daily_loss_limit: Decimal | None = None
    daily_profit_lock: Decimal | None = None
    total_loss_limit: Decimal | None = None
    max_drawdown_pct: Decimal | None = None
    cooldown_losses: int | None = None
    cooldown_minutes: int | None = None
    symbol_lock_losses: int | None = None
    symbol_lock_minutes: int | None = None
    low_profit_trades: int | None = None
    low_profit_amount: Decimal | None = None
    low_profit_minutes: int | None = None
    only: tuple[str, ...] | None = None
    never: tuple[str, ...] = ()
    no_shorting: bool = False
    no_derivatives: bool = False

    @property
    def watches_equity(self) -> bool:
        """Whether a fill or a mark can break one of these."""
        return (
            self.daily_loss_limit is not None
            or self.daily_profit_lock is not None
            or self.total_loss_limit is not None
            or self.max_drawdown_pct is not None
        )


UNLIMITED = Limits()
#: A longer pause is the stricter one, and a larger profit to be made; else the smaller number.
_LARGER = frozenset(
    {"cooldown_minutes", "symbol_lock_minutes", "low_profit_minutes", "low_profit_amount"}
)
NAMES = tuple(field.name for field in fields(Limits))


def strictest(one: Limits, other: Limits) -> Limits:
    """Of every limit the stricter of the two."""
    if other in (UNLIMITED, one):
        return one
    if one == UNLIMITED:
        return other
    return Limits(**{name: _stricter(name, one, other) for name in NAMES})


def _stricter(name: str, one: Limits, other: Limits) -> Any:
    a, b = getattr(one, name), getattr(other, name)
    if name == "never":
        return tuple(sorted({*a, *b}))
    if a is None or b is None:
        return b if a is None else a
    if name == "only":
        return tuple(symbol for symbol in a if symbol in b)
    if isinstance(a, bool):
        return a or b
    return max(a, b) if name in _LARGER else min(a, b)


class Layer(Struct, frozen=True):
    """The limits that one party has set: those of now, and looser ones that wait for their day."""

    now: Limits = UNLIMITED
    later: Limits | None = None
    later_from: datetime | None = None

    def at(self, moment: datetime) -> Limits:
        if self.later is not None and self.later_from is not None and moment >= self.later_from:
            return self.later
        return self.now


class Phase(Struct, frozen=True):
    """What all parties limit together from ``since`` on, and the ``names`` of what that is."""

    limits: Limits
    names: tuple[str, ...]
    since: datetime | None = None


def phases_of(layers: Collection[Layer]) -> tuple[Phase, ...]:
    """
    The limits of several parties, worked out once when they are set; the latest phase first.

    An order then only looks at what is set at all, which mostly is nothing or little.
    """
    changes = {layer.later_from for layer in layers if layer.later_from is not None}
    phases = [_phase(layers, since) for since in (None, *sorted(changes))]
    return tuple(reversed(phases)) if any(phase.names for phase in phases) else ()


def _phase(layers: Collection[Layer], since: datetime | None) -> Phase:
    limits = UNLIMITED
    for layer in layers:
        limits = strictest(limits, layer.now if since is None else layer.at(since))
    names = (name for name in NAMES if getattr(limits, name) != getattr(UNLIMITED, name))
    return Phase(limits, tuple(names), since)

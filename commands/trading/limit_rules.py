"""
Whether an order would pass a limit of risk.

The limits of the account and of every wider scope (``bounds``) are asked; the strictest
answers, and says which scope it speaks for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol

from msgspec import Struct

from commands.trading.refusal import Refusal, refused_by
from commands.trading.state_rules import only_closes, strictest_hold
from domain.market import Instrument, InstrumentType, Quality, Quote, mark
from domain.money import ZERO, tidy
from domain.trading import LONG_ONLY, Account, Bound, Limits, Order, Risk, Side, TradingState
from domain.trading.limits import UNLIMITED
from domain.trading.risk import SECOND, Streak

HUNDRED = Decimal(100)
_DERIVATIVES = frozenset({InstrumentType.FUT, InstrumentType.CE, InstrumentType.PE})


class Risky(Protocol):
    """What a rule of risk may look at."""

    @property
    def at(self) -> datetime: ...
    @property
    def order(self) -> Order: ...
    @property
    def instrument(self) -> Instrument: ...
    @property
    def quote(self) -> Quote | None: ...
    @property
    def quality(self) -> Quality: ...
    @property
    def bounds(self) -> tuple[Bound, ...]: ...
    @property
    def forced(self) -> bool: ...


class Case(Struct, frozen=True):
    """One order before one scope: its limits, and what the scope has counted."""

    account: Account
    asked: Risky
    scope: str
    limits: Limits
    risk: Risk
    price: Decimal

    @property
    def after(self) -> Decimal:
        """The position, if this and every working order on its side were filled."""
        order = self.asked.order
        held = self.account.position(order.symbol, order.product)
        if order.side is Side.SELL:
            return held.quantity - held.selling - order.quantity
        if order.product not in LONG_ONLY:
            return held.quantity + held.buying + order.quantity
        buying = (
            working.leaves_qty
            for working in self.account.orders.values()
            if working.order.side is Side.BUY
            and working.order.symbol == order.symbol
            and working.order.product is order.product
        )
        return held.quantity + sum(buying, ZERO) + order.quantity

    @property
    def notional(self) -> Decimal:
        return self.asked.order.quantity * self.price * self.asked.order.multiplier

    def beyond(
        self, code: str, limit: Decimal | int | None, value: Decimal | int
    ) -> Refusal | None:
        if limit is None or value <= limit:
            return None
        context = {"limit": f"{limit:f}" if isinstance(limit, Decimal) else str(limit)}
        context["value"] = f"{value:f}" if isinstance(value, Decimal) else str(value)
        context["scope"] = self.scope
        return Refusal(code, "a limit of risk would be passed", context)


def limit_passed(account: Account, asked: Risky) -> Refusal | None:
    """The first rule that any scope breaks; of several scopes the strictest is named."""
    if asked.forced:
        return None
    cases = list(_cases(account, asked))
    if not cases:
        return None
    closing = only_closes(account, asked.order)
    return _first(tuple(rule for rule, spares in _RULES if not (spares and closing)), cases)


def change_refused(account: Account, asked: Risky) -> Refusal | None:
    """What risk says to a change: HALTED takes none, and no limit of a single order is passed."""
    scope, hold = strictest_hold(account, asked.bounds, asked.at)
    if hold is not None and hold.state is TradingState.HALTED:
        return refused_by(scope, hold)
    return _first(_OF_ONE_ORDER, list(_cases(account, asked)))


def _first(rules: Sequence[Rule], cases: list[Case]) -> Refusal | None:
    for rule in rules:
        found = [refusal for case in cases if (refusal := rule(case)) is not None]
        if found:
            return min(found, key=_tightness)
    return None


def _cases(account: Account, asked: Risky) -> Iterator[Case]:
    order = asked.order
    price = order.price or order.stop_price or mark(asked.quote) or ZERO
    for scope, risk in (
        ("account", account.risk),
        *((bound.scope, bound.risk) for bound in asked.bounds),
    ):
        if risk.limits:
            limits = risk.limits_at(asked.at)
            if limits != UNLIMITED:
                yield Case(account, asked, scope, limits, account.risk, price)


def _tightness(refusal: Refusal) -> Decimal:
    limit = refusal.context.get("limit")
    return Decimal(limit) if limit is not None else ZERO


def _blocked(case: Case) -> Refusal | None:
    symbol, limits = case.asked.order.symbol, case.limits
    rule = None
    if symbol in limits.never:
        rule = "never"
    elif limits.only is not None and symbol not in limits.only:
        rule = "only"
    elif limits.no_derivatives and case.asked.instrument.type in _DERIVATIVES:
        rule = "no_derivatives"
    if rule is None:
        return None
    context = {"rule": rule, "symbol": symbol, "scope": case.scope}
    return Refusal("RISK_INSTRUMENT_BLOCKED", "the instrument may not be traded here", context)


def _shorting(case: Case) -> Refusal | None:
    if not case.limits.no_shorting or case.asked.order.side is Side.BUY or case.after >= 0:
        return None
    context = {"rule": "no_shorting", "product": str(case.asked.order.product)}
    context["scope"] = case.scope
    return Refusal("SHORT_NOT_ALLOWED", "selling short is not allowed here", context)


def _order_rate(case: Case) -> Refusal | None:
    most, risk, at = case.limits.max_orders_per_second, case.risk, case.asked.at
    if most is None or risk.orders_in_second(at) < most:
        return None
    assert risk.second is not None, "orders were counted in it"
    rest = risk.second + SECOND - at
    retry_after = max(1, -(-rest // SECOND))
    context = {"limit": str(most), "retry_after": str(retry_after), "scope": case.scope}
    return Refusal("RISK_RATE_LIMIT", "too many orders in one second", context)


def _orders_today(case: Case) -> Refusal | None:
    return case.beyond(
        "RISK_MAX_ORDERS_DAY", case.limits.max_orders_per_day, case.risk.orders_today + 1
    )


def _trades_today(case: Case) -> Refusal | None:
    return case.beyond(
        "RISK_MAX_ORDERS_DAY", case.limits.max_trades_per_day, case.risk.trades_today + 1
    )


def _open_orders(case: Case) -> Refusal | None:
    return case.beyond(
        "RISK_MAX_OPEN_ORDERS", case.limits.max_open_orders, len(case.account.orders) + 1
    )


def _order_qty(case: Case) -> Refusal | None:
    return case.beyond("RISK_MAX_ORDER_QTY", case.limits.max_order_qty, case.asked.order.quantity)


def _order_notional(case: Case) -> Refusal | None:
    return case.beyond("RISK_MAX_ORDER_NOTIONAL", case.limits.max_order_notional, case.notional)


def _deviation(case: Case) -> Refusal | None:
    """A price that gives more away than this, seen from the market, is a slip of the finger."""
    pct, order = case.limits.price_deviation_pct, case.asked.order
    if pct is None or order.price is None or case.asked.quality is not Quality.FRESH:
        return None
    reference = mark(case.asked.quote)
    if not reference:
        return None
    reference = tidy(reference)
    sign = 1 if order.side is Side.BUY else -1
    worse = (order.price - reference) * sign * HUNDRED / reference
    if worse <= pct:
        return None
    context = {
        "reference": f"{reference:f}",
        "price": f"{order.price:f}",
        "pct": f"{worse:.2f}",
        "limit": f"{pct:f}",
        "scope": case.scope,
    }
    return Refusal("RISK_PRICE_DEVIATION", "the price is far from the market", context)


def _position_qty(case: Case) -> Refusal | None:
    if case.limits.max_position_qty is None:
        return None
    return case.beyond("RISK_MAX_POSITION", case.limits.max_position_qty, abs(case.after))


def _position_notional(case: Case) -> Refusal | None:
    if case.limits.max_position_notional is None:
        return None
    value = abs(case.after) * case.price * case.asked.order.multiplier
    return case.beyond("RISK_MAX_POSITION", case.limits.max_position_notional, value)


def _exposure(case: Case) -> Refusal | None:
    if case.limits.max_gross_exposure is None:
        return None
    held = sum((abs(held.value) for held in case.account.positions.values()), ZERO)
    return case.beyond("RISK_MAX_EXPOSURE", case.limits.max_gross_exposure, held + case.notional)


def _concentration(case: Case) -> Refusal | None:
    pct, equity = case.limits.max_concentration_pct, case.account.balance.equity
    if pct is None:
        return None
    value = abs(case.after) * case.price * case.asked.order.multiplier
    share = value * HUNDRED / equity if equity > 0 else HUNDRED
    return case.beyond("RISK_CONCENTRATION", pct, round(share, 2))


def _cooldown(case: Case) -> Refusal | None:
    limits = case.limits
    return _locked(case, case.risk.streak, limits.cooldown_losses, limits.cooldown_minutes)


def _symbol_lock(case: Case) -> Refusal | None:
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


Rule = Callable[[Case], Refusal | None]
#: In this order; whether an order that only closes passes the rule by.
_RULES: tuple[tuple[Rule, bool], ...] = (
    (_blocked, True),
    (_shorting, True),
    (_order_rate, False),
    (_orders_today, True),
    (_trades_today, True),
    (_open_orders, True),
    (_order_qty, False),
    (_order_notional, False),
    (_deviation, False),
    (_position_qty, True),
    (_position_notional, True),
    (_exposure, True),
    (_concentration, True),
    (_cooldown, True),
    (_symbol_lock, True),
)
_OF_ONE_ORDER = (_order_qty, _order_notional, _deviation)

"""
Whether an order would pass a limit of risk.

The limits of the account and of every wider scope (``bounds``) are asked, and of each only
those that are set; the strictest answers, and says which scope it speaks for.
"""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from commands.trading.protections import cooldown, low_profit, symbol_lock
from commands.trading.refusal import Refusal, refused_by
from commands.trading.risky import Case, Risky, Rule
from commands.trading.state_rules import only_closes, strictest_hold
from domain.market import InstrumentType, Quality, mark
from domain.money import ZERO, tidy
from domain.trading import Account, Risk, Side, TradingState
from domain.trading.risk import SECOND

HUNDRED = Decimal(100)
_DERIVATIVES = frozenset({InstrumentType.FUT, InstrumentType.CE, InstrumentType.PE})


class Check(NamedTuple):
    """A rule, its place among all rules, and whether what only closes passes it by."""

    place: int
    rule: Rule
    spares: bool


class Broken(NamedTuple):
    place: int
    refusal: Refusal


def limit_passed(account: Account, asked: Risky) -> Refusal | None:
    """The first rule that any scope breaks; of several scopes the strictest is named."""
    if asked.forced:
        return None
    return _strictest(account, asked, of_one_order=False)


def change_refused(account: Account, asked: Risky) -> Refusal | None:
    """What risk says to a change: HALTED takes none, and no limit of a single order is passed."""
    scope, hold = strictest_hold(account, asked.bounds, asked.at)
    if hold is not None and hold.state is TradingState.HALTED:
        return refused_by(scope, hold)
    return _strictest(account, asked, of_one_order=True)


def _strictest(account: Account, asked: Risky, *, of_one_order: bool) -> Refusal | None:
    found = _first(account, asked, "account", account.risk, of_one_order)
    for bound in asked.bounds:
        other = _first(account, asked, bound.scope, bound.risk, of_one_order)
        if other is not None and (found is None or _key(other) < _key(found)):
            found = other
    return None if found is None else found.refusal


def _first(
    account: Account, asked: Risky, scope: str, risk: Risk, of_one_order: bool
) -> Broken | None:
    """The first rule of one scope that is broken, and how early it is asked."""
    phase = risk.phase_at(asked.at)
    if phase is None:
        return None
    checks = _checks_of(phase.names, of_one_order)
    if not checks:
        return None
    case = Case(account, asked, scope, phase.limits, account.risk)
    closing: bool | None = None
    for place, rule, spares in checks:
        refusal = rule(case)
        if refusal is None:
            continue
        if spares and closing is None:
            closing = only_closes(account, asked.order)
        if not (spares and closing):
            return Broken(place, refusal)
    return None


@lru_cache(1024)
def _checks_of(names: tuple[str, ...], of_one_order: bool) -> tuple[Check, ...]:
    """The rules behind these limits, in turn; most scopes set few, so few are asked."""
    return tuple(
        Check(place, rule, spares)
        for place, (rule, spares, limits) in enumerate(_RULES)
        if limits & set(names) and not (of_one_order and rule not in _OF_ONE_ORDER)
    )


def _key(broken: Broken) -> tuple[int, Decimal]:
    limit = broken.refusal.context.get("limit")
    return broken.place, Decimal(limit) if limit is not None else ZERO


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
    reference = mark(case.asked.quote)
    if pct is None or order.price is None or not reference:
        return None
    given = order.price - reference if order.side is Side.BUY else reference - order.price
    if given <= 0 or case.asked.quality is not Quality.FRESH:
        return None
    reference = tidy(reference)
    worse = given * HUNDRED / reference
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


#: In this order: whether an order that only closes passes the rule by, and the limits it is for.
_RULES: tuple[tuple[Rule, bool, frozenset[str]], ...] = (
    (_blocked, True, frozenset({"never", "only", "no_derivatives"})),
    (_shorting, True, frozenset({"no_shorting"})),
    (_order_rate, False, frozenset({"max_orders_per_second"})),
    (_orders_today, True, frozenset({"max_orders_per_day"})),
    (_trades_today, True, frozenset({"max_trades_per_day"})),
    (_open_orders, True, frozenset({"max_open_orders"})),
    (_order_qty, False, frozenset({"max_order_qty"})),
    (_order_notional, False, frozenset({"max_order_notional"})),
    (_deviation, False, frozenset({"price_deviation_pct"})),
    (_position_qty, True, frozenset({"max_position_qty"})),
    (_position_notional, True, frozenset({"max_position_notional"})),
    (_exposure, True, frozenset({"max_gross_exposure"})),
    (_concentration, True, frozenset({"max_concentration_pct"})),
    (cooldown, True, frozenset({"cooldown_losses"})),
    (symbol_lock, True, frozenset({"symbol_lock_losses"})),
    (low_profit, True, frozenset({"low_profit_trades"})),
)
_OF_ONE_ORDER = (_order_qty, _order_notional, _deviation)

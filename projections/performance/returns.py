"""
What a series of daily equity says: returns, their spread, and how deep it fell.

Formulas and names are those of trading.md §4.18.  Returns are time-weighted: money paid in or
out is no return, and drawdown is that of the growth of one unit, so that a withdrawal is no
loss.  Exact decimals throughout; ratios are rounded to eight places at the very end.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal

from msgspec import Struct

from domain.money import ZERO

ONE = Decimal(1)
RATIO = Decimal("1e-8")
OBSERVATIONS_MIN = 10
CAGR_DAYS_MIN = 30
DAYS_A_YEAR = Decimal(365)


class Day(Struct, frozen=True):
    """Equity at the close of a day, and what was paid in (out: below zero) during it."""

    day: date
    equity: Decimal
    flow: Decimal = ZERO


class Return(Struct, frozen=True):
    day: date
    value: Decimal


class Drawdown(Struct, frozen=True):
    """The deepest fall from a peak, as a share of it; ``recovered`` is None while it lasts."""

    depth: Decimal
    peak: date | None = None
    trough: date | None = None
    recovered: date | None = None


def returns(opening: Decimal, days: Sequence[Day]) -> list[Return]:
    """r = (E - flow) / E of the day before - 1; a day that began with nothing has none."""
    found: list[Return] = []
    before = opening
    for each in days:
        if before > 0:
            found.append(Return(each.day, (each.equity - each.flow) / before - ONE))
        before = each.equity
    return found


def total(series: Sequence[Return]) -> Decimal:
    grown = ONE
    for each in series:
        grown *= ONE + each.value
    return grown - ONE


def cagr(series: Sequence[Return]) -> Decimal | None:
    """(1 + total) ^ (365 / days) - 1, None below thirty days or once everything is lost."""
    if not series:
        return None
    days = (series[-1].day - series[0].day).days + 1
    grown = ONE + total(series)
    if days < CAGR_DAYS_MIN or grown <= 0:
        return None
    return grown ** (DAYS_A_YEAR / days) - ONE


def stdev(values: Sequence[Decimal]) -> Decimal | None:
    """Of a sample, None below two."""
    if len(values) < 2:
        return None
    middle = sum(values, ZERO) / len(values)
    squares = sum(((value - middle) ** 2 for value in values), ZERO)
    return (squares / (len(values) - 1)).sqrt()


def volatility(series: Sequence[Return], periods: int) -> Decimal | None:
    spread = stdev([each.value for each in series])
    return None if spread is None else spread * Decimal(periods).sqrt()


def sharpe(series: Sequence[Return], periods: int, risk_free: Decimal = ZERO) -> Decimal | None:
    """(mean - rf) / stdev x sqrt(A); ``risk_free`` is a year's, None as the names' rule says."""
    values = [each.value for each in series]
    spread = stdev(values)
    if len(values) < OBSERVATIONS_MIN or not spread:
        return None
    excess = sum(values, ZERO) / len(values) - risk_free / periods
    return excess / spread * Decimal(periods).sqrt()


def sortino(series: Sequence[Return], periods: int, risk_free: Decimal = ZERO) -> Decimal | None:
    """The same with the downside deviation around zero."""
    values = [each.value for each in series]
    if len(values) < OBSERVATIONS_MIN:
        return None
    downside = (sum((min(value, ZERO) ** 2 for value in values), ZERO) / len(values)).sqrt()
    if not downside:
        return None
    excess = sum(values, ZERO) / len(values) - risk_free / periods
    return excess / downside * Decimal(periods).sqrt()


def max_drawdown(series: Sequence[Return]) -> Drawdown:
    """The first of the deepest falls; the opening counts as a peak before the first day."""
    grown = peak = ONE
    peak_day: date | None = None
    worst = Drawdown(ZERO)
    worst_peak = ONE
    for each in series:
        grown *= ONE + each.value
        if worst.depth and worst.recovered is None and grown >= worst_peak:
            worst = Drawdown(worst.depth, worst.peak, worst.trough, each.day)
        if grown >= peak:
            peak, peak_day = grown, each.day
        elif ONE - grown / peak > worst.depth:
            worst, worst_peak = Drawdown(ONE - grown / peak, peak_day, each.day), peak
    return worst


def beta(mine: Sequence[Return], benchmark: Sequence[Return]) -> Decimal | None:
    """Covariance over variance on the days both have, None below ten of them."""
    theirs = {each.day: each.value for each in benchmark}
    pairs = [(each.value, theirs[each.day]) for each in mine if each.day in theirs]
    if len(pairs) < OBSERVATIONS_MIN:
        return None
    count = len(pairs)
    x = sum((pair[0] for pair in pairs), ZERO) / count
    y = sum((pair[1] for pair in pairs), ZERO) / count
    variance = sum(((pair[1] - y) ** 2 for pair in pairs), ZERO)
    if not variance:
        return None
    return sum(((pair[0] - x) * (pair[1] - y) for pair in pairs), ZERO) / variance


def by_month(series: Sequence[Return]) -> dict[str, Decimal]:
    """The return of each month, by ``2026-11``."""
    months: dict[str, list[Return]] = {}
    for each in series:
        months.setdefault(f"{each.day:%Y-%m}", []).append(each)
    return {month: total(part) for month, part in months.items()}


def rounded(value: Decimal | None) -> Decimal | None:
    return None if value is None else value.quantize(RATIO, ROUND_HALF_EVEN)

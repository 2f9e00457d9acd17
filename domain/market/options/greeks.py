"""
Greeks: what an option is worth, how that changes, and which volatility a price means.

The only place where the service counts in floats: what comes out is shown, quantised, and never
decides about money.  Generalised Black-Scholes-Merton with cost of carry b (Haug, The Complete
Guide to Option Pricing Formulas, 2nd ed., 1.1.6): b = r - q on a spot price, b = 0 on a forward
or a future (Black-76).  American options by the approximation of Bjerksund and Stensland of 1993
(ibid., 3.2).

Time is in years of 365 days, rates and volatilities as fractions of one.  Vega is per point of
volatility (0.01), theta per calendar day, rho per point of the rate; gamma per unit.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from math import erfc, exp, log, pi, sqrt

from msgspec import Struct

from domain.market.options.american import american_call

YEAR_DAYS = 365
VOLATILITY_MIN, VOLATILITY_MAX = 1e-4, 5.0
#: Bisection alone would need fewer than this many steps; nothing runs longer.
STEPS_MAX = 60
#: Steps shorter than this change nothing that is shown.
CLOSE = 1e-9
_ROOT_2, _ROOT_2PI = sqrt(2), sqrt(2 * pi)


class Exercise(StrEnum):
    EUROPEAN = "EUROPEAN"
    AMERICAN = "AMERICAN"


class Terms(Struct, frozen=True):
    """
    An option at an instant: on a price ``s``, struck at ``k``, with ``t`` years to go.

    ``b`` is the cost of carry and ``r`` the rate; whether ``b`` moves when ``r`` does (it does
    on a spot price, not on a forward) is said by ``on_forward``.
    """

    call: bool
    s: float
    k: float
    t: float
    r: float
    b: float
    exercise: Exercise = Exercise.EUROPEAN
    on_forward: bool = False


class Greeks(Struct, frozen=True):
    price: float
    delta: float
    gamma: float
    vega: float
    theta: float
    rho: float


class NoVolatility(StrEnum):
    """Why a price means no volatility."""

    BELOW_INTRINSIC = "BELOW_INTRINSIC"
    ABOVE_MAXIMUM = "ABOVE_MAXIMUM"


def normal(x: float) -> float:
    """The chance that a standard normal variable is at most x."""
    return 0.5 * erfc(-x / _ROOT_2)


def density(x: float) -> float:
    return exp(-0.5 * x * x) / _ROOT_2PI


def price(terms: Terms, volatility: float) -> float:
    worth = _american if terms.exercise is Exercise.AMERICAN else _european
    return worth(terms.call, terms.s, terms.k, terms.t, terms.r, terms.b, volatility)


def greeks(terms: Terms, volatility: float) -> Greeks:
    """In closed form for European options, by differences for American ones."""
    if terms.exercise is Exercise.AMERICAN:
        return _by_differences(terms, volatility)
    s, k, t, r, b = terms.s, terms.k, terms.t, terms.r, terms.b
    root = volatility * sqrt(t)
    d1 = (log(s / k) + (b + volatility * volatility / 2) * t) / root
    d2 = d1 - root
    carried, paid = s * exp((b - r) * t), k * exp(-r * t)
    sign = 1.0 if terms.call else -1.0
    n1, n2, bell = normal(sign * d1), normal(sign * d2), density(d1)
    worth = sign * (carried * n1 - paid * n2)
    decay = (
        -carried * bell * volatility / (2 * sqrt(t))
        - sign * (b - r) * carried * n1
        - sign * r * paid * n2
    )
    return Greeks(
        price=worth,
        delta=sign * exp((b - r) * t) * n1,
        gamma=carried * bell / (s * s * root),
        vega=carried * bell * sqrt(t) / 100,
        theta=decay / YEAR_DAYS,
        rho=(-t * worth if terms.on_forward else sign * t * paid * n2) / 100,
    )


def volatility_of(terms: Terms, worth: float) -> float | NoVolatility:
    """
    The volatility at which the option is worth this, between 0.0001 and 5.

    Newton's steps where they stay within what bisection has left, so that it always ends; a
    price that no volatility explains is said to be one.
    """
    if worth <= price(terms, VOLATILITY_MIN):
        return NoVolatility.BELOW_INTRINSIC
    most = _european(*_numbers(terms), VOLATILITY_MAX)  # an American option is worth more still
    if worth >= most and worth >= price(terms, VOLATILITY_MAX):
        return NoVolatility.ABOVE_MAXIMUM
    # 0.5: where few options are, but from where Newton's steps lead to most of them.
    found = _root(_european_off(terms, worth), 0.5)
    if terms.exercise is Exercise.AMERICAN:
        found = _root(_american_off(terms, worth), found)
    return found


#: By how much a volatility is worth more than the price, and how that changes with it.
_Off = Callable[[float], tuple[float, float]]


def _root(off: _Off, guess: float) -> float:
    low, high = VOLATILITY_MIN, VOLATILITY_MAX
    guess = min(max(guess, low), high)
    for _ in range(STEPS_MAX):
        more, slope = off(guess)
        if more > 0:
            high = guess
        else:
            low = guess
        step = guess - more / slope if slope > 0 else low
        if abs(step - guess) < CLOSE:
            return min(max(step, VOLATILITY_MIN), VOLATILITY_MAX)
        if not low < step < high:
            step = (low + high) / 2
        if high - low < CLOSE:
            return step
        guess = step
    return guess


def _european_off(terms: Terms, worth: float) -> _Off:
    call, s, k, t, r, b = _numbers(terms)
    sign, root_t = (1.0 if call else -1.0), sqrt(t)
    carried, paid = s * exp((b - r) * t), k * exp(-r * t)
    drift = log(s / k) + b * t

    def off(volatility: float) -> tuple[float, float]:
        root = volatility * root_t
        d1 = drift / root + root / 2
        here = sign * (carried * normal(sign * d1) - paid * normal(sign * (d1 - root)))
        return here - worth, carried * density(d1) * root_t

    return off


def _american_off(terms: Terms, worth: float) -> _Off:
    """The slope is that of the European option first, then of the line through the last two."""
    numbers = _numbers(terms)
    european = _european_off(terms, worth)
    before: list[tuple[float, float]] = []

    def off(volatility: float) -> tuple[float, float]:
        more = _american(*numbers, volatility) - worth
        slope = 0.0
        if before and before[0][0] != volatility:
            slope = (more - before[0][1]) / (volatility - before[0][0])
        before[:] = [(volatility, more)]
        return more, slope if slope > 0 else european(volatility)[1]

    return off


_Numbers = tuple[bool, float, float, float, float, float]


def _numbers(terms: Terms) -> _Numbers:
    return terms.call, terms.s, terms.k, terms.t, terms.r, terms.b


def _european(  # noqa: PLR0917 - as the formula has them
    call: bool, s: float, k: float, t: float, r: float, b: float, v: float
) -> float:
    root = v * sqrt(t)
    d1 = (log(s / k) + b * t) / root + root / 2
    sign = 1.0 if call else -1.0
    paid = k * exp(-r * t) * normal(sign * (d1 - root))
    return sign * (s * exp((b - r) * t) * normal(sign * d1) - paid)


def _american(  # noqa: PLR0917 - as the formula has them
    call: bool, s: float, k: float, t: float, r: float, b: float, v: float
) -> float:
    """Never less than the European option, nor than what exercising it at once pays."""
    least = max(_european(call, s, k, t, r, b, v), (s - k) if call else (k - s), 0.0)
    try:
        if call:
            return max(least, american_call(s, k, t, r, b, v))
        # A put is a call with the price and the strike changed over.
        return max(least, american_call(k, s, t, r - b, -b, v))
    except (OverflowError, ZeroDivisionError):
        return least  # next to no volatility: what is exercised early pays at once


def _by_differences(terms: Terms, volatility: float) -> Greeks:
    """To both sides of the price; time, rate and volatility to one, by so much less."""
    call, s, k, t, r, b = _numbers(terms)
    here, ds, v = _american(call, s, k, t, r, b, volatility), s * 1e-3, volatility
    up, down = (_american(call, s + step, k, t, r, b, v) for step in (ds, -ds))
    dt, dv, dr = t * 1e-4, 1e-5, 1e-6
    carried = b if terms.on_forward else b + dr
    return Greeks(
        price=here,
        delta=(up - down) / (2 * ds),
        gamma=(up - 2 * here + down) / (ds * ds),
        vega=(_american(call, s, k, t, r, b, v + dv) - here) / dv / 100,
        theta=(_american(call, s, k, t - dt, r, b, v) - here) / dt / YEAR_DAYS,
        rho=(_american(call, s, k, t, r + dr, carried, v) - here) / dr / 100,
    )

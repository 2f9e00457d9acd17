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

from enum import StrEnum
from math import erfc, exp, log, pi, pow, sqrt

from msgspec import Struct

YEAR_DAYS = 365
VOLATILITY_MIN, VOLATILITY_MAX = 1e-4, 5.0
#: Bisection alone would need fewer than this many steps; nothing runs longer.
STEPS_MAX = 60
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
    if terms.exercise is Exercise.AMERICAN:
        return _american(terms, volatility)
    return _european(terms, volatility)


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
    low, high = VOLATILITY_MIN, VOLATILITY_MAX
    if worth <= price(terms, low):
        return NoVolatility.BELOW_INTRINSIC
    if worth >= price(terms, high):
        return NoVolatility.ABOVE_MAXIMUM
    guess = 0.5  # where few options are, but from where Newton's steps lead to most of them
    for _ in range(STEPS_MAX):
        off, slope = _off(terms, guess, worth)
        if off > 0:
            high = guess
        else:
            low = guess
        step = guess - off / slope if slope > 0 else low
        if not low < step < high:
            step = (low + high) / 2
        if abs(step - guess) < 1e-10:
            return step
        guess = step
    return guess


def _off(terms: Terms, volatility: float, worth: float) -> tuple[float, float]:
    """By how much the volatility is worth more than the price, and how that changes with it."""
    if terms.exercise is Exercise.AMERICAN:
        here = _american(terms, volatility)
        bump = volatility * 1e-4
        return here - worth, (_american(terms, volatility + bump) - here) / bump
    s, k, t, r, b = terms.s, terms.k, terms.t, terms.r, terms.b
    root = volatility * sqrt(t)
    d1 = (log(s / k) + (b + volatility * volatility / 2) * t) / root
    carried, paid = s * exp((b - r) * t), k * exp(-r * t)
    sign = 1.0 if terms.call else -1.0
    here = sign * (carried * normal(sign * d1) - paid * normal(sign * (d1 - root)))
    return here - worth, carried * density(d1) * sqrt(t)


def _european(terms: Terms, volatility: float) -> float:
    if terms.exercise is Exercise.AMERICAN:
        terms = Terms(terms.call, terms.s, terms.k, terms.t, terms.r, terms.b)
    return _off(terms, volatility, 0.0)[0]


def _american(terms: Terms, volatility: float) -> float:
    """Never less than the European option, nor than what exercising it at once pays."""
    s, k, t, r, b = terms.s, terms.k, terms.t, terms.r, terms.b
    least = max(_european(terms, volatility), (s - k) if terms.call else (k - s), 0.0)
    try:
        if terms.call:
            return max(least, _bjerksund_stensland(s, k, t, r, b, volatility))
        # A put is a call with the price and the strike changed over.
        return max(least, _bjerksund_stensland(k, s, t, r - b, -b, volatility))
    except (OverflowError, ZeroDivisionError):
        return least  # next to no volatility: what is exercised early pays at once


def _bjerksund_stensland(  # noqa: PLR0917 - as the formula has them
    s: float, k: float, t: float, r: float, b: float, v: float
) -> float:
    if b >= r:
        return 0.0  # never worth exercising early: the European price stands
    variance = v * v
    beta = 0.5 - b / variance + sqrt((b / variance - 0.5) ** 2 + 2 * r / variance)
    ever = beta / (beta - 1) * k
    now = max(k, r / (r - b) * k)
    trigger = now + (ever - now) * (1 - exp(-(b * t + 2 * v * sqrt(t)) * now / (ever - now)))
    if s >= trigger:
        return s - k

    def phi(gamma: float, h: float) -> float:
        return _phi(s, t, gamma, h, trigger, r, b, v)

    return (
        (trigger - k) * (pow(s / trigger, beta) - phi(beta, trigger) / pow(trigger, beta))
        + phi(1, trigger)
        - phi(1, k)
        - k * phi(0, trigger)
        + k * phi(0, k)
    )


def _phi(  # noqa: PLR0917 - as the formula has them
    s: float, t: float, gamma: float, h: float, trigger: float, r: float, b: float, v: float
) -> float:
    variance, root = v * v, v * sqrt(t)
    growth = (-r + gamma * b + 0.5 * gamma * (gamma - 1) * variance) * t
    d = -(log(s / h) + (b + (gamma - 0.5) * variance) * t) / root
    kappa = 2 * b / variance + 2 * gamma - 1
    back = normal(d - 2 * log(trigger / s) / root)
    echo = exp(kappa * log(trigger / s)) * back if back else 0.0
    return exp(growth) * pow(s, gamma) * (normal(d) - echo)


def _by_differences(terms: Terms, volatility: float) -> Greeks:
    def at(
        s: float = terms.s, t: float = terms.t, r: float = terms.r, v: float = volatility
    ) -> float:
        b = terms.b if terms.on_forward else terms.b + r - terms.r
        return _american(Terms(terms.call, s, terms.k, t, r, b, terms.exercise), v)

    here, ds, dt = at(), terms.s * 1e-3, min(terms.t / 4, 0.25 / YEAR_DAYS)
    up, down = at(s=terms.s + ds), at(s=terms.s - ds)
    return Greeks(
        price=here,
        delta=(up - down) / (2 * ds),
        gamma=(up - 2 * here + down) / (ds * ds),
        vega=(at(v=volatility + 1e-4) - at(v=max(1e-5, volatility - 1e-4))) / 0.02,
        theta=(at(t=terms.t - dt) - at(t=terms.t + dt)) / (2 * dt) / YEAR_DAYS,
        rho=(at(r=terms.r + 1e-4) - at(r=terms.r - 1e-4)) / 0.02,
    )

"""An option's price in decimals, and what it means: volatility and greeks in decimals again."""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum
from math import exp

from msgspec import Struct

from domain.market.options.greeks import (
    VOLATILITY_MAX,
    VOLATILITY_MIN,
    Exercise,
    NoVolatility,
    Terms,
    greeks,
    volatility_of,
)

YEAR_SECONDS = 365 * 86_400
#: An option in its last minute is valued as if that were left of it.
SECONDS_MIN = 60
_UNIT = Decimal("0.000001")
#: Where a tick of the price is ten points of volatility, the price says nothing about it.
FLAT_SHARE = Decimal("0.1")


class Model(StrEnum):
    """BSM on a spot price, BLACK76 on a forward, BS1993 for American options on a spot price."""

    BSM = "BSM"
    BLACK76 = "BLACK76"
    BS1993 = "BS1993"


class IvQuality(StrEnum):
    """What a volatility was taken from, or why there is none."""

    MID = "MID"
    LAST = "LAST"
    NO_PRICE = "NO_PRICE"
    WIDE_SPREAD = "WIDE_SPREAD"
    NO_UNDERLYING = "NO_UNDERLYING"
    BELOW_INTRINSIC = "BELOW_INTRINSIC"
    ABOVE_MAXIMUM = "ABOVE_MAXIMUM"
    FLAT = "FLAT"


class Setting(Struct, frozen=True):
    """
    What all options of an expiry share.

    ``price`` is the spot price, for BLACK76 the forward; ``t_years`` of 365 days; ``rate`` and
    ``dividend_yield`` are continuous, as fractions of one a year.
    """

    model: Model
    price: Decimal
    t_years: Decimal
    rate: Decimal
    dividend_yield: Decimal = Decimal(0)


class Valued(Struct, frozen=True):
    """
    At six places: ``vega`` per point of volatility, ``theta`` per calendar day, ``rho`` per
    point of the rate.  All are None, and ``iv_quality`` says why, where there is no volatility.
    """

    iv_quality: IvQuality
    iv: Decimal | None = None
    delta: Decimal | None = None
    gamma: Decimal | None = None
    vega: Decimal | None = None
    theta: Decimal | None = None
    rho: Decimal | None = None


def years(now: datetime, expires_at: datetime) -> Decimal:
    left = max((expires_at - now).total_seconds(), SECONDS_MIN)
    return _decimal(left / YEAR_SECONDS, Decimal("1e-10"))


def forward_of(setting: Setting) -> Decimal:
    """The price at which the underlying would be bought at expiry, to six places."""
    if setting.model is Model.BLACK76:
        return setting.price
    carry = float(setting.rate - setting.dividend_yield)
    return _decimal(float(setting.price) * exp(carry * float(setting.t_years)))


def synthetic_forward(
    strike: Decimal, call: Decimal, put: Decimal, rate: Decimal, t_years: Decimal
) -> Decimal:
    """What a call bought and a put sold at one strike come to: F = K + e^(rT) (C - P)."""
    return strike + _decimal(exp(float(rate * t_years)) * float(call - put))


def valued(
    setting: Setting,
    *,
    call: bool,
    strike: Decimal,
    worth: Decimal,
    tick: Decimal,
    taken_from: IvQuality,
) -> Valued:
    """What this price of an option means; never a nonsensical number, rather none."""
    terms = _terms(setting, call, strike)
    found = volatility_of(terms, float(worth))
    if isinstance(found, NoVolatility):
        return Valued(IvQuality(found.value))
    if not VOLATILITY_MIN <= found <= VOLATILITY_MAX:
        return Valued(IvQuality.FLAT)
    shown = greeks_at(setting, call=call, strike=strike, volatility=_decimal(found, exact=True))
    if shown.vega is None or shown.vega < tick * FLAT_SHARE:
        return Valued(IvQuality.FLAT)
    return Valued(
        taken_from,
        _decimal(found),
        shown.delta,
        shown.gamma,
        shown.vega,
        shown.theta,
        shown.rho,
    )


def greeks_at(setting: Setting, *, call: bool, strike: Decimal, volatility: Decimal) -> Valued:
    """The greeks at a volatility that is known."""
    found = greeks(_terms(setting, call, strike), float(volatility))
    return Valued(
        IvQuality.MID,
        volatility,
        *(_decimal(x) for x in (found.delta, found.gamma, found.vega, found.theta, found.rho)),
    )


def _terms(setting: Setting, call: bool, strike: Decimal) -> Terms:
    rate, on_forward = float(setting.rate), setting.model is Model.BLACK76
    return Terms(
        call=call,
        s=float(setting.price),
        k=float(strike),
        t=float(setting.t_years),
        r=rate,
        b=0.0 if on_forward else rate - float(setting.dividend_yield),
        exercise=Exercise.AMERICAN if setting.model is Model.BS1993 else Exercise.EUROPEAN,
        on_forward=on_forward,
    )


def _decimal(value: float, unit: Decimal = _UNIT, *, exact: bool = False) -> Decimal:
    """Rounded half to even; infinities and what is no number never come this far."""
    return Decimal(value) if exact else Decimal(value).quantize(unit, ROUND_HALF_EVEN)

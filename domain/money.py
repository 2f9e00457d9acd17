"""
Money and quantities: exact decimals, kept at ledger scale 8 and written without exponents.

Importing this sets the decimal context of the program: 34 digits, half to even.
"""

from __future__ import annotations

import decimal
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

decimal.DefaultContext.prec = 34
decimal.setcontext(decimal.DefaultContext.copy())

ZERO = Decimal(0)
AMOUNT_MAX = Decimal(10) ** 12
AMOUNT_PLACES = 8
#: Price times quantity of an order: keeps every sum on the tape well inside 34 digits.
NOTIONAL_MAX = Decimal(10) ** 15
_ONE = Decimal(1)
_LEDGER_UNIT = Decimal(1).scaleb(-AMOUNT_PLACES)


def is_amount(value: Decimal) -> bool:
    """Fit for money or shares: above zero, finite, at most 10^12 and at most 8 places."""
    return value.is_finite() and 0 < value <= AMOUNT_MAX and is_exact(value)


def is_exact(value: Decimal) -> bool:
    """At most 8 places, so that a ledger of scale 8 holds it without rounding."""
    return value == value.quantize(_LEDGER_UNIT)


def is_multiple(value: Decimal, step: Decimal) -> bool:
    return value % step == 0


def tidy(value: Decimal) -> Decimal:
    """The same number rounded to ledger scale, without trailing zeros."""
    if not value:
        return ZERO
    whole = value.to_integral_value()
    if value == whole:
        return whole.quantize(_ONE)
    value = value.quantize(_LEDGER_UNIT)
    whole = value.to_integral_value()
    return whole.quantize(_ONE) if value == whole else value.normalize()


def tidy_up(value: Decimal) -> Decimal:
    """The same, rounded up: what is set aside is never too little."""
    return tidy(value.quantize(_LEDGER_UNIT, ROUND_CEILING))


def tidy_down(value: Decimal) -> Decimal:
    """The same, rounded down: what is lent or shared out is never too much."""
    return tidy(value.quantize(_LEDGER_UNIT, ROUND_FLOOR))


def round_up_to(value: Decimal, step: Decimal) -> Decimal:
    return (value / step).to_integral_value(ROUND_CEILING) * step


def round_down_to(value: Decimal, step: Decimal) -> Decimal:
    return (value / step).to_integral_value(ROUND_FLOOR) * step

"""Rounding of exact fractions, as the specification says it: ledger scale is 8 places."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

LEDGER = 10**8
CENTS = 100


def half_even(value: Fraction, scale: int = LEDGER) -> Fraction:
    """Python rounds fractions half to even."""
    return Fraction(round(value * scale), scale)


def upward(value: Fraction, scale: int = LEDGER) -> Fraction:
    return Fraction(-((-value * scale) // 1), scale)


def downward(value: Fraction, scale: int = LEDGER) -> Fraction:
    return Fraction((value * scale) // 1, scale)


def exact(value: Decimal | int | str) -> Fraction:
    return Fraction(value)

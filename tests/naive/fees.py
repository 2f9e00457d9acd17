"""Fees of an order from its whole turnover, component by component, rounded to the cent."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from tests.naive.amounts import CENTS, half_even

ZERO = Fraction(0)


@dataclass(frozen=True)
class Component:
    """
    ``of`` names the components that a rate is taken of, where it is not the turnover; a
    component of what an option is worth at its end (``at_end``) is no part of any order.
    """

    name: str
    side: str = "BOTH"
    rate: Fraction = ZERO
    flat: Fraction = ZERO
    least: Fraction | None = None
    most: Fraction | None = None
    share_most: Fraction | None = None
    of: tuple[str, ...] = ()
    per_order: bool = False
    at_end: bool = False
    scale: int = CENTS


Schedule = tuple[Component, ...]


def charged(schedule: Schedule, side: str, turnover: Fraction) -> Fraction:
    """What an order of this turnover has cost in all; nothing before it is filled."""
    return sum(charges(schedule, side, turnover).values(), ZERO)


def charges(schedule: Schedule, side: str, turnover: Fraction) -> dict[str, Fraction]:
    by_name: dict[str, Fraction] = {}
    if turnover == 0:
        return by_name
    for part in schedule:
        if part.side not in {"BOTH", side} or part.at_end:
            continue
        base = turnover
        if part.of:
            base = sum((by_name.get(name, ZERO) for name in part.of), ZERO)
        elif part.per_order:
            base = ZERO
        amount = base * part.rate + part.flat
        if part.least is not None:
            amount = max(amount, part.least)
        if part.most is not None:
            amount = min(amount, part.most)
        if part.share_most is not None:
            amount = min(amount, turnover * part.share_most)
        by_name[part.name] = half_even(amount, part.scale)
    return by_name


def at_expiry(schedule: Schedule, value: Fraction) -> Fraction:
    """What the holder of an option that ends in the money is charged on its intrinsic value."""
    return sum((half_even(value * part.rate, part.scale) for part in schedule if part.at_end), ZERO)

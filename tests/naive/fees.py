"""Fees of an order from its whole turnover, component by component, rounded to the cent."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from tests.naive.amounts import CENTS, half_even


@dataclass(frozen=True)
class Component:
    """``of`` names the components that a rate is taken of, where it is not the turnover."""

    name: str
    side: str = "BOTH"
    rate: Fraction = Fraction(0)
    flat: Fraction = Fraction(0)
    least: Fraction | None = None
    most: Fraction | None = None
    of: tuple[str, ...] = ()
    scale: int = CENTS


def charged(schedule: tuple[Component, ...], side: str, turnover: Fraction) -> Fraction:
    """What an order of this turnover has cost in all; nothing before it is filled."""
    if turnover == 0:
        return Fraction(0)
    by_name: dict[str, Fraction] = {}
    for part in schedule:
        if part.side not in {"BOTH", side}:
            continue
        base = sum((by_name.get(name, Fraction(0)) for name in part.of), Fraction(0))
        amount = (base if part.of else turnover) * part.rate + part.flat
        if part.least is not None:
            amount = max(amount, part.least)
        if part.most is not None:
            amount = min(amount, part.most)
        by_name[part.name] = half_even(amount, part.scale)
    return sum(by_name.values(), Fraction(0))

"""
A day of AAPL's options, as it was published: our greeks are its greeks, its volatilities are odd.

The file is of 9 June 2014, the day on which AAPL was split seven for one.  Its greeks follow from
a price of 93.70 (the official close; its own row of the underlying says 92.72), a rate of 0.75 %,
one day less to expiry than the calendar has, and a dividend yield of 31.3 % a year: dividends
from before the split over a price from after it.  Its gammas leave out the discount e^(-qT) of
that yield.  With it, and with strikes from before
the split beside a price from after it, no volatility explains most of its prices: four in five
have none.  ``pytest -s`` prints how far we are apart.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from datetime import date
from math import exp

import pytest
from msgspec import Struct
from msgspec.structs import replace

from domain.market.options.greeks import Greeks, NoVolatility, Terms, greeks, volatility_of
from tests.contract.real_data import DATA, demand_real_data

FILE = DATA / "options" / "aapl_universe" / "20140609.csv"
DAY = date(2014, 6, 9)
CLOSE, RATE, THEIR_YIELD = 93.70, 0.0075, 0.3131
#: What a quarter of 3.29 dollars, divided by seven, was of the price.
TRUE_YIELD = 4 * 0.47 / CLOSE


class Row(Struct, frozen=True):
    terms: Terms
    close: float
    iv: float
    greeks: Greeks


@pytest.fixture(scope="module")
def published() -> list[Row]:
    demand_real_data()
    with FILE.open() as lines:
        rows = list(csv.reader(lines))[2:]
    return [_row(row) for row in rows]


def _row(row: list[str]) -> Row:
    day, strike, right = date.fromisoformat(row[0]), float(row[1]), row[2]
    t = max((day - DAY).days - 1, 0.5) / 365
    terms = Terms(right == "C", CLOSE, strike, t, RATE, RATE - THEIR_YIELD)
    return Row(terms, float(row[6]), float(row[9]), Greeks(0, *map(float, row[10:15])))


def _undone(row: Row) -> float:
    """The discount that its gammas leave out."""
    return exp(THEIR_YIELD * row.terms.t)


def percentiles(errors: Iterable[float]) -> tuple[float, float, float]:
    """The middle one, and what nine in ten and ninety-nine in a hundred do not exceed."""
    ordered = sorted(map(abs, errors))
    return tuple(ordered[int(len(ordered) * share)] for share in (0.5, 0.9, 0.99))  # type: ignore[return-value]


def test_at_its_volatilities_our_greeks_are_its_greeks(published: list[Row]) -> None:
    known = [row for row in published if row.iv > 0]
    assert len(known) > 900
    allowed = {"delta": 2e-4, "gamma": 2e-5, "vega": 1e-4, "theta": 2e-4, "rho": 2e-4}
    for name, most in allowed.items():
        apart = percentiles(
            getattr(greeks(row.terms, row.iv), name) * (_undone(row) if name == "gamma" else 1)
            - getattr(row.greeks, name)
            for row in known
        )
        print(f"{name:6} half within {apart[0]:.6f}, 90 % {apart[1]:.6f}, 99 % {apart[2]:.6f}")
        assert apart[2] < most, name


def test_its_volatilities_are_ours_where_they_were_taken_from_its_closing_price(
    published: list[Row],
) -> None:
    """Half of the calls; the other rows carry the volatility of another price than their own."""
    calls = [row for row in published if row.iv > 0 and row.terms.call]
    meant = [(volatility_of(row.terms, row.close), row.iv) for row in calls]
    apart = [abs(ours - iv) for ours, iv in meant if isinstance(ours, float)]
    close = sum(error < 1e-3 for error in apart)
    print(f"calls: {len(calls)}, ours known {len(apart)}, within a tenth of a point {close}")
    print("apart: half within {:.4f}, 90 % {:.4f}, 99 % {:.4f}".format(*percentiles(apart)))
    assert close > 0.3 * len(apart)


def test_where_it_has_no_volatility_its_yield_is_to_blame(published: list[Row]) -> None:
    """At the true yield, options on the split share nearly all have one."""
    sane = [row for row in published if row.terms.k < CLOSE * 2]
    theirs = sum(isinstance(volatility_of(row.terms, row.close), NoVolatility) for row in sane)
    truly = [replace(row.terms, b=RATE - TRUE_YIELD) for row in sane]
    found = [
        volatility_of(terms, row.close) for terms, row in zip(truly, sane, strict=True) if row.close
    ]
    ours = [volatility for volatility in found if isinstance(volatility, float)]
    print(
        f"of {len(sane)} options: no volatility at their yield {theirs}, at ours "
        f"{len(found) - len(ours)}; ours at the middle {percentiles(ours)[0]:.4f}"
    )
    assert len(ours) > 0.8 * len(found)
    assert 0.15 < percentiles(ours)[0] < 0.5

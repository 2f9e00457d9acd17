"""
Margin: what is held against a position that was not paid in full.

Rates are data.  For written options the figure is an ESTIMATE with the shape of SPAN, not an
exchange's number: sixteen scenarios of price and volatility, the worst loss of all legs
together, and an exposure charge (trading.md §4.5.5).  An option's value in a scenario is its
intrinsic value there and the time value it has now, scaled; so no volatility need be known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Literal

from msgspec import Struct

from domain.market import Instrument, InstrumentType
from domain.money import ZERO, tidy_up
from domain.trading.order import Product

#: Said wherever such a margin is shown.
LABEL = "estimate"


class MarginRates(Struct, frozen=True, kw_only=True):
    """
    Shares of the notional, by product where a product's differs.

    ``initial`` is held against futures and shares within the day; ``price_range`` and
    ``volatility_shift`` span the scenarios, ``exposure`` is charged on what is written.
    """

    initial: Decimal
    by_product: Mapping[Product, Decimal] = {}
    price_range: Decimal = Decimal("0.10")
    volatility_shift: Decimal = Decimal("0.25")
    exposure: Decimal = Decimal("0.035")


class MarginSchedule(Struct, frozen=True, kw_only=True, eq=False):
    """
    Rates by margin class, from ``valid_from`` on until the next version.

    What has no class of its own has that of its type.
    """

    id: str
    version: int
    valid_from: date
    source: str
    classes: Mapping[str, MarginRates]

    @property
    def name(self) -> str:
        return f"{self.id}@{self.version}"

    def rates(self, instrument: Instrument) -> MarginRates:
        return self.classes.get(instrument.margin_class) or self.classes[instrument.type]


SAMPLE = MarginSchedule(
    id="SAMPLE",
    version=1,
    valid_from=date(1970, 1, 1),
    source="leverage 5 within the day and 10 % on futures; ranges to be set by the operator",
    classes={
        InstrumentType.EQ: MarginRates(initial=Decimal("0.20")),
        InstrumentType.ETF: MarginRates(initial=Decimal("0.20")),
        InstrumentType.IDX: MarginRates(initial=Decimal(1)),
        InstrumentType.SPOT: MarginRates(initial=Decimal(1)),
        InstrumentType.FUT: MarginRates(initial=Decimal("0.10")),
        InstrumentType.CE: MarginRates(initial=Decimal("0.10")),
        InstrumentType.PE: MarginRates(initial=Decimal("0.10")),
        "INDEX": MarginRates(
            initial=Decimal("0.10"), price_range=Decimal("0.07"), exposure=Decimal("0.02")
        ),
    },
)


#: A correction is a new version with a later ``valid_from``, never an edit.
SCHEDULES = (SAMPLE,)


@cache
def margins_in_force(on: date, schedules: tuple[MarginSchedule, ...] = SCHEDULES) -> MarginSchedule:
    """The version of a day; the first one also of the days before it."""
    known = sorted(schedules, key=lambda one: one.valid_from)
    return next((one for one in reversed(known) if one.valid_from <= on), known[0])


def initial_rate(instrument: Instrument, product: Product, schedule: MarginSchedule) -> Decimal:
    """The share of the notional that opening a VARIATION position needs."""
    rates = schedule.rates(instrument)
    return rates.by_product.get(product, rates.initial)


class Leg(Struct, frozen=True):
    """``units`` are quantity x multiplier, below zero when written; ``mark`` its price now."""

    kind: Literal["CE", "PE", "FUT"]
    units: Decimal
    mark: Decimal
    strike: Decimal = ZERO

    def value(self, at: Decimal, now: Decimal, swing: Decimal) -> Decimal:
        """Of one unit once the underlying is ``at``, and time value ``swing`` times what it is."""
        if self.kind == "FUT":
            return self.mark + at - now
        time_value = max(ZERO, self.mark - self._intrinsic(now))
        return self._intrinsic(at) + time_value * swing

    def _intrinsic(self, at: Decimal) -> Decimal:
        return max(ZERO, at - self.strike if self.kind == "CE" else self.strike - at)


def leg_of(instrument: Instrument, units: Decimal, mark: Decimal) -> Leg:
    """An option as a leg."""
    kind: Literal["CE", "PE"] = "CE" if instrument.type is InstrumentType.CE else "PE"
    return Leg(kind, units, mark, instrument.strike or ZERO)


#: The share of a risk that nothing hedges.
WHOLE = Decimal(1)
#: Moves of the underlying in thirds of the range, and what share of such a loss counts.
_MOVES = ((0, 1), (1, 1), (-1, 1), (2, 1), (-2, 1), (3, 1), (-3, 1))
_EXTREME = (6, -6)
_EXTREME_SHARE = Decimal("0.35")


def _scenarios(rates: MarginRates) -> Iterator[tuple[Decimal, Decimal, Decimal]]:
    up, down = 1 + rates.volatility_shift, 1 - rates.volatility_shift
    for thirds, share in _MOVES:
        for swing in (up, down):
            yield Decimal(thirds) / 3, swing, Decimal(share)
    for thirds in _EXTREME:
        yield Decimal(thirds) / 3, Decimal(1), _EXTREME_SHARE


def scan_risk(legs: Iterable[Leg], underlying: Decimal, rates: MarginRates) -> Decimal:
    """
    The worst loss of all legs together over the sixteen scenarios; never below zero.

    Legs that hedge each other get the benefit: the risk of a whole is at most that of its parts.
    """
    held = tuple(legs)
    reach = underlying * rates.price_range
    worst = ZERO
    for move, swing, share in _scenarios(rates):
        at = max(ZERO, underlying + move * reach)
        loss = sum(
            (leg.units * (leg.mark - leg.value(at, underlying, swing)) for leg in held), ZERO
        )
        worst = max(worst, loss * share)
    return worst


def hedged_share(legs: Iterable[Leg], underlying: Decimal, rates: MarginRates) -> Decimal:
    """The scan risk of options held together, as a share of what those written have alone."""
    held = tuple(legs)
    alone = sum((scan_risk((leg,), underlying, rates) for leg in held if leg.units < 0), ZERO)
    if not alone:
        return WHOLE
    return min(WHOLE, scan_risk(held, underlying, rates) / alone)


def writing_risk(
    instrument: Instrument,
    mark: Decimal,
    underlying: Decimal | None,
    schedule: MarginSchedule,
    share: Decimal = WHOLE,
) -> Decimal:
    """
    What one written unit needs beside its value: scan risk and exposure, in money.

    ``share`` is what is left of its scan risk beside what hedges it.  Where the price of the
    underlying is not known its strike stands for it, as if the option were at the money.
    """
    rates = schedule.rates(instrument)
    price = underlying or instrument.strike or ZERO
    leg = leg_of(instrument, -instrument.multiplier, mark)
    scanned = scan_risk((leg,), price, rates) * share
    return tidy_up(scanned + price * instrument.multiplier * rates.exposure)

"""
Fees: what an execution costs beside its price, by component, out of an effective-dated schedule.

Fees are cumulative per order: a fill pays F(turnover after it) less F(turnover before it), so
the way an order is split into fills never changes what it pays (trading.md §4.5.7).
"""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum

from msgspec import Struct

from domain.market import InstrumentType
from domain.money import ZERO, tidy
from domain.trading.order import Order, Product, Side


class Segment(StrEnum):
    EQ_DELIVERY = "EQ_DELIVERY"
    EQ_INTRADAY = "EQ_INTRADAY"
    FUT = "FUT"
    OPT = "OPT"
    SPOT = "SPOT"
    MTF = "MTF"


class Base(StrEnum):
    """
    What a component is a share of; PER_ORDER is only its flat part, once.

    INTRINSIC is what an option is worth at its end: no order is charged for it.
    """

    TURNOVER = "TURNOVER"
    INTRINSIC = "INTRINSIC"
    PER_ORDER = "PER_ORDER"
    OTHER_COMPONENTS = "OTHER_COMPONENTS"


class Component(Struct, frozen=True, kw_only=True):
    """
    One line of a contract note, rounded half to even to ``quantum``.

    ``rate`` and ``flat`` make the amount, kept between ``least`` and ``most``, and in any case
    at most ``share_max`` of the turnover; ``side`` None is both.
    """

    name: str
    base: Base = Base.TURNOVER
    of: tuple[str, ...] = ()
    side: Side | None = None
    rate: Decimal = ZERO
    flat: Decimal = ZERO
    least: Decimal | None = None
    most: Decimal | None = None
    share_max: Decimal | None = None
    quantum: Decimal = Decimal("0.01")

    def amount(self, turnover: Decimal, others: dict[str, Decimal]) -> Decimal:
        base = turnover
        if self.base is Base.OTHER_COMPONENTS:
            base = sum((others.get(name, ZERO) for name in self.of), ZERO)
        elif self.base is Base.PER_ORDER:
            base = ZERO
        due = base * self.rate + self.flat
        if self.least is not None:
            due = max(due, self.least)
        if self.most is not None:
            due = min(due, self.most)
        if self.share_max is not None:
            due = min(due, turnover * self.share_max)
        return due.quantize(self.quantum, ROUND_HALF_EVEN)


class FeeSchedule(Struct, frozen=True, kw_only=True):
    """
    What one broker charges from ``valid_from`` on, until the next version of the same ``id``.

    ``source`` says where the rates come from.  They are samples: not for tax use.
    """

    id: str
    version: int
    valid_from: date
    source: str
    segments: dict[Segment, tuple[Component, ...]]

    @property
    def name(self) -> str:
        return f"{self.id}@{self.version}"

    def due(self, segment: Segment, side: Side, turnover: Decimal) -> dict[str, Decimal]:
        """F: every component owed on an order of which so much has been traded."""
        owed: dict[str, Decimal] = {}
        if not turnover:
            return owed
        for component in self.segments.get(segment, ()):
            if component.base is Base.INTRINSIC:
                continue
            if component.side is None or component.side is side:
                owed[component.name] = component.amount(turnover, owed)
        return owed

    def at_expiry(self, value: Decimal) -> dict[str, Decimal]:
        """What the holder of an option owes when it ends, worth ``value`` in all."""
        parts = {
            component.name: component.amount(value, {})
            for component in self.segments.get(Segment.OPT, ())
            if component.base is Base.INTRINSIC
        }
        return {name: amount for name, amount in parts.items() if amount}

    def total(self, segment: Segment, side: Side, turnover: Decimal) -> Decimal:
        return sum(self.due(segment, side, turnover).values(), ZERO)

    def charged(
        self, segment: Segment, side: Side, before: Decimal, after: Decimal
    ) -> dict[str, Decimal]:
        """What a fill pays that takes the order's turnover from ``before`` to ``after``."""
        paid = self.due(segment, side, before)
        due = self.due(segment, side, after)
        parts = {name: tidy(amount - paid.get(name, ZERO)) for name, amount in due.items()}
        return {name: amount for name, amount in parts.items() if amount}


def segment_of(order: Order) -> Segment:
    """Under which rates an order is traded."""
    match order.asset:
        case InstrumentType.FUT:
            return Segment.FUT
        case InstrumentType.CE | InstrumentType.PE:
            return Segment.OPT
        case InstrumentType.SPOT:
            return Segment.SPOT
    match order.product:
        case Product.MIS:
            return Segment.EQ_INTRADAY
        case Product.MTF:
            return Segment.MTF
        case Product.SPOT:
            return Segment.SPOT
        case _:
            return Segment.EQ_DELIVERY

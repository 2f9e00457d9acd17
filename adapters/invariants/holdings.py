"""One position as an auditor keeps it: fills added up, layers consumed oldest first."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from uuid import UUID

from msgspec import Struct, field

from domain.money import ZERO
from domain.trading import Execution, Side, Style
from domain.trading.day_events import HoldingAfter

#: The number of an invariant, and what is wrong.
Complaint = tuple[str, str]


class Holding(Struct):
    """``lots`` are (quantity, amount) by the execution that opened them, oldest first."""

    quantity: Decimal = ZERO
    cost: Decimal = ZERO
    realised_wac: Decimal = ZERO
    realised_fifo: Decimal = ZERO
    margin: Decimal = ZERO
    loan: Decimal = ZERO
    last_price: Decimal = ZERO
    multiplier: Decimal = Decimal(1)
    style: Style = Style.PREMIUM
    lots: dict[UUID, tuple[Decimal, Decimal]] = field(default_factory=dict)

    @property
    def signed_cost(self) -> Decimal:
        return -self.cost if self.quantity < 0 else self.cost

    @property
    def brought(self) -> Decimal:
        """What trading this has brought in cash so far."""
        if self.style is Style.VARIATION:
            return self.realised_wac
        return self.realised_wac - self.signed_cost

    def unrealised_at(self, price: Decimal) -> Decimal:
        return self.quantity * price * self.multiplier - self.signed_cost

    @property
    def value(self) -> Decimal:
        if self.style is Style.VARIATION:
            return self.unrealised_at(self.last_price)
        return self.quantity * self.last_price * self.multiplier

    def at_risk(self, price: Decimal) -> Decimal:
        """What would move cash and has not yet, at this price."""
        return self.unrealised_at(price) if self.style is Style.VARIATION else ZERO

    def dearer_by(self, price: Decimal) -> Decimal:
        """How much more margin a written option needs at this price: it holds its own value."""
        if self.style is Style.VARIATION or self.quantity >= 0:
            return ZERO
        return -self.quantity * (price - self.last_price) * self.multiplier

    def take(self, fill: Execution) -> Iterator[Complaint]:
        """One more execution."""
        signed = fill.last_qty if fill.side is Side.BUY else -fill.last_qty
        after = fill.position
        if self.quantity + signed != after.quantity:
            yield "I-01", f"fills add up to {self.quantity + signed:f}, held is {after.quantity:f}"
        for mine, own, total, name in (
            (self.realised_wac, fill.realised_wac, after.realised_wac, "average"),
            (self.realised_fifo, fill.realised_fifo, after.realised_fifo, "first in first out"),
        ):
            if mine + own != total:
                yield "I-03", f"realised by {name} is {mine + own:f}, recorded is {total:f}"
        yield from self._layers(fill)
        self.quantity, self.cost = after.quantity, after.cost_basis
        self.realised_wac, self.realised_fifo = after.realised_wac, after.realised_fifo
        self.margin, self.loan = after.margin, after.loan
        self.last_price, self.multiplier, self.style = fill.last_px, fill.multiplier, fill.style
        yield from self.sound()

    def retell(self, after: HoldingAfter) -> None:
        """The position as a fact that is no fill tells it, layer by layer."""
        self.quantity, self.cost = after.quantity, after.cost_basis
        self.realised_wac, self.realised_fifo = after.realised_wac, after.realised_fifo
        self.margin, self.loan, self.last_price = after.margin, after.loan, after.last_price
        self.multiplier, self.style = after.multiplier, after.style
        self.lots = {lot.exec_id: (lot.quantity, lot.amount) for lot in after.lots}

    def sound(self) -> Iterator[Complaint]:
        """What must be true of it at any time."""
        layered = sum((quantity for quantity, _ in self.lots.values()), ZERO)
        amount = sum((amount for _, amount in self.lots.values()), ZERO)
        if layered != abs(self.quantity):
            yield "I-02", f"layers hold {layered:f}, the position {self.quantity:f}"
        if any(part < 0 for _, part in self.lots.values()):
            yield "I-02", "a layer has an amount below zero"
        if not self.quantity and (self.cost or self.margin or self.loan):
            left = f"cost {self.cost:f}, margin {self.margin:f}, loan {self.loan:f}"
            yield "I-02", f"nothing is held, but there is {left}"
        sign = -1 if self.quantity < 0 else 1
        if self.realised_wac - sign * self.cost != self.realised_fifo - sign * amount:
            yield "I-04", "realised and unrealised differ between average and first in first out"

    def _layers(self, fill: Execution) -> Iterator[Complaint]:
        oldest = list(self.lots)
        touched = [lot for lot in fill.lots if lot.exec_id != fill.exec_id]
        if [lot.exec_id for lot in touched] != oldest[: len(touched)]:
            yield "I-02", "the layers consumed are not the oldest"
        for lot in fill.lots:
            if lot.quantity:
                self.lots[lot.exec_id] = (lot.quantity, lot.amount)
            else:
                self.lots.pop(lot.exec_id, None)

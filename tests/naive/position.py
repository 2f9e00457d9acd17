"""One position, from the text of §4.8: cost by average, layers by age, margin and loan."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from tests.naive.amounts import half_even, upward

ZERO = Fraction(0)


@dataclass
class Lot:
    quantity: Fraction
    amount: Fraction
    opened: date


@dataclass
class Position:
    """``style`` is CASH (paid for), MARGIN (only gains and losses move) or OPTION (paid for)."""

    style: str
    multiplier: Fraction
    quantity: Fraction = ZERO
    cost: Fraction = ZERO
    realised_wac: Fraction = ZERO
    realised_fifo: Fraction = ZERO
    margin: Fraction = ZERO
    risk: Fraction = ZERO
    loan: Fraction = ZERO
    lots: list[Lot] = field(default_factory=list)

    def value(self, mark: Fraction) -> Fraction:
        """What it adds to equity at this mark."""
        worth = self.quantity * mark * self.multiplier
        return self.unrealised(mark) if self.style == "MARGIN" else worth

    def unrealised(self, mark: Fraction) -> Fraction:
        worth = abs(self.quantity) * mark * self.multiplier
        return worth - self.cost if self.quantity >= 0 else self.cost - worth

    def trade(self, sign: int, quantity: Fraction, gross: Fraction, on: date) -> Fraction:
        """First it closes what opposes it, then it opens; for how much it opened."""
        opposes = self.quantity * sign < 0
        closing = min(quantity, abs(self.quantity)) if opposes else ZERO
        gross_closing = gross if closing == quantity else half_even(gross * closing / quantity)
        if closing:
            way = 1 if self.quantity > 0 else -1
            flat = closing == abs(self.quantity)
            relieved = self.cost if flat else half_even(self.cost * closing / abs(self.quantity))
            self.realised_wac += way * (gross_closing - relieved)
            self.realised_fifo += way * (gross_closing - self._consume(closing))
            self.cost -= relieved
        opened = quantity - closing
        if opened:
            self.cost += gross - gross_closing
            self.lots.append(Lot(opened, gross - gross_closing, on))
        self.quantity += sign * quantity
        return gross - gross_closing

    def _consume(self, quantity: Fraction) -> Fraction:
        relieved = ZERO
        while quantity:
            oldest = self.lots[0]
            taken = min(quantity, oldest.quantity)
            part = oldest.amount
            if taken != oldest.quantity:
                part = half_even(oldest.amount * taken / oldest.quantity)
            relieved += part
            oldest.amount -= part
            oldest.quantity -= taken
            quantity -= taken
            if oldest.quantity == 0:
                self.lots.pop(0)
        return relieved

    def hold(
        self, before: Fraction, price: Fraction, gross_opened: Fraction, per_unit: Fraction
    ) -> None:
        """
        Margin after a fill: of a rate set at its price, of a written option its value and risk.

        What is closed releases its part, all of it when nothing of that side is left.
        """
        kept = min(abs(before), abs(self.quantity)) if before * self.quantity > 0 else ZERO
        opened = abs(self.quantity) - kept
        if self.style == "MARGIN":
            self.margin = _kept(self.margin, kept, before) + upward(gross_opened * per_unit)
        if self.style == "OPTION":
            risk = _kept(self.risk, kept, before) if before < 0 else ZERO
            self.risk = risk + opened * per_unit if self.quantity < 0 else ZERO
            worth = max(ZERO, -self.quantity) * price * self.multiplier
            self.margin = upward(worth + self.risk)

    def settle(self, worth: Fraction) -> Fraction:
        """The end of a contract: closed at what it is worth; what that brings in cash."""
        gross = half_even(abs(self.quantity) * worth * self.multiplier)
        way = 1 if self.quantity > 0 else -1
        oldest = sum((lot.amount for lot in self.lots), ZERO)
        won = way * (gross - self.cost)
        self.realised_wac += won
        self.realised_fifo += way * (gross - oldest)
        self.quantity = self.cost = self.margin = self.risk = self.loan = ZERO
        self.lots.clear()
        return won if self.style == "MARGIN" else way * gross


def _kept(margin: Fraction, kept: Fraction, before: Fraction) -> Fraction:
    return upward(margin * kept / abs(before)) if kept else ZERO

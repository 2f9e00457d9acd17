"""Positions told again from the executions as they count now, for I-15."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from uuid import UUID

from msgspec import Struct, field

from adapters.invariants.holdings import Complaint
from domain.money import ZERO, tidy
from domain.trading import Execution, Side
from domain.trading.correction_events import PositionRestated, TradeAnnulled, TradeCorrected


class Deal(Struct):
    """One execution as it counts now; ``quantity`` is below zero for a sale, zero if annulled."""

    quantity: Decimal
    price: Decimal
    multiplier: Decimal


class Retold(Struct):
    """
    The executions of one position, in the order in which they were booked.

    What else moves a position (a split, a conversion) is not told again here: from then on the
    position is not ``plain`` and is taken as recorded.
    """

    deals: dict[UUID, Deal] = field(default_factory=dict)
    plain: bool = True

    def take(self, fill: Execution) -> None:
        signed = fill.last_qty if fill.side is Side.BUY else -fill.last_qty
        self.deals[fill.exec_id] = Deal(signed, fill.last_px, fill.multiplier)

    def change(self, event: TradeCorrected | TradeAnnulled) -> None:
        deal = self.deals.get(event.trade_id)
        if deal is None:
            return
        if isinstance(event, TradeAnnulled):
            deal.quantity = ZERO
            return
        signed = event.after.quantity if event.side is Side.BUY else -event.after.quantity
        deal.quantity, deal.price = signed, event.after.price

    def agrees(self, event: PositionRestated) -> Iterator[Complaint]:
        """The position is the one that the corrected history comes to."""
        if not self.plain:
            return
        told, held = self._told(), event.holding
        recorded = (held.quantity, held.cost_basis, held.realised_wac, held.realised_fifo)
        if told != recorded:
            yield "I-15", f"restated as {_shown(recorded)}, told again it is {_shown(told)}"

    def _told(self) -> tuple[Decimal, Decimal, Decimal, Decimal]:
        quantity, cost, wac, fifo = ZERO, ZERO, ZERO, ZERO
        lots: list[tuple[Decimal, Decimal]] = []
        for deal in self.deals.values():
            if not deal.quantity:
                continue
            size, gross = (
                abs(deal.quantity),
                tidy(abs(deal.quantity) * deal.price * deal.multiplier),
            )
            closed = min(size, abs(quantity)) if quantity * deal.quantity < 0 else ZERO
            through = _share(gross, closed, size)
            if closed:
                way = 1 if quantity > 0 else -1
                relieved = _share(cost, closed, abs(quantity))
                wac += way * (through - relieved)
                fifo += way * (through - _oldest(lots, closed))
                cost -= relieved
            if size > closed:
                cost += gross - through
                lots.append((size - closed, gross - through))
            quantity += deal.quantity
        return quantity, cost, wac, fifo


def _oldest(lots: list[tuple[Decimal, Decimal]], quantity: Decimal) -> Decimal:
    """What so many of the oldest units had cost; they are gone from ``lots``."""
    relieved = ZERO
    while quantity:
        size, amount = lots.pop(0)
        taken = min(size, quantity)
        part = _share(amount, taken, size)
        relieved += part
        quantity -= taken
        if taken < size:
            lots.insert(0, (size - taken, amount - part))
    return relieved


def _share(amount: Decimal, taken: Decimal, whole: Decimal) -> Decimal:
    return amount if taken == whole else tidy(amount * taken / whole)


def _shown(numbers: tuple[Decimal, ...]) -> str:
    return " ".join(f"{number:f}" for number in numbers)

"""One order as an auditor keeps it: the states it went through, and what was filled of it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import UUID

from msgspec import Struct, field

from adapters.invariants.holdings import Complaint
from domain.base import Event
from domain.market import Evidence
from domain.money import ZERO
from domain.trading import Execution, Order, Origin, Side
from domain.trading.fees import segment_of
from domain.trading.schedules import schedule

LIVE = frozenset({"NEW", "PARTIALLY_FILLED"})
PENDING = frozenset({"PENDING_CANCEL", "PENDING_REPLACE"})
AWAY = frozenset({"SUSPENDED", "DONE_FOR_DAY"})
OVER = frozenset({"FILLED", "CANCELED", "EXPIRED", "REJECTED"})
_OPEN = frozenset({"PENDING_NEW", "HELD"}) | LIVE | PENDING | AWAY

#: What may happen in which states, and the state after it (None: as before, or where it was).
LEGAL: dict[str, tuple[frozenset[str], str | None]] = {
    "OrderAccepted": (frozenset({"PENDING_NEW"}), "NEW"),
    "OrderHeld": (frozenset({"PENDING_NEW", "HELD"}), "HELD"),
    "OrderTriggered": (frozenset({"HELD"}), "NEW"),
    "OrderRejected": (frozenset({"PENDING_NEW", "HELD"}), "REJECTED"),
    "OrderFilled": (frozenset({"PENDING_NEW"}) | LIVE | PENDING, None),
    "OrderFilledLate": (frozenset({"CANCELED", "EXPIRED"}), None),
    "OrderFillDeferred": (_OPEN, None),
    "TrailingStopAdjusted": (frozenset({"HELD"}), None),
    "OrderCancelRequested": (frozenset({"HELD"}) | LIVE, "PENDING_CANCEL"),
    "OrderCancelRejected": (frozenset({"PENDING_CANCEL"}), None),
    "OrderReplaceRequested": (frozenset({"HELD"}) | LIVE, "PENDING_REPLACE"),
    "OrderReplaceRejected": (frozenset({"PENDING_REPLACE"}), None),
    "OrderReplaced": (frozenset({"HELD", "PENDING_REPLACE"}) | LIVE, None),
    "OrderCanceled": (_OPEN, "CANCELED"),
    "OrderExpired": (_OPEN - {"PENDING_NEW"}, "EXPIRED"),
    "OrderSuspended": (frozenset({"PENDING_NEW", "HELD"}) | LIVE, "SUSPENDED"),
    "OrderReleased": (AWAY, None),
    "OrderDoneForDay": (frozenset({"HELD"}) | LIVE, "DONE_FOR_DAY"),
}
_BACK = frozenset({"OrderCancelRejected", "OrderReplaceRejected", "OrderReleased"})
#: A model that fills whole orders whatever is displayed, and prices that no slice showed.
UNBOUND = "INSTANT@"
SHOWN = frozenset({"QUOTE", "DEPTH", "TRADE", "BAR"})


class Ticket(Struct):
    order: Order
    origin: Origin
    quantity: Decimal
    status: str = "PENDING_NEW"
    prior: str = "NEW"
    limit: Decimal = ZERO
    reserved_at: Decimal = ZERO
    filled: Decimal = ZERO
    canceled: Decimal = ZERO
    turnover: Decimal = ZERO
    fees: Decimal = ZERO
    execs: set[UUID] = field(default_factory=set)

    @property
    def works(self) -> bool:
        return self.status not in OVER

    @property
    def leaves(self) -> Decimal:
        return self.quantity - self.filled

    def within_reserve(self, price: Decimal) -> bool:
        """No worse than what was reserved for: to sell short dearer needs more margin."""
        return self.order.side is Side.BUY or price <= self.reserved_at

    def take(self, event: Event) -> Iterator[Complaint]:
        """One more fact about it."""
        told: Any = event
        name = type(event).__name__
        legal, after = LEGAL[name]
        if self.status not in legal:
            yield "I-09", f"{name} while the order is {self.status}"
        self._move(name, after)
        match name:
            case "OrderAccepted" | "OrderHeld" | "OrderTriggered":
                self.limit, self.reserved_at = told.limit, told.reserve_price or told.limit
            case "OrderReplaced":
                self.quantity, self.limit = told.quantity, told.limit
                self.reserved_at = told.reserve_price or told.limit
                if told.order is not None:
                    self.order = told.order
                if self.quantity < self.filled:
                    yield "I-09", f"replaced by {self.quantity:f}, {self.filled:f} are filled"
            case "OrderCanceled" | "OrderExpired":
                if told.canceled_qty != self.leaves:
                    yield "I-09", f"{told.canceled_qty:f} taken back of {self.leaves:f} left"
                self.canceled = told.canceled_qty
            case "OrderFilled" | "OrderFilledLate":
                yield from self._filled(told)

    def _move(self, name: str, after: str | None) -> None:
        if name in _BACK:
            self.status = self.prior
        elif after is not None:
            if after in PENDING or after in AWAY:
                self.prior = self.status
            self.status = after
        elif name == "OrderReplaced" and self.status == "PENDING_REPLACE":
            self.status = self.prior

    def _filled(self, fill: Execution) -> Iterator[Complaint]:
        if fill.exec_id in self.execs:
            yield "I-10", f"execution {fill.exec_id} is booked twice"
        self.execs.add(fill.exec_id)
        self.filled += fill.last_qty
        if type(fill).__name__ == "OrderFilled":
            if (fill.cum_qty, fill.leaves_qty) != (self.filled, self.leaves):
                told = f"{fill.cum_qty:f} filled and {fill.leaves_qty:f} left"
                yield "I-09", f"{told}, not {self.filled:f} and {self.leaves:f}"
            if self.status in PENDING:
                self.prior = "PARTIALLY_FILLED"
            else:
                self.status = "PARTIALLY_FILLED"
            if not self.leaves:
                self.status = "FILLED"
        if self.leaves < 0 or fill.last_qty <= 0:
            yield "I-09", f"filled {self.filled:f} of {self.quantity:f}"
        yield from self._charged(fill)
        yield from self._shown(fill)

    def _charged(self, fill: Execution) -> Iterator[Complaint]:
        """The fees of an order are a function of its turnover, however it was filled."""
        self.turnover += fill.gross
        self.fees += fill.fee
        if fill.fee < 0:
            yield "I-11", f"a fill costs {fill.fee:f}"
        rates = schedule(fill.fee_schedule)
        due = rates.total(segment_of(self.order), self.order.side, self.turnover)
        if self.fees != due:
            yield "I-11", f"fees of the order are {self.fees:f}, by {rates.name} {due:f}"

    def _shown(self, fill: Execution) -> Iterator[Complaint]:
        seen, buying = fill.evidence, fill.side is Side.BUY
        beyond = fill.last_px > self.limit if buying else fill.last_px < self.limit
        if beyond and self.limit:
            yield "I-12", f"filled at {fill.last_px:f}, the limit is {self.limit:f}"
        if seen.received_at > fill.executed_at or seen.age_ms < 0:
            yield "I-12", "the evidence is younger than the fill"
        if seen.kind not in SHOWN or seen.model.startswith(UNBOUND):
            return
        size = _size(seen, buying)
        if size is None or fill.last_qty > size:
            yield "I-12", f"{fill.last_qty:f} filled, the evidence shows {size}"


def _size(seen: Evidence, buying: bool) -> Decimal | None:
    match seen.kind:
        case "DEPTH":
            return seen.level_size
        case "QUOTE":
            return seen.ask_size if buying else seen.bid_size
        case _:
            return seen.last_size

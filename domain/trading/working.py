"""A working order as its account keeps it: how it stands, and what is set aside for it."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from domain.money import ZERO
from domain.trading.fill_events import Execution
from domain.trading.lifecycle import AWAY, NEXT, PENDING, Move, Status
from domain.trading.order import Order, OrderType
from domain.trading.order_events import OrderAccepted, OrderHeld, OrderReplaced, OrderTriggered


class Working(Struct, frozen=True):
    """
    An order that may still be filled.

    ``limit`` is the worst price at which the venue may fill it: the trader's own, or the collar
    of a market order.  ``reserved`` is set aside for this order alone: its whole cost where it
    is paid in full, else its fees; ``unit`` is what one unit of it needs where opposite orders
    net.  An order that is not ``counted`` opens nothing and has nothing set aside: it may only
    close what is left over by those that count.  ``stop`` is what a held order waits for now,
    ``deferred`` why it was not filled, as told last.
    """

    order: Order
    status: Status
    cum_qty: Decimal = ZERO
    limit: Decimal = ZERO
    reserved: Decimal = ZERO
    turnover: Decimal = ZERO
    execs: tuple[str, ...] = ()
    client_order_id: str | None = None
    counted: bool = True
    fee_schedule: str = "ZERO@1"
    unit: Decimal | None = None
    reserve_price: Decimal | None = None
    risk: Decimal = ZERO
    loan: Decimal = ZERO
    prior: Status | None = None
    stop: Decimal | None = None
    works_as: OrderType | None = None
    model: str = ""
    deferred: str | None = None

    @property
    def leaves_qty(self) -> Decimal:
        return self.order.quantity - self.cum_qty

    @property
    def counted_qty(self) -> Decimal:
        """How much of it leans on the position."""
        return self.leaves_qty if self.counted else ZERO

    def may(self, move: Move) -> bool:
        return (self.status, move) in NEXT

    def after(self, move: Move) -> Status:
        """The next state; total, so a move that is not in the table leaves it as it is."""
        known = (self.status, move)
        if known not in NEXT:
            return self.status
        return NEXT[known] or self.prior or Status.NEW

    def moved(self, move: Move) -> Working:
        after = self.after(move)
        prior = None
        if after in AWAY:
            prior = self.prior if self.status in AWAY else self.status
            if move is Move.FILL_PART and self.status in PENDING:
                prior = Status.PARTIALLY_FILLED
        return replace(self, status=after, prior=prior)

    def accepted(self, event: OrderAccepted) -> Working:
        return Working(
            order=self.order,
            status=self.after(Move.ACCEPT),
            cum_qty=self.cum_qty,
            limit=event.limit,
            reserved=event.reserved,
            turnover=self.turnover,
            execs=self.execs,
            client_order_id=self.client_order_id,
            counted=event.counted,
            fee_schedule=event.fee_schedule,
            unit=event.unit,
            reserve_price=event.reserve_price,
            risk=event.risk,
            model=event.model,
        )

    def held(self, event: OrderHeld) -> Working:
        return replace(
            self,
            status=self.after(Move.HOLD),
            limit=event.limit,
            reserved=event.reserved,
            counted=event.counted,
            fee_schedule=event.fee_schedule,
            unit=event.unit,
            reserve_price=event.reserve_price,
            risk=event.risk,
            model=event.model,
            stop=event.stop,
        )

    def triggered(self, event: OrderTriggered) -> Working:
        return replace(
            self,
            status=self.after(Move.TRIGGER),
            limit=event.limit,
            reserved=event.reserved,
            counted=event.counted,
            unit=event.unit,
            reserve_price=event.reserve_price,
            risk=event.risk,
            works_as=event.works_as,
            fee_schedule=event.fee_schedule or self.fee_schedule,
        )

    def replaced(self, event: OrderReplaced) -> Working:
        order = event.order or replace(self.order, quantity=event.quantity, price=event.price)
        moved = self.moved(Move.REPLACE)
        return replace(
            moved,
            order=order,
            limit=event.limit,
            reserved=event.reserved,
            unit=event.unit,
            reserve_price=event.reserve_price,
            risk=event.risk,
            client_order_id=event.client_order_id or self.client_order_id,
            stop=self._stop_of(order),
        )

    def _stop_of(self, changed: Order) -> Decimal | None:
        """A new stop counts where one is waited for; not before the entry, nor where it trails."""
        return self.stop if self.stop is None else changed.stop_price or self.stop

    def filled(self, event: Execution) -> Working:
        """It has leaves left after this fill."""
        pending = self.status in PENDING
        return Working(
            order=self.order,
            status=self.after(Move.FILL_PART),
            cum_qty=event.cum_qty,
            limit=self.limit,
            reserved=event.reserved,
            turnover=self.turnover + event.gross,
            execs=(*self.execs, str(event.exec_id)),
            client_order_id=self.client_order_id,
            counted=self.counted,
            fee_schedule=self.fee_schedule,
            unit=self.unit,
            reserve_price=self.reserve_price,
            risk=self.risk,
            loan=self.loan + max(ZERO, event.loan),
            prior=Status.PARTIALLY_FILLED if pending else self.prior,
            stop=self.stop,
            works_as=self.works_as,
            model=self.model,
        )

"""When orders end by time alone: with the day they are good for, or at the time they name."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from adapters.venue.hours import Hours
from adapters.venue.ticket import Standing
from domain.trading import Condition, Tif

Reason = Literal["SESSION_END", "EXPIRES_AT"]


class Endings:
    def __init__(self, hours: Hours) -> None:
        self._hours = hours
        self._ends: dict[UUID, tuple[datetime, Reason]] = {}
        self._next: datetime | None = None

    def note(self, order: Standing) -> None:
        """Remember when this order ends, if time alone can end it."""
        ends: datetime | None = order.expires_at
        reason: Reason = "EXPIRES_AT"
        if ends is None and order.tif is not Tif.GTC and order.condition is not Condition.GTT:
            begins = self._hours.waits_until(order.symbol, order.tif, order.since)
            ends, reason = self._hours.day_ends(order.symbol, begins or order.since), "SESSION_END"
        if ends is None or order.order_id in self._ends:
            return
        self._ends[order.order_id] = (ends, reason)
        self._next = ends if self._next is None else min(self._next, ends)

    def forget(self, order_id: UUID) -> None:
        self._ends.pop(order_id, None)

    def due(self, now: datetime) -> list[tuple[UUID, Reason]]:
        """The orders whose time is over; each is told once."""
        if self._next is None or now < self._next:
            return []
        over = [(order_id, reason) for order_id, (at, reason) in self._ends.items() if at <= now]
        for order_id, _ in over:
            del self._ends[order_id]
        self._next = min((at for at, _ in self._ends.values()), default=None)
        return over

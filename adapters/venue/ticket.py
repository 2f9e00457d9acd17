"""A ticket: what the venue knows of an order that it works."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from msgspec import Struct, field

from domain.money import ZERO
from domain.trading import (
    FILL_MODELS,
    TOP_OF_BOOK,
    Condition,
    FillModel,
    OrderType,
    Side,
    Tif,
    TriggerBy,
)


class Standing(Struct, frozen=True, kw_only=True):
    """
    A working order as the account has it.

    ``limit`` is the worst price it may be filled at: its own, or the collar of a market order.
    ``since`` is when it got its place in the queue, ``model`` the fill model it was accepted
    under.  ``condition`` is what it waits for while it is held, None once it works; ``stop`` is
    where it goes off then.  ``display_qty`` is how much of it is shown while it rests.
    ``deferred`` is why it is not filled, as its account knows.
    """

    order_id: UUID
    account_id: UUID
    symbol: str
    side: Side
    order_type: OrderType
    tif: Tif
    limit: Decimal
    quantity: Decimal
    cum_qty: Decimal = ZERO
    since: datetime
    model: str = TOP_OF_BOOK.name
    post_only: bool = False
    expires_at: datetime | None = None
    display_qty: Decimal | None = None
    condition: Condition | None = None
    stop: Decimal | None = None
    trigger_by: TriggerBy = TriggerBy.LAST
    trail_amount: Decimal | None = None
    trail_pct: Decimal | None = None
    paused: bool = False
    deferred: str | None = None


class Ticket(Struct, kw_only=True, eq=False):
    """
    A standing order and what the venue has done about it.

    ``resting`` once it has met a slice that it could not take from; ``in_flight`` are fills
    sent to the account that have not come back as facts.  ``ahead`` is the queue before it as
    far as its model knows one; ``seed`` decides what chance decides.
    """

    order: Standing
    active_at: datetime
    model: FillModel
    seed: bytes = b""
    ahead: Decimal | None = None
    resting: bool = False
    ending: bool = False
    beyond_since: datetime | None = None
    deferred: str | None = None
    in_flight: dict[UUID, Decimal] = field(default_factory=dict)

    @property
    def open_qty(self) -> Decimal:
        """What may still be filled: the leaves without what is in flight."""
        if self.ending:
            return ZERO
        return self.order.quantity - self.order.cum_qty - sum(self.in_flight.values(), ZERO)

    @property
    def shown_qty(self) -> Decimal:
        """How much of that may be met at once: what is displayed, once it rests."""
        most = self.order.display_qty
        return self.open_qty if most is None or not self.resting else min(self.open_qty, most)

    @property
    def only_posts(self) -> bool:
        """It may not take, and has not come to rest yet."""
        return self.order.post_only and not self.resting

    @property
    def rank(self) -> tuple[Decimal, datetime, UUID]:
        """Price, then time: the lower goes first, on either side."""
        limit = self.order.limit
        key = -limit if self.order.side is Side.BUY else limit
        return key, self.order.since, self.order.order_id


def ticket(order: Standing, seed: bytes, opens: datetime | None = None) -> Ticket:
    """
    An order under a model that nobody knows any more is worked by the usual one.

    ``opens`` is when the part of the session begins that it waits for, if it waits for one.
    """
    model = FILL_MODELS.get(order.model, TOP_OF_BOOK)
    return Ticket(
        order=order,
        active_at=max(order.since + model.latency, opens or order.since),
        model=model,
        seed=seed,
        deferred=order.deferred,
    )

"""The row of an order: what was asked, how it stands, and when it came to that."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from domain.money import ZERO
from domain.trading import Status
from projections.base import Json, Once, Row, Sum


class OrderRow(Row, kw_only=True, array_like=True, gc=False):
    """
    ``turnover`` is the gross of all fills, ``placed`` the position of the first fact.

    The status is not kept but read off: a live venue may report a fill before it acknowledges.
    ``waits`` says that it is held, ``away`` that it is asked to change or end, or rests;
    ``deferred`` is why it was not filled when that was told last.  ``restated`` is the turnover
    since a trade of it was corrected or annulled, ``busted_qty`` what was annulled.
    """

    key = ("order_id",)
    indexes = ("(account_id, placed DESC)", "(account_id, placed DESC) WHERE ended_at IS NULL")

    order_id: UUID
    account_id: Once[UUID | None] = None
    placed: Once[int | None] = None
    placed_at: Once[datetime | None] = None
    symbol: Once[str | None] = None
    side: Once[str | None] = None
    order_type: Once[str | None] = None
    product: Once[str | None] = None
    tif: str | None = None
    multiplier: Once[Decimal | None] = None
    client_order_id: Once[str | None] = None
    reference: Once[Json | None] = None
    origin: Once[str | None] = None
    strategy: Once[str | None] = None
    slice_of: Once[UUID | None] = None
    bot_id: Once[UUID | None] = None
    group_id: Once[UUID | None] = None
    group_kind: Once[str | None] = None
    group_role: Once[str | None] = None
    post_only: Once[bool | None] = None
    reduce_only: Once[bool | None] = None
    after_market: Once[bool | None] = None
    display_qty: Once[Decimal | None] = None
    notional: Once[Decimal | None] = None
    trail_amount: Once[Decimal | None] = None
    trail_pct: Once[Decimal | None] = None
    trigger_by: Once[str | None] = None
    expires_at: datetime | None = None
    stop_price: Decimal | None = None
    stop: Decimal | None = None
    condition: str | None = None
    works_as: str | None = None
    waits: bool | None = None
    away: str | None = None
    triggered_at: datetime | None = None
    quantity: Decimal | None = None
    price: Decimal | None = None
    limit_price: Decimal | None = None
    venue: str | None = None
    model: str | None = None
    cum_qty: Decimal | None = None
    canceled_qty: Decimal | None = None
    reserved: Decimal | None = None
    turnover: Sum[Decimal] = ZERO
    fees: Sum[Decimal] = ZERO
    fills: Sum[int] = 0
    restated: Decimal | None = None
    busted_qty: Sum[Decimal] = ZERO
    deferred: str | None = None
    deferred_at: datetime | None = None
    quote_age_ms: int | None = None
    ended_as: Status | None = None
    reason: str | None = None
    reject_code: str | None = None
    reject_detail: str | None = None
    reject_context: Json | None = None
    accepted_at: datetime | None = None
    replaced_at: datetime | None = None
    filled_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def is_final(self) -> bool:
        return self.ended_at is not None

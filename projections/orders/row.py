"""What each fact of an order changes in its row."""

from __future__ import annotations

from collections.abc import Sequence

from domain.base import Event
from domain.money import ZERO
from domain.trading import (
    OrderAccepted,
    OrderCanceled,
    OrderCancelRejected,
    OrderCancelRequested,
    OrderDoneForDay,
    OrderExpired,
    OrderFillDeferred,
    OrderFilled,
    OrderFilledLate,
    OrderHeld,
    OrderPlaced,
    OrderRejected,
    OrderReleased,
    OrderReplaced,
    OrderReplaceRejected,
    OrderReplaceRequested,
    OrderSuspended,
    OrderTriggered,
    PositionRestated,
    Status,
    TradeAnnulled,
    TrailingStopAdjusted,
)
from projections.base import At, Row, as_json
from projections.orders.table import OrderRow

Moved = (
    OrderCancelRequested
    | OrderCancelRejected
    | OrderReplaceRequested
    | OrderReplaceRejected
    | OrderSuspended
    | OrderReleased
    | OrderDoneForDay
)
OrderFact = (
    OrderPlaced
    | OrderAccepted
    | OrderHeld
    | OrderTriggered
    | TrailingStopAdjusted
    | OrderFilled
    | OrderFilledLate
    | OrderReplaced
    | OrderCanceled
    | OrderExpired
    | OrderRejected
    | OrderFillDeferred
    | PositionRestated
    | TradeAnnulled
    | Moved
)
#: What an order is while it is neither working nor held; nothing once it is back.
AWAY: dict[type[Event], str] = {
    OrderCancelRequested: Status.PENDING_CANCEL,
    OrderReplaceRequested: Status.PENDING_REPLACE,
    OrderSuspended: Status.SUSPENDED,
    OrderDoneForDay: Status.DONE_FOR_DAY,
}


def project(event: OrderFact, at: At) -> Sequence[Row]:
    return (_change(event, at),)


def _change(event: OrderFact, at: At) -> OrderRow:
    match event:
        case OrderPlaced():
            row = _ticket(event, at)
            row.reference = as_json(event.reference)
            row.origin, row.strategy = event.origin, event.strategy
            row.slice_of, row.bot_id = event.slice_of, event.bot_id
            return row
        case OrderAccepted():
            return _accepted(event, at)
        case OrderFilled():
            return _filled(event)
        case OrderReplaced():
            return _replaced(event, at)
        case OrderCanceled():
            return _ended(event, Status.CANCELED, at)
        case OrderExpired():
            return _ended(event, Status.EXPIRED, at)
        case OrderRejected():
            return _rejected(event, at)
        case OrderFilledLate():
            return _filled_late(event)
        case OrderHeld():
            return _held(event)
        case OrderTriggered():
            return _triggered(event, at)
        case TrailingStopAdjusted() | OrderFillDeferred():
            return _still_waiting(event, at)
        case _:
            return _other(event)


def _other(event: PositionRestated | TradeAnnulled | Moved) -> OrderRow:
    if isinstance(event, PositionRestated | TradeAnnulled):
        return _restated(event)
    return OrderRow(order_id=event.order_id, away=AWAY.get(type(event), ""))


def _ticket(event: OrderPlaced | OrderRejected, at: At) -> OrderRow:
    order = event.order
    return OrderRow(
        order_id=event.order_id,
        account_id=event.account_id,
        placed=at.position,
        placed_at=at.occurred_at,
        symbol=order.symbol,
        side=order.side,
        order_type=order.order_type,
        product=order.product,
        tif=order.tif,
        multiplier=order.multiplier,
        client_order_id=event.client_order_id,
        quantity=order.quantity,
        price=order.price,
        cum_qty=ZERO,
        canceled_qty=ZERO,
        reserved=ZERO,
        post_only=order.post_only,
        reduce_only=order.reduce_only,
        after_market=order.after_market,
        display_qty=order.display_qty,
        notional=order.notional,
        trail_amount=order.trail_amount,
        trail_pct=order.trail_pct,
        trigger_by=order.trigger_by,
        expires_at=order.expires_at,
        stop_price=order.stop_price,
        group_id=None if order.group is None else order.group.id,
        group_kind=None if order.group is None else order.group.kind,
        group_role=None if order.group is None else order.group.role,
    )


def _accepted(event: OrderAccepted, at: At) -> OrderRow:
    return OrderRow(
        order_id=event.order_id,
        venue=event.venue,
        model=event.model,
        limit_price=event.limit,
        reserved=event.reserved,
        accepted_at=at.occurred_at,
    )


def _held(event: OrderHeld) -> OrderRow:
    return OrderRow(
        order_id=event.order_id,
        venue=event.venue,
        model=event.model,
        limit_price=event.limit,
        reserved=event.reserved,
        condition=event.condition,
        stop=event.stop,
        waits=True,
        away="",
    )


def _still_waiting(event: TrailingStopAdjusted | OrderFillDeferred, at: At) -> OrderRow:
    if isinstance(event, TrailingStopAdjusted):
        return OrderRow(order_id=event.order_id, stop=event.stop)
    return OrderRow(
        order_id=event.order_id,
        deferred=event.reason,
        deferred_at=at.occurred_at,
        quote_age_ms=event.quote_age_ms,
    )


def _triggered(event: OrderTriggered, at: At) -> OrderRow:
    return OrderRow(
        order_id=event.order_id,
        limit_price=event.limit,
        reserved=event.reserved,
        works_as=event.works_as,
        waits=False,
        accepted_at=at.occurred_at,
        triggered_at=at.occurred_at,
    )


def _filled_late(event: OrderFilledLate) -> OrderRow:
    """The order stays over; what was cancelled is less."""
    return OrderRow(
        order_id=event.order_id,
        cum_qty=event.cum_qty,
        canceled_qty=event.leaves_qty,
        turnover=event.gross,
        fees=event.fee,
        fills=1,
        filled_at=event.executed_at,
    )


def _restated(event: PositionRestated | TradeAnnulled) -> OrderRow:
    """Its status stays: what was annulled is not filled again."""
    if isinstance(event, TradeAnnulled):
        return OrderRow(order_id=event.order_id, busted_qty=event.before.quantity)
    return OrderRow(
        order_id=event.order_id,
        cum_qty=event.order_cum_qty,
        restated=event.order_turnover,
        fees=event.deltas.fees,
    )


def _rejected(event: OrderRejected, at: At) -> OrderRow:
    row = OrderRow(order_id=event.order_id) if event.was_placed else _ticket(event, at)
    row.ended_as = Status.REJECTED
    row.ended_at = at.occurred_at
    row.reject_code = event.code
    row.reject_detail = event.detail
    row.reject_context = as_json(event.context)
    return row


def _filled(event: OrderFilled) -> OrderRow:
    row = OrderRow(
        order_id=event.order_id,
        cum_qty=event.cum_qty,
        reserved=event.reserved,
        turnover=event.gross,
        fees=event.fee,
        fills=1,
        filled_at=event.executed_at,
    )
    if not event.leaves_qty:
        row.ended_as = Status.FILLED
        row.ended_at = event.executed_at
    return row


def _replaced(event: OrderReplaced, at: At) -> OrderRow:
    order = event.order
    return OrderRow(
        tif=None if order is None else order.tif,
        expires_at=None if order is None else order.expires_at,
        stop_price=None if order is None else order.stop_price,
        stop=None if order is None else order.stop_price,
        away="",
        order_id=event.order_id,
        quantity=event.quantity,
        price=event.price,
        limit_price=event.limit,
        reserved=event.reserved,
        replaced_at=at.occurred_at,
    )


def _ended(event: OrderCanceled | OrderExpired, ended_as: Status, at: At) -> OrderRow:
    return OrderRow(
        order_id=event.order_id,
        canceled_qty=event.canceled_qty,
        reserved=ZERO,
        reason=event.reason,
        ended_as=ended_as,
        ended_at=at.occurred_at,
    )

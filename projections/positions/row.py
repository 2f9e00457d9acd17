"""What each fact changes in a position: what is held, and what it cost."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from uuid import UUID, uuid5

from domain.money import ZERO
from domain.trading import (
    AccountEpochClosed,
    CorporateActionApplied,
    HoldingAfter,
    MarginRemarked,
    Marked,
    OrderFilled,
    OrderFilledLate,
    PositionAfter,
    PositionConverted,
    PositionExpired,
    PositionRestated,
    PositionResult,
    Product,
    Settled,
    Side,
    Style,
    TradeAnnulled,
    TradeCorrected,
    TradesSettled,
    holding,
)
from projections.base import At, Row, Sum


class PositionRow(Row, kw_only=True, array_like=True, gc=False):
    """``settled_qty`` has been delivered; None where nothing ever was."""

    key = ("account_id", "symbol", "product")
    indexes = ("(position_id)",)

    account_id: UUID
    symbol: str
    product: str
    position_id: UUID
    quantity: Decimal | None = None
    cost_basis: Decimal | None = None
    realised_wac: Decimal | None = None
    realised_fifo: Decimal | None = None
    multiplier: Decimal | None = None
    last_price: Decimal | None = None
    style: str | None = None
    margin: Decimal | None = None
    loan: Decimal | None = None
    settled_qty: Decimal | None = None
    bought: Sum[Decimal] = ZERO
    sold: Sum[Decimal] = ZERO
    fees: Sum[Decimal] = ZERO
    fills: Sum[int] = 0


@lru_cache(maxsize=65_536)
def position_id(account_id: UUID, symbol: str, product: Product) -> UUID:
    """The same for ever, flat or not."""
    return uuid5(account_id, holding(symbol, product))


def project(
    event: OrderFilled
    | OrderFilledLate
    | PositionConverted
    | MarginRemarked
    | CorporateActionApplied
    | PositionExpired
    | PositionRestated
    | TradeCorrected
    | TradeAnnulled
    | TradesSettled
    | AccountEpochClosed,
    at: At,
) -> Sequence[Row]:
    match event:
        case TradeCorrected() | TradeAnnulled():
            return (_restated(event),)
        case TradesSettled():
            return [_settled(event.account_id, each) for each in event.settled]
        case MarginRemarked():
            return [_marked(event.account_id, mark) for mark in event.marks]
        case CorporateActionApplied():
            return [_holding(event.account_id, after) for after in event.holdings]
        case PositionExpired():
            row = _holding(event.account_id, event.holding)
            row.fees = event.fee
            return (row,)
        case PositionRestated():
            row = _holding(event.account_id, event.holding)
            row.fees = event.deltas.fees
            return (row,)
    if isinstance(event, AccountEpochClosed):
        return [_over(event.account_id, each) for each in event.positions]
    if isinstance(event, PositionConverted):
        return (
            _row(event, event.from_product, event.source, event.price, event.from_style),
            _row(event, event.to_product, event.target, event.price, event.to_style),
        )
    row = _row(event, event.product, event.position, event.last_px, event.style)
    if event.side is Side.BUY:
        row.bought = event.last_qty
    else:
        row.sold = event.last_qty
    row.fees = event.fee
    row.fills = 1
    return (row,)


def _restated(event: TradeCorrected | TradeAnnulled) -> PositionRow:
    """What was dealt in altogether; all else is told by the restatement."""
    row = PositionRow(
        account_id=event.account_id,
        symbol=event.symbol,
        product=event.product,
        position_id=position_id(event.account_id, event.symbol, event.product),
    )
    counted = event.after.quantity if isinstance(event, TradeCorrected) else ZERO
    more = counted - event.before.quantity
    if event.side is Side.BUY:
        row.bought = more
    else:
        row.sold = more
    if isinstance(event, TradeAnnulled):
        row.fills = -1
    return row


def _over(account_id: UUID, result: PositionResult) -> PositionRow:
    """A position of a life that is over: the next one begins at nothing."""
    return PositionRow(
        account_id=account_id,
        symbol=result.symbol,
        product=result.product,
        position_id=position_id(account_id, result.symbol, result.product),
        realised_wac=ZERO,
        realised_fifo=ZERO,
        settled_qty=ZERO,
    )


def _settled(account_id: UUID, each: Settled) -> PositionRow:
    return PositionRow(
        account_id=account_id,
        symbol=each.symbol,
        product=each.product,
        position_id=position_id(account_id, each.symbol, each.product),
        settled_qty=each.settled_qty,
    )


def _marked(account_id: UUID, mark: Marked) -> PositionRow:
    return _told(account_id, mark, mark.after, mark.price)


def _holding(account_id: UUID, after: HoldingAfter) -> PositionRow:
    return _told(account_id, after, after, after.last_price)


def _told(
    account_id: UUID,
    of: Marked | HoldingAfter,
    after: PositionAfter | HoldingAfter,
    price: Decimal,
) -> PositionRow:
    return PositionRow(
        account_id=account_id,
        symbol=of.symbol,
        product=of.product,
        position_id=position_id(account_id, of.symbol, of.product),
        quantity=after.quantity,
        cost_basis=after.cost_basis,
        realised_wac=after.realised_wac,
        realised_fifo=after.realised_fifo,
        multiplier=of.multiplier,
        last_price=price,
        style=of.style,
        margin=after.margin,
        loan=after.loan,
        settled_qty=after.settled_qty,
    )


def _row(
    event: OrderFilled | OrderFilledLate | PositionConverted,
    product: Product,
    after: PositionAfter,
    price: Decimal,
    style: Style,
) -> PositionRow:
    return PositionRow(
        account_id=event.account_id,
        symbol=event.symbol,
        product=product,
        position_id=position_id(event.account_id, event.symbol, product),
        quantity=after.quantity,
        cost_basis=after.cost_basis,
        realised_wac=after.realised_wac,
        realised_fifo=after.realised_fifo,
        multiplier=event.multiplier,
        last_price=price,
        style=style,
        margin=after.margin,
        loan=after.loan,
        settled_qty=after.settled_qty,
    )

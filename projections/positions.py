"""Positions: what each account holds, what it cost, and what it is worth now."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID, uuid5

from msgspec import Struct

from domain.errors import NotFound
from domain.money import ZERO
from domain.trading import (
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
from projections.query import Amount, Db, columns_for, mean, of_known_account, plain, rows, sql
from projections.valuation import Held, MarkQuality, Marks

MONEY: bool = True


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


TABLE: type[Row] = PositionRow


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
    | TradesSettled,
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


class Position(Struct, frozen=True):
    """
    A holding at the mark.

    ``average_price`` is cost per unit, None when flat; ``mark_quality`` LAST_FILL says that
    there was no live price.  Short, ``quantity`` and ``market_value`` are below zero.  Unrealised
    P&L is that of the weighted-average book.  ``margin`` is held against it, an estimate for
    written options; ``loan`` was borrowed for it.  ``settled_qty`` has been delivered.
    """

    position_id: UUID
    account_id: UUID
    symbol: str
    product: Product
    quantity: Amount
    cost_basis: Amount
    multiplier: Amount
    last_price: Amount
    style: Style
    margin: Amount
    loan: Amount
    settled_qty: Amount
    realised_wac: Amount
    realised_fifo: Amount
    bought: Amount
    sold: Amount
    fees: Amount
    fills: int
    position: int
    average_price: Amount | None
    mark: Amount
    mark_quality: MarkQuality
    market_value: Amount
    unrealised: Amount


_COMPUTED = dict.fromkeys(("average_price", "mark", "mark_quality", "market_value", "unrealised"))
_COLUMNS = columns_for(
    Position, "p", **_COMPUTED, settled_qty="COALESCE(p.settled_qty, 0::numeric)"
)
_OF_ACCOUNT = sql(
    """
SELECT {columns} FROM rm.accounts a LEFT JOIN rm.positions p USING (account_id)
 WHERE a.account_id = %s AND a.owner_id = %s ORDER BY p.symbol, p.product
""",
    columns=_COLUMNS,
)
_ONE = sql(
    """
SELECT {columns} FROM rm.positions p JOIN rm.accounts a USING (account_id)
 WHERE p.position_id = %s AND a.owner_id = %s
""",
    columns=_COLUMNS,
)


async def of_account(db: Db, owner: UUID, account_id: UUID, marks: Marks) -> list[Position]:
    """Everything the account holds or ever held, by symbol."""
    found = await of_known_account(db, account_id, _OF_ACCOUNT, (account_id, owner))
    return [_at_the_mark(row, marks) for row in found]


async def one(db: Db, owner: UUID, sought: UUID, marks: Marks) -> Position:
    """The position of this ``position_id``."""
    found = await rows(db, _ONE, (sought, owner))
    if not found:
        raise NotFound("POSITION_UNKNOWN", position_id=str(sought))
    return _at_the_mark(found[0], marks)


def _at_the_mark(row: dict[str, Any], marks: Marks) -> Position:
    numbers = (row[name] for name in ("quantity", "cost_basis", "multiplier", "last_price"))
    quantity, cost, multiplier, last = map(Decimal, numbers)
    held = Held(row["symbol"], quantity, cost, multiplier, last, Style(row["style"]))
    mark, quality = held.mark(marks)
    return Position(
        **row,
        average_price=mean(held.cost_basis, abs(held.quantity) * held.multiplier),
        mark=plain(mark),
        mark_quality=quality,
        market_value=plain(held.market_value(mark)),
        unrealised=plain(held.unrealised(mark)),
    )

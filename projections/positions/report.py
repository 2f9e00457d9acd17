"""What a trader asks about positions: those of an account, or one of them, at the mark."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from msgspec import Struct

from domain.errors import NotFound
from domain.trading import Product, Style
from projections.query import Amount, Db, columns_for, mean, of_known_account, plain, rows, sql
from projections.valuation import Held, MarkQuality, Marks


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

"""
Holdings: what an account owns of shares, funds and coins, delivered or on its way.

A holding is a view of a position that is paid in full or by a loan; nothing is kept of its own.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from msgspec import Struct

from domain.money import ZERO
from domain.trading import Product, Style
from projections.query import Amount, Db, mean, of_known_account, plain, sql
from projections.valuation import Held, MarkQuality, Marks


class Owned(Struct, frozen=True):
    """
    ``quantity`` is ``settled_qty``, which was delivered, and ``unsettled_qty``, bought since the
    last settlement (T+1); a coin is delivered at once.

    ``cost_basis`` is that of the weighted-average book, ``loan`` what was borrowed for it;
    ``mark_quality`` LAST_FILL says that there was no live price.
    """

    position_id: UUID
    account_id: UUID
    symbol: str
    product: Product
    quantity: Amount
    settled_qty: Amount
    unsettled_qty: Amount
    average_price: Amount | None
    cost_basis: Amount
    loan: Amount
    mark: Amount
    mark_quality: MarkQuality
    market_value: Amount
    unrealised: Amount
    position: int


_OF_ACCOUNT = sql(
    """
SELECT p.position_id, p.account_id, p.symbol, p.product, p.quantity, p.cost_basis, p.loan,
       p.multiplier, p.last_price, p.position, CASE p.product WHEN '{spot}' THEN p.quantity
       ELSE LEAST(p.quantity, COALESCE(p.settled_qty, 0::numeric)) END AS settled_qty
  FROM rm.accounts a LEFT JOIN rm.positions p ON p.account_id = a.account_id
   AND p.product IN ('{delivery}', '{mtf}', '{spot}') AND p.quantity <> 0
 WHERE a.account_id = %s AND a.owner_id = %s ORDER BY p.symbol, p.product
""",
    delivery=Product.CNC,
    mtf=Product.MTF,
    spot=Product.SPOT,
)


async def of_account(db: Db, owner: UUID, account_id: UUID, marks: Marks) -> list[Owned]:
    """What the account owns, by symbol."""
    found = await of_known_account(db, account_id, _OF_ACCOUNT, (account_id, owner))
    return [_at_the_mark(row, marks) for row in found]


def _at_the_mark(row: dict[str, Any], marks: Marks) -> Owned:
    multiplier, last = Decimal(row.pop("multiplier")), Decimal(row.pop("last_price"))
    quantity, cost = Decimal(row["quantity"]), Decimal(row["cost_basis"])
    held = Held(row["symbol"], quantity, cost, multiplier, last, Style.PREMIUM)
    mark, quality = held.mark(marks)
    return Owned(
        **row,
        unsettled_qty=plain(max(ZERO, quantity - Decimal(row["settled_qty"]))),
        average_price=mean(cost, quantity * multiplier),
        mark=plain(mark),
        mark_quality=quality,
        market_value=plain(held.market_value(mark)),
        unrealised=plain(held.unrealised(mark)),
    )

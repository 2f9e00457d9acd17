"""One trade, by the id of its first execution, as it counts now; and every version of it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

from msgspec import Struct, convert

from domain.errors import NotFound
from domain.trading import JournalEntry, Product, Side
from domain.trading.journal import Standing
from projections.query import LIMIT, Amount, Db, Page, page, plain, rows, sql, start


class Origin(StrEnum):
    """Whose trades: of the engine, or noted by hand."""

    ENGINE = "ENGINE"
    MANUAL = "MANUAL"


class Include(StrEnum):
    """What is left out of lists unless it is asked for."""

    ANNULLED = "annulled"


class Executed(Struct, frozen=True):
    """
    A trade of the engine: what its terms are, whether they were ever corrected, and why.

    ``exec_ref_id`` is the execution that this version took the place of.  Annulled, the terms
    are those it had last.
    """

    trade_id: UUID
    origin: Literal["ENGINE"]
    version: int
    status: Standing
    exec_id: UUID
    exec_ref_id: UUID | None
    account_id: UUID
    order_id: UUID
    symbol: str
    product: Product
    side: Side
    quantity: Amount
    price: Amount
    executed_at: datetime
    reason: str | None
    position: int


class Noted(Struct, frozen=True):
    """
    A trade noted by hand.  ``stage`` is OPEN until it has a ``sell_price``; ``net_pnl`` is
    computed, after all charges, in the currency of its prices.
    """

    trade_id: UUID
    origin: Literal["MANUAL"]
    version: int
    status: Standing
    exec_id: UUID
    exec_ref_id: UUID | None
    stock_ticker: str
    quantity: Amount
    buy_price: Amount
    sell_price: Amount | None
    capital_used: Amount | None
    brokerage_charge: Amount
    mtf_charge: Amount
    type: str
    order_id: str | None
    strategy: str | None
    notes: str
    tags: tuple[str, ...]
    order_executed_at: datetime
    stage: Literal["OPEN", "CLOSED"]
    net_pnl: Amount | None
    reason: str | None
    told_at: datetime
    position: int


_VERSIONS = sql(
    """
SELECT v.trade_id, v.version, v.standing AS status, v.exec_id, v.exec_ref_id, v.account_id,
       v.quantity, v.price, v.executed_at, v.entry, v.reason, v.told_at, v.position
  FROM rm.trade_versions v WHERE v.trade_id = %s AND v.user_id IS NOT DISTINCT FROM %s
 ORDER BY v.version
"""
)
_FILL = sql(
    """
SELECT f.exec_id AS trade_id, 1 AS version, '{active}' AS status, f.exec_id,
       NULL::uuid AS exec_ref_id, f.account_id, f.order_id, f.symbol, f.product, f.side,
       f.quantity, f.price, f.executed_at, NULL AS reason, f.position
  FROM rm.fills f JOIN rm.accounts a USING (account_id)
 WHERE f.exec_id = %(trade)s AND (a.owner_id = %(owner)s OR %(owner)s::uuid IS NULL)
""",
    active=Standing.ACTIVE,
)
_NOTED_BY = sql(
    """
SELECT v.*, (SELECT e.entry FROM rm.trade_versions e
              WHERE e.trade_id = v.trade_id AND e.entry IS NOT NULL
              ORDER BY e.version DESC LIMIT 1) AS entry
  FROM (SELECT DISTINCT ON (v.trade_id) v.trade_id, v.version, v.standing AS status, v.exec_id,
               v.exec_ref_id, v.reason, v.told_at, v.position
          FROM rm.trade_versions v WHERE v.user_id = %s
         ORDER BY v.trade_id, v.version DESC) v
 WHERE v.position < %s AND (%s OR v.status <> '{annulled}')
 ORDER BY v.position DESC LIMIT %s
""",
    annulled=Standing.ANNULLED,
)


async def one(db: Db, owner: UUID, trade_id: UUID) -> Executed | Noted:
    """A trade of this person as it counts now."""
    return (await versions(db, owner, trade_id)).items[-1]


async def versions(db: Db, owner: UUID, trade_id: UUID) -> Page[Executed] | Page[Noted]:
    """Every version of a trade of this person, oldest first."""
    noted = await rows(db, _VERSIONS, (trade_id, owner))
    if noted:
        return Page(_noted_versions(noted))
    return Page(await _executed(db, trade_id, owner))


async def executed(db: Db, trade_id: UUID) -> Page[Executed]:
    """Every version of a trade of the engine, whosoever it is."""
    return Page(await _executed(db, trade_id, None))


async def noted_by(
    db: Db, owner: UUID, *, annulled: bool = False, limit: int = LIMIT, cursor: str | None = None
) -> Page[Noted]:
    """What this person noted by hand, what was told last first."""
    (before,) = start(limit, cursor)
    found = await rows(db, _NOTED_BY, (owner, before, annulled, limit + 1))
    return page([_noted(row, row["entry"]) for row in found], limit, lambda one: (one.position,))


async def _executed(db: Db, trade_id: UUID, owner: UUID | None) -> list[Executed]:
    found = await rows(db, _FILL, {"trade": trade_id, "owner": owner})
    if not found:
        raise NotFound("TRADE_UNKNOWN", trade_id=str(trade_id))
    told = [found[0]]
    for row in await rows(db, _VERSIONS, (trade_id, None)):
        terms = {name: row[name] for name in Executed.__struct_fields__ if row.get(name)}
        told.append({**told[-1], "exec_ref_id": None, **terms})
    return [Executed(origin="ENGINE", **row) for row in told]


def _noted_versions(found: list[dict[str, Any]]) -> list[Noted]:
    told, entry = [], None
    for row in found:
        entry = row["entry"] or entry
        told.append(_noted(row, entry))
    return told


def _noted(row: dict[str, Any], entry: dict[str, Any] | None) -> Noted:
    said = convert(entry, JournalEntry)
    names = ("trade_id", "version", "status", "exec_id", "exec_ref_id", "reason", "told_at")
    told: dict[str, Any] = {name: row[name] for name in names}
    return Noted(
        origin="MANUAL",
        stock_ticker=said.stock_ticker,
        quantity=plain(said.quantity),
        buy_price=plain(said.buy_price),
        sell_price=_plain(said.sell_price),
        capital_used=_plain(said.capital_used),
        brokerage_charge=plain(said.brokerage_charge),
        mtf_charge=plain(said.mtf_charge),
        type=said.type,
        order_id=said.order_id,
        strategy=said.strategy,
        notes=said.notes,
        tags=said.tags,
        order_executed_at=said.order_executed_at,
        stage=said.status,
        net_pnl=_plain(said.net_pnl),
        position=row["position"],
        **told,
    )


def _plain(amount: Decimal | None) -> Amount | None:
    return None if amount is None else plain(amount)

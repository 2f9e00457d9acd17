"""
Trade versions: what became of trades that were corrected or annulled, and those noted by hand.

A trade of the engine has its first version among the fills; here are those that followed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from domain.trading import TradeAnnulled, TradeCorrected
from domain.trading.journal import (
    ManualTradeAnnulled,
    ManualTradeCorrected,
    ManualTradeRecorded,
    Standing,
)
from projections.base import At, Json, Line, Row, as_json

MONEY: bool = False


class TradeVersionRow(Line, kw_only=True, array_like=True, gc=False):
    """
    Of the engine: an account, and the terms that count, none once annulled.

    Noted by hand: a person, and the whole entry.
    """

    key = ("trade_id", "version")
    indexes = ("(user_id, position DESC) WHERE user_id IS NOT NULL",)

    trade_id: UUID
    version: int
    account_id: UUID | None = None
    user_id: UUID | None = None
    exec_id: UUID
    exec_ref_id: UUID | None = None
    standing: str
    quantity: Decimal | None = None
    price: Decimal | None = None
    executed_at: datetime | None = None
    entry: Json | None = None
    reason: str | None = None
    told_at: datetime


TABLE: type[Row] = TradeVersionRow

Told = (
    TradeCorrected
    | TradeAnnulled
    | ManualTradeRecorded
    | ManualTradeCorrected
    | ManualTradeAnnulled
)


def project(event: Told, at: At) -> Sequence[Row]:
    if isinstance(event, TradeCorrected | TradeAnnulled):
        return (_of_the_engine(event, at),)
    return (_noted(event, at),)


def _of_the_engine(event: TradeCorrected | TradeAnnulled, at: At) -> TradeVersionRow:
    row = TradeVersionRow(
        trade_id=event.trade_id,
        version=event.version,
        account_id=event.account_id,
        exec_id=event.exec_id,
        exec_ref_id=event.exec_ref_id,
        standing=Standing.ANNULLED,
        reason=event.reason,
        told_at=at.occurred_at,
    )
    if isinstance(event, TradeCorrected):
        row.standing = Standing.CORRECTED
        row.quantity, row.price = event.after.quantity, event.after.price
        row.executed_at = event.after.executed_at
    return row


def _noted(
    event: ManualTradeRecorded | ManualTradeCorrected | ManualTradeAnnulled, at: At
) -> TradeVersionRow:
    row = TradeVersionRow(
        trade_id=event.trade_id,
        version=1,
        user_id=event.user_id,
        exec_id=event.exec_id,
        standing=Standing.ACTIVE,
        told_at=at.occurred_at,
    )
    if not isinstance(event, ManualTradeAnnulled):
        row.entry = as_json(event.entry)
    if not isinstance(event, ManualTradeRecorded):
        row.version, row.exec_ref_id, row.reason = event.version, event.exec_ref_id, event.reason
        row.standing = Standing.ANNULLED if row.entry is None else Standing.CORRECTED
    return row

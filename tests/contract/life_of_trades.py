"""Trades that were wrong: noted by hand and corrected, or made by the engine and restated."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from commands.base import Command
from commands.trading import (
    AnnulManualTrade,
    AnnulTrade,
    CorrectManualTrade,
    CorrectTrade,
    RecordManualTrade,
)
from commands.trading.refolding import trades_of
from domain.base import Event
from domain.trading import JournalEntry

WHY = 'it was "wrong"'


def a_day(
    now: datetime, user_id: UUID, new_id: Callable[[], UUID]
) -> Iterator[tuple[Command, str]]:
    """Somebody notes three trades, corrects two of them and takes one out."""
    entry = JournalEntry(
        stock_ticker="ACME",
        quantity=Decimal("0.00000001"),
        buy_price=Decimal(100),
        order_executed_at=now,
        notes='bought "early"\\',
    )
    noted = [new_id() for _ in range(3)]
    of: dict[str, Any] = {"at": now, "user_id": user_id}
    for trade_id in noted:
        yield RecordManualTrade(**of, trade_id=trade_id, entry=entry), f"user:{user_id}"
    seen: dict[str, Any] = {**of, "expected_version": 1, "reason": WHY}
    sold = replace(entry, sell_price=Decimal("101.5"))
    for trade_id in noted[:2]:
        corrected = CorrectManualTrade(**seen, trade_id=trade_id, entry=sold)
        yield corrected, f"user:{user_id}"
    seen["expected_version"] = 2
    yield AnnulManualTrade(**seen, trade_id=noted[1]), f"user:{user_id}"


def a_correction(
    dice: Random, common: dict[str, Any], history: Sequence[Event]
) -> Iterator[tuple[Command, str]]:
    """One of the trades of an account should have been another, or none."""
    trades = [trade for trade in trades_of(history).values() if trade.terms is not None]
    if not trades:
        return
    trade = dice.choice(trades)
    assert trade.terms is not None, "those were left out"
    of = {
        **common,
        "trade_id": trade.fill.exec_id,
        "reason": WHY,
        "expected_version": trade.version,
        "history": tuple(history),
    }
    price = trade.terms.price * dice.choice((Decimal("0.9"), Decimal("1.25")))
    command = dice.choice((AnnulTrade(**of), CorrectTrade(**of, price=price)))
    yield command, "system:approvals"

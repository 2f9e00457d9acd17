"""What the clock, a company or a whim does to an account, for histories."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

from commands.base import Command
from commands.trading import (
    ApplyCorporateAction,
    OpenSession,
    RemarkMargin,
    ResetAccount,
    SettleTrades,
)
from domain.market import Instrument
from domain.trading import ActionKind, CorporateAction


def a_turn(
    dice: Random, common: dict[str, Any], prices: Mapping[Instrument, Decimal], action_id: UUID
) -> Command:
    """One of several; ``common`` says which account, and when."""
    now, instrument = common["at"], dice.choice(list(prices))
    action = CorporateAction(
        action_id=action_id,
        kind=dice.choice((ActionKind.SPLIT, ActionKind.BONUS, ActionKind.DIVIDEND)),
        symbol=instrument.symbol,
        ex_at=now,
        numerator=Decimal(3),
        denominator=Decimal(2),
        cash_per_unit=Decimal("0.15"),
        reference_price=prices[instrument],
        step=instrument.qty_step,
    )
    days = now.minute * 60 + now.second  # every second is a day to settle
    settling = SettleTrades(**common, session_date=now.date() + timedelta(days=days), opens_at=now)
    marks = {one.symbol: price for one, price in prices.items()}
    acting = ApplyCorporateAction(**common, action=action)
    return dice.choice(
        (
            OpenSession(**common, session_date=now.date()),
            RemarkMargin(**common, marks=marks, closing=True),
            acting,
            acting,
            settling,
            settling,
            ResetAccount(
                **common,
                opening_capital=Decimal(100_000),
                session_date=now.date(),
                reason="a new beginning",
            ),
        )
    )

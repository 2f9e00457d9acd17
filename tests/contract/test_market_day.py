"""The short tier of ``make session``: some accounts, some hundred orders, the same proof."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from adapters.servers import Database
from domain.trading import OrderFilled
from tests.session.day import DATA, MarketDay, recorded
from tests.session.proof import faults

pytestmark = pytest.mark.skipif(not DATA.exists(), reason="the recordings are not here")
EVERY_KIND = {
    "OrderAccepted", "OrderCanceled", "OrderExpired", "OrderFillDeferred", "OrderFilled",
    "OrderHeld", "OrderRejected", "OrderReplaced", "OrderTriggered", "TrailingStopAdjusted",
}  # fmt: skip


def test_a_session_of_real_ticks_adds_up(tmp_path: Path, database: Database) -> None:
    day = MarketDay(recorded(tmp_path), accounts=10)
    day.run(orders=600)
    assert day.placed == 600
    assert day.kinds.keys() >= EVERY_KIND
    assert faults(database, day) == []


def test_a_cent_too_much_in_one_fill_is_found(tmp_path: Path, database: Database) -> None:
    day = MarketDay(recorded(tmp_path), accounts=3)
    day.run(orders=60)
    nth = next(n for n, fact in enumerate(day.facts) if isinstance(fact.event, OrderFilled))
    fill = day.facts[nth].event
    assert isinstance(fill, OrderFilled)
    spoilt = replace(fill, balance=replace(fill.balance, cash=fill.balance.cash + 1))
    day.facts[nth] = replace(day.facts[nth], event=spoilt)
    assert any(wrong.startswith("I-03 FAIL") for wrong in faults(database, day))

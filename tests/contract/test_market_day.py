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


def test_a_session_of_real_ticks_adds_up(tmp_path: Path, database: Database) -> None:
    day = MarketDay(recorded(tmp_path), accounts=12)
    day.run(orders=900)
    assert day.placed == 900
    assert day.lacking() == set()
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

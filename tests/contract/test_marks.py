"""A mark alone breaks a limit of loss or gain; nobody without such a limit is asked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapters.servers import Database
from commands.trading import CheckRisk
from domain.trading import RiskLimitBreached, TradingStateChanged
from tests.contract.doors.desk import API, Desk, open_house
from tests.contract.doors.rig import Doors
from tests.contract.watching import Watch


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


@pytest.fixture
async def house(keys: Path, database: Database) -> AsyncIterator[Doors]:
    async with open_house(keys, database) as opened:
        yield opened


def checks(watch: Watch) -> list[CheckRisk]:
    return [command for command in watch.asked if isinstance(command, CheckRisk)]


async def desk(house: Doors, **limits: Any) -> Desk:
    one = Desk(house, await house.account())
    if limits:
        await one.limit(**limits)
    await one.trade("BUY", "100")
    return one


async def test_a_falling_market_alone_closes_a_limited_account_to_new_risk(house: Doors) -> None:
    limited = await desk(house, daily_loss_limit="50")
    free = await desk(house)
    watch = Watch(house)
    await watch.tick("100")
    await watch.tick("96")
    assert watch.told(RiskLimitBreached) == []
    await watch.tick("95")
    (breach,) = watch.told(RiskLimitBreached)
    assert (breach.scope, breach.limit_name) == (f"account:{limited.account}", "daily_loss_limit")
    assert (breach.limit, breach.value) == (Decimal(50), Decimal(50))
    await watch.tick("94")
    assert len(watch.told(RiskLimitBreached)) == 1, "it is held back already"
    assert {str(one.account_id) for one in checks(watch)} == {limited.account}
    refused = (await limited.place()).json()
    assert (refused["code"], refused["context"]["reason"]) == (
        "TRADING_REDUCING_ONLY",
        "daily_loss_limit",
    )
    assert (await limited.place(side="SELL", price="94")).status_code == 201, "closing is free"
    assert (await free.place()).status_code == 201


async def test_a_limit_of_all_my_accounts_is_held_against_each_of_them(house: Doors) -> None:
    limits = {"limits": {"daily_profit_lock": "90"}}
    assert (await house.http.put(f"{API}/risk-limits", json=limits)).status_code == 200
    winner, loser = await desk(house), Desk(house, await house.account())
    watch = Watch(house)
    await watch.tick("100")
    await watch.tick("110")
    assert [breach.scope for breach in watch.told(RiskLimitBreached)] == [
        f"account:{winner.account}"
    ]
    asked = {str(one.account_id) for one in checks(watch)}
    assert loser.account not in asked, "who holds nothing can lose nothing"


async def test_accounts_are_asked_at_a_bounded_rate(house: Doors) -> None:
    await desk(house, max_drawdown_pct="50")
    watch = Watch(house)
    for _ in range(5):
        await watch.tick("99", timedelta(seconds=1))
    assert len(checks(watch)) == 1
    assert watch.told(TradingStateChanged) == []


async def test_without_such_a_limit_nobody_is_asked(house: Doors) -> None:
    await desk(house, max_order_qty="100")
    watch = Watch(house)
    await watch.tick("1")
    assert checks(watch) == []

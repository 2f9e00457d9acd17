"""What the clock does by the day: books are closed, shares lent, corporate actions carried out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapters.servers import Database
from commands.trading import AnnounceCorporateAction
from domain.trading import (
    ActionKind,
    BorrowFeeCharged,
    CorporateActionApplied,
    SessionClosed,
    SessionOpened,
)
from tests.contract.doors.desk import WHY, Desk, open_house
from tests.contract.doors.rig import Doors, now
from tests.contract.watching import Watch

ONE_DAY = timedelta(days=1)


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


@pytest.fixture
async def house(keys: Path, database: Database) -> AsyncIterator[Doors]:
    async with open_house(keys, database) as opened:
        yield opened


async def desk(house: Doors) -> Desk:
    return Desk(house, await house.account())


async def test_a_day_is_closed_at_its_last_marks_before_the_next_one_is_opened(
    house: Doors,
) -> None:
    limited = await desk(house)
    await limited.limit(daily_loss_limit="100000")
    watch = Watch(house)
    await watch.tick("100")
    await limited.trade("BUY", "100")
    await watch.tick("130", ONE_DAY)
    await watch.tick("130")
    (closed,) = watch.told(SessionClosed)
    first, second = watch.told(SessionOpened)
    assert (closed.session_date, closed.day_pnl) == (first.session_date, Decimal(300))
    assert second.session_date == first.session_date + ONE_DAY
    assert (second.equity, closed.positions) == (Decimal(1_000_300), 1)


async def test_a_day_that_nobody_traded_in_is_closed_when_the_clock_comes_back(
    house: Doors,
) -> None:
    limited = await desk(house)
    await limited.limit(max_orders_per_day=1)
    watch = Watch(house)
    await watch.tick("100")
    await Watch(house).at(watch.now + 3 * ONE_DAY)
    (closed,) = watch.told(SessionClosed)
    first, second = watch.told(SessionOpened)
    assert closed.session_date == first.session_date
    assert second.session_date == first.session_date + 3 * ONE_DAY


async def test_whoever_is_short_over_night_pays_for_what_is_lent(house: Doors) -> None:
    short = await desk(house)
    await short.trade("SELL", "100", quantity="1000", symbol="LOAN", product="MIS")
    await short.trade("SELL", "100", symbol="FUT", product="NRML")
    watch = Watch(house)
    for _ in range(2):
        await watch.tick("100", ONE_DAY)
        await watch.tick("100")
    fees = watch.told(BorrowFeeCharged)
    assert [(fee.symbol, fee.days, fee.amount) for fee in fees] == [
        ("LOAN", 1, Decimal("8.22")),  # 100,000 at 3 % a year, for a day
        ("LOAN", 1, Decimal("8.22")),
    ]


def announced(**change: Any) -> AnnounceCorporateAction:
    said = {"kind": ActionKind.SPLIT, "numerator": Decimal(2), "ex_at": now() + ONE_DAY, **change}
    return AnnounceCorporateAction(at=now(), symbol="ACME", source="a filing", reason=WHY, **said)


async def test_a_split_meets_every_holder_on_its_day_and_once(house: Doors) -> None:
    holders = [await desk(house) for _ in range(2)]
    for one in holders:
        await one.trade("BUY", "100")
    await holders[0].limit(max_open_orders=9)
    stranger = await desk(house)
    resting = await stranger.resting(price="50")
    await holders[0].let(announced())
    watch = Watch(house)
    await watch.tick("100")
    assert watch.told(CorporateActionApplied) == [], "its day has not come"
    for clock in (watch, watch, Watch(house)):
        await clock.at(watch.now + ONE_DAY)
    applied = watch.told(CorporateActionApplied)
    assert {str(fact.account_id) for fact in applied} == {one.account for one in holders}
    assert [fact.holdings[0].quantity for fact in applied] == [20, 20]
    assert resting in (await stranger.ask("DELETE", f"orders/{resting}")).text


async def test_whoever_buys_on_the_day_itself_has_missed_the_dividend(house: Doors) -> None:
    ex_at = now() + timedelta(seconds=1)
    dividend = announced(
        kind=ActionKind.DIVIDEND, numerator=Decimal(1), cash_per_unit=Decimal("2.5"), ex_at=ex_at
    )
    early, late = await desk(house), await desk(house)
    await early.trade("BUY", "100")
    await early.let(dividend)
    watch = Watch(house)
    while now() < ex_at:
        await watch.at(now())
    await late.trade("BUY", "100")
    await watch.tick("97.5")
    (paid,) = watch.told(CorporateActionApplied)
    assert (str(paid.account_id), paid.cash) == (early.account, Decimal(25))

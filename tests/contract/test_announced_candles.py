"""Adjusted candles follow what companies announced, from the first session of the new shares on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from psycopg import Connection

from adapters.candles import Asked
from adapters.candles.query import Candle, candles
from adapters.candles.shelf import Action, keep_actions
from adapters.postgres import connect, connect_async, migrate
from adapters.projector import Projector
from adapters.servers import Database
from commands.trading import AnnounceCorporateAction
from domain.base import Fact, Meta
from domain.market.candle import Timeframe
from domain.trading import ActionKind
from domain.trading.actions import STREAM, Announced
from projections.query import prepare
from tests.contract.history import record
from tests.contract.test_candle_shelf import FILES, OPEN, put, traded

ADJUSTED = Asked("ACME", Timeframe.D1, adjusted=True)
DAY = timedelta(days=1)
EX = OPEN + DAY - timedelta(hours=5)


@pytest.fixture
def shelf(database: Database) -> Iterator[Connection[Any]]:
    migrate(database.admin_dsn, FILES)
    with connect(database.dsn) as db:
        put(db, traded((OPEN, "300")))
        yield db


def announced(database: Database, db: Connection[Any], *actions: dict[str, Any]) -> None:
    facts = []
    for nth, terms in enumerate(actions, 1):
        asked: dict[str, Any] = {"symbol": "ACME", "ex_at": EX, **terms}
        at = OPEN - DAY
        command = AnnounceCorporateAction(at=at, source="a circular", reason="as filed", **asked)
        (event,) = command.decide(Announced())
        meta = Meta(
            actor="test", command_id=UUID(int=nth), correlation_id=UUID(int=1), occurred_at=at
        )
        facts.append(Fact(nth, STREAM, nth, event, meta, at))
    record(db, facts)
    Projector(database.dsn).catch_up()


def closes(database: Database) -> list[str]:
    async def asking() -> list[Candle]:
        async with await connect_async(database.dsn) as db:
            await prepare(db)
            return await candles(db, ADJUSTED)

    return [f"{one.close} x {one.volume}" for one in asyncio.run(asking())]


SPLIT = {"kind": ActionKind.SPLIT, "numerator": Decimal(3)}
BONUS = {
    "kind": ActionKind.BONUS,
    "numerator": Decimal(1),
    "denominator": Decimal(2),
    "reference_price": Decimal(200),
}
DIVIDEND = {"kind": ActionKind.DIVIDEND, "cash_per_unit": Decimal(30)}


@pytest.mark.parametrize(
    ("actions", "before"),
    [
        ((SPLIT,), "100 x 30"),
        ((BONUS,), "200 x 15"),
        ((DIVIDEND,), "270 x 10"),
        ((SPLIT, DIVIDEND), "90 x 30"),
        (({"kind": ActionKind.SYMBOL_CHANGE, "into": "ACNE"},), "300 x 10"),
        ((SPLIT | {"symbol": "OTHER"},), "300 x 10"),
    ],
)
def test_what_was_announced_changes_earlier_prices(
    shelf: Connection[Any],
    database: Database,
    actions: tuple[dict[str, Any], ...],
    before: str,
) -> None:
    announced(database, shelf, *actions)
    assert closes(database) == ["300 x 10"], "nobody has traded the new shares yet"
    put(shelf, traded((OPEN + DAY, "100")))
    assert closes(database) == [before, "100 x 10"]


def test_what_a_file_told_of_that_day_is_not_done_twice(
    shelf: Connection[Any], database: Database
) -> None:
    put(shelf, traded((OPEN + DAY, "100")))
    keep_actions(shelf, [Action("ACME", (OPEN + DAY).date(), Decimal(2))])
    assert closes(database) == ["150 x 20", "100 x 10"]
    announced(database, shelf, SPLIT)
    assert closes(database) == ["100 x 30", "100 x 10"]
    keep_actions(shelf, [Action("ACME", (OPEN + 9 * DAY).date(), Decimal(2))])
    assert closes(database) == ["50 x 60", "50 x 20"]

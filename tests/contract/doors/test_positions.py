"""Positions at the doors: closed, all at once, and held under another product."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from adapters.servers import Database
from tests.contract.doors.desk import Desk, open_house
from tests.contract.doors.rig import Doors


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def house(keys: Path, kept_database: Database) -> AsyncIterator[Doors]:
    async with open_house(keys, kept_database) as opened:
        yield opened


@pytest.fixture
async def desk(house: Doors) -> Desk:
    return Desk(house, await house.account())


async def held(desk: Desk) -> dict[tuple[str, str], str]:
    """Quantities by symbol and product."""
    at = {"X-Min-Position": str(desk.house.tape.head().position)}
    items = (await desk.ask("GET", f"positions?account_id={desk.account}", at)).json()["items"]
    return {(one["symbol"], one["product"]): one["quantity"] for one in items}


async def test_a_part_of_a_position_is_closed_and_then_the_rest(desk: Desk) -> None:
    await desk.trade("BUY", "100")
    position = await desk.position()
    part = await desk.ask("POST", f"positions/{position}/close", quantity="4", price="100")
    assert part.status_code == 201, part.text
    assert part.json()["message"].startswith("SELL 4 ACME at 100.")
    rest = await desk.ask("DELETE", f"positions/{position}")
    assert rest.status_code == 202, "accepted, and done as soon as it is filled"
    assert rest.json()["message"].startswith("SELL 6 ACME at the market.")


async def test_everything_is_closed_at_once_or_told_why_not(desk: Desk) -> None:
    await desk.trade("BUY", "101")
    await desk.trade("SELL", "100", symbol="FUT", product="NRML")
    await desk.trade("BUY", "101", symbol="COLD")
    answer = await desk.ask("POST", "positions/close-all", account_id=desk.account)
    assert answer.status_code == 201, answer.text
    outcomes = {one["message"].split(".")[0]: one["code"] for one in answer.json()["orders"]}
    assert outcomes == {
        "SELL 10 ACME at the market": None,
        "BUY 10 FUT at the market": None,
        "no fresh quote to price the order": "MARKET_NO_REFERENCE_PRICE",
    }
    again = await desk.ask("POST", "positions/close-all", account_id=desk.account)
    codes = [one["code"] for one in again.json()["orders"]]
    assert codes == ["MARKET_NO_REFERENCE_PRICE"], "what is on its way out is not sold twice"


async def test_nobody_closes_what_is_somebody_elses(desk: Desk, house: Doors) -> None:
    await desk.trade("BUY", "100")
    stranger = {"Authorization": f"Bearer {house.house.tokens.issue(house.house.ids())}"}
    position = await desk.position()
    for path, body in (
        (f"positions/{position}/close", {}),
        (f"positions/{position}/convert", {"to_product": "MIS", "quantity": "1"}),
        ("positions/close-all", {"account_id": desk.account}),
    ):
        answer = await desk.ask("POST", path, stranger, **body)
        assert answer.status_code == 404, (path, answer.text)


async def test_a_part_of_a_position_is_held_under_another_product(desk: Desk) -> None:
    await desk.trade("BUY", "100")
    path = f"positions/{await desk.position()}/convert"
    answer = await desk.ask("POST", path, to_product="MIS", quantity="4")
    assert answer.status_code == 201, answer.text
    said: dict[str, Any] = answer.json()
    assert (said["from_product"], said["to_product"]) == ("CNC", "MIS")
    assert (said["quantity"], said["cost"]) == ("4", "400")
    assert await held(desk) == {("ACME", "CNC"): "6", ("ACME", "MIS"): "4"}


async def test_an_order_shows_what_it_was_asked_for_and_by_whom(desk: Desk) -> None:
    bot = str(desk.house.house.ids())
    order = await desk.resting(
        symbol="COIN", order_type="MARKET", price=None, quantity=None, notional="1000", bot_id=bot
    )
    at = {"X-Min-Position": str(desk.house.tape.head().position)}
    shown = (await desk.ask("GET", f"orders/{order}", at)).json()
    assert (shown["notional"], shown["quantity"]) == ("1000", "9.61")
    assert (shown["bot_id"], shown["origin"]) == (bot, "BOT")

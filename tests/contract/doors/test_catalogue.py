"""
The rejection catalogue of trading, code by code: each is met at a door, with its numbers.

A row is a code, how to be refused with it, and the context that the answer must bring; a code
of trading without a row, a place of its own or a reason fails.
"""

from __future__ import annotations

import ast
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.servers import Database
from api.refusals import REFUSALS
from tests.contract.doors import refusing
from tests.contract.doors.desk import Desk, open_house
from tests.contract.doors.rig import Doors, doors
from tests.contract.doors.rows import ROWS, Row

ROOT = Path(__file__).parents[3]
#: The rooms of trading; every code that is written there is one of its codes.
ROOMS = ("domain/trading", "commands/trading", "api/trading")
#: What a code of trading begins with.
OF_TRADING = (
    "ORDER_", "GROUP_", "BASKET_", "CONVERT_", "REDUCE_", "SIDE_", "INSTRUMENT_", "MARKET_",
    "ACCOUNT_", "FUNDS_", "MARGIN_", "POSITION_", "SHORT_", "TRADE_", "ANNULMENT_", "VERSION_",
    "RISK_", "TRADING_", "EXEC_", "CONFLICT_", "RESET_", "CAPITAL_", "MODEL_", "FEE_",
)  # fmt: skip
#: Codes that are met at doors of their own, and the test that meets them there.
ELSEWHERE = {
    "ACCESS_DENIED": "tests/contract/doors/test_access.py",
    "USER_SUSPENDED": "tests/contract/doors/test_access.py",
    "IDEMPOTENCY_KEY_REUSED": "tests/contract/doors/test_commands.py",
    "CORPORATE_ACTION_EXISTS": "tests/contract/doors/test_corporate.py",
    "RETROACTIVE_NOT_ALLOWED": "tests/contract/doors/test_corporate.py",
    "CONFLICT_RETRY_EXHAUSTED": "tests/contract/doors/test_catalogue.py",
    "TRADE_UNKNOWN": "tests/security/test_corrections.py",
    "TRADE_ALREADY_ANNULLED": "tests/security/test_corrections.py",
    "TRADE_NOT_CORRECTABLE": "tests/security/test_corrections.py",
    "ANNULMENT_BREAKS_POSITION": "tests/security/test_corrections.py",
    "VERSION_STALE": "tests/security/test_corrections.py",
    "VERSION_REQUIRED": "tests/security/test_corrections.py",
    "TRADE_CORRECTION_FORBIDDEN": "tests/e2e/api/test_trades.py",
    "TRADE_CREATED_BY_ENGINE_ONLY": "tests/e2e/api/test_trades.py",
    "ACCOUNT_NOT_FLAT": "tests/e2e/api/test_lives.py",
    "RESET_QUOTA": "tests/e2e/api/test_lives.py",
}
_INTERNAL = "a venue is told, never a client"
_OF_IDS = "ids are made by the service: only a clash of two would meet it"
_BROKERS = "live accounts and their brokers are not built yet"
_TOURNAMENTS = "tournaments are not built yet"
#: Codes that no door answers with, each for its reason.
UNMET = {
    "EXEC_OVERFILL": _INTERNAL,
    "EXEC_PRICE_OUTSIDE_LIMIT": _INTERNAL,
    "ACCOUNT_EXISTS": _OF_IDS,
    "TRADE_EXISTS": _OF_IDS,
    "ACCOUNT_NOT_RESETTABLE": _BROKERS,
    "ENVIRONMENT_MISMATCH": _BROKERS,
    "TOURNAMENT_ENDED": _TOURNAMENTS,
    "TOURNAMENT_NOT_STARTED": _TOURNAMENTS,
    "TOURNAMENT_RULE": _TOURNAMENTS,
}


def codes_of_trading() -> set[str]:
    """What the rooms of trading write, and what the catalogue lists under their names."""
    written = {word for room in ROOMS for word in _words(ROOT / room)} & REFUSALS.keys()
    return written | {code for code in REFUSALS if code.startswith(OF_TRADING)}


def _words(room: Path) -> Iterator[str]:
    for file in sorted(room.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


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


def test_every_code_of_trading_has_a_row_a_place_or_a_reason() -> None:
    rows = {row.code for row in ROWS}
    assert codes_of_trading() - rows - ELSEWHERE.keys() - UNMET.keys() == set()
    assert rows & UNMET.keys() == set(), "what is met needs no reason"
    assert rows <= REFUSALS.keys()


@pytest.mark.parametrize(("code", "file"), ELSEWHERE.items())
def test_a_code_that_is_met_elsewhere_is_met_there(code: str, file: str) -> None:
    assert f'"{code}"' in (ROOT / file).read_text()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
async def test_a_code_is_met_with_its_status_and_its_numbers(desk: Desk, row: Row) -> None:
    answer = await row.ask(desk)
    problem = answer.json()
    assert problem["code"] == row.code, answer.text
    assert answer.status_code == problem["status"] == REFUSALS[row.code].status
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem.get("context", {}) == row.context
    faults = problem.get("errors", [])
    assert faults or problem["status"] != 422, "nonsense is told by its field"
    assert all(fault["pointer"] and fault["rule"] for fault in faults)
    for name, number in problem.get("context", {}).items():
        assert f"{name}={number}" in problem["detail"]


async def test_whoever_loses_every_race_is_told_to_come_again(keys: Path) -> None:
    async with doors(keys) as house:
        desk = Desk(house, await house.account())
        house.tape.before_append = refusing.lose
        problem = (await desk.place()).json()
        assert (problem["status"], problem["code"]) == (503, "CONFLICT_RETRY_EXHAUSTED")


async def test_the_first_check_that_fails_is_the_answer(desk: Desk, house: Doors) -> None:
    """
    An order with everything wrong, put right one thing at a time (reference/trading.md §4.14).

    An unknown symbol is told before all that follows from it: nothing can be held against it.
    """
    await desk.resting(client_order_id="mine")
    await desk.hold("HALTED")
    await desk.limit(max_order_qty="5000")
    key = {"Idempotency-Key": "in-turn"}
    await desk.ask("POST", "accounts", key, kind="PAPER", currency="INR", opening_capital="1")
    ticket: dict[str, Any] = desk.ticket(
        account_id=str(house.house.ids()),
        symbol="NIL",
        client_order_id="mine",
        side="SELL",
        product="NRML",
        tif="FOK",
        quantity="20000.5",
        price="120.01",
        colour="blue",
    )
    steps: tuple[tuple[dict[str, Any], str], ...] = (
        ({}, "VALIDATION"),
        ({"colour": ...}, "INSTRUMENT_UNKNOWN"),
        ({"symbol": "HALT"}, "ACCOUNT_UNKNOWN"),
        ({"account_id": desk.account}, "ORDER_DUPLICATE_CLIENT_ID"),
        ({"client_order_id": ...}, "TRADING_HALTED"),
        ({"state": "ACTIVE"}, "INSTRUMENT_SUSPENDED"),
        ({"symbol": "WILD"}, "ORDER_PRODUCT_UNSUPPORTED"),
        ({"product": "CNC"}, "ORDER_QTY_NOT_LOT"),
        ({"quantity": "20000"}, "ORDER_PRICE_NOT_ON_TICK"),
        ({"price": "120"}, "ORDER_PRICE_OUT_OF_BAND"),
        ({"price": "109"}, "MARKET_CLOSED"),
        ({"tif": "DAY"}, "RISK_MAX_ORDER_QTY"),
        ({"quantity": "5000"}, "SHORT_NOT_ALLOWED"),
        ({"side": "BUY", "price": "110", "quantity": "5000"}, "NEW"),
    )
    for repair, code in steps:
        if "state" in repair:
            await desk.hold(repair["state"])
        ticket |= {name: value for name, value in repair.items() if name != "state"}
        body = {name: value for name, value in ticket.items() if value is not ...}
        answer = (await desk.ask("POST", "orders", **body)).json()
        assert answer.get("code", answer["status"]) == code, answer

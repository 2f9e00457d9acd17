"""Risk at the doors: limits, trading state and kill switch, with their codes and numbers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from commands.base import Caller
from commands.trading import SetDeskLimits, SetDeskState
from domain.base import Role
from domain.trading import Limits, OrderPlaced, Origin, Party, TradingState
from tests.contract.doors.rig import Doors, now

pytestmark = pytest.mark.anyio

API = "/api/v1"
WHY = "enough for today"


async def place(house: Doors, account: str, **more: Any) -> Any:
    ticket = {
        "account_id": account,
        "symbol": "ACME",
        "side": "BUY",
        "quantity": "10",
        "order_type": "LIMIT",
        "price": "100",
    }
    return await house.http.post(f"{API}/orders", json=ticket | more)


async def limit(house: Doors, account: str, **limits: Any) -> Any:
    url = f"{API}/accounts/{account}/risk-limits"
    return await house.http.put(url, json={"limits": limits})


@pytest.mark.parametrize(
    ("limits", "code", "status"),
    [
        ({"max_order_qty": "9"}, "RISK_MAX_ORDER_QTY", 409),
        ({"max_order_notional": "999"}, "RISK_MAX_ORDER_NOTIONAL", 409),
        ({"max_position_qty": "9"}, "RISK_MAX_POSITION", 409),
        ({"max_gross_exposure": "999"}, "RISK_MAX_EXPOSURE", 409),
        ({"max_concentration_pct": "0.05"}, "RISK_CONCENTRATION", 409),
        ({"never": ["ACME"]}, "RISK_INSTRUMENT_BLOCKED", 409),
        ({"price_deviation_pct": "1"}, "RISK_PRICE_DEVIATION", 409),
    ],
)
async def test_an_order_beyond_a_limit_is_refused_with_its_code_and_numbers(
    house: Doors, limits: dict[str, Any], code: str, status: int
) -> None:
    account = await house.account()
    assert (await limit(house, account, **limits)).status_code == 200
    answer = await place(house, account, price="102")
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code)
    assert problem["context"]["scope"] == "account"
    assert problem["order_id"]


async def test_counted_limits_count_the_orders_there_are(house: Doors) -> None:
    for limits, code in (
        ({"max_open_orders": 1}, "RISK_MAX_OPEN_ORDERS"),
        ({"max_orders_per_day": 1}, "RISK_MAX_ORDERS_DAY"),
    ):
        account = await house.account()
        await limit(house, account, **limits)
        assert (await place(house, account)).status_code == 201
        answer = await place(house, account)
        assert (answer.status_code, answer.json()["code"]) == (409, code)


async def test_the_order_rate_is_429_and_says_when_to_come_back(house: Doors) -> None:
    account = await house.account()
    await limit(house, account, max_orders_per_second=1)
    await place(house, account)
    answer = await place(house, account)
    assert (answer.status_code, answer.json()["code"]) == (429, "RISK_RATE_LIMIT")
    assert answer.headers["retry-after"] == "1"


async def test_a_looser_limit_waits_for_the_next_session(house: Doors) -> None:
    account = await house.account()
    await limit(house, account, max_order_qty="9")
    said = (await limit(house, account, max_order_qty="100")).json()
    assert said["limits"] == {"max_order_qty": "9"}
    assert said["later"] == {"max_order_qty": "100"}
    assert said["later_from"]
    assert (await place(house, account)).json()["code"] == "RISK_MAX_ORDER_QTY"


async def test_an_account_is_held_back_and_let_go(house: Doors) -> None:
    account = await house.account()
    url = f"{API}/accounts/{account}/trading-state"
    for state, code in (("HALTED", "TRADING_HALTED"), ("REDUCING", "TRADING_REDUCING_ONLY")):
        answer = await house.http.put(url, json={"state": state, "reason": WHY})
        assert answer.status_code == 200, answer.text
        problem = (await place(house, account)).json()
        assert problem["code"] == code
        assert problem["context"] == {"scope": "account", "reason": WHY, "by": "OWNER"}
    await house.http.put(url, json={"state": "ACTIVE", "reason": WHY})
    assert (await place(house, account)).status_code == 201


async def test_a_kill_switch_halts_cancels_and_is_idempotent(house: Doors) -> None:
    account = await house.account()
    order = (await place(house, account)).json()["order_id"]
    kill = {"scope": f"account:{account}", "confirm": True, "reason": "this is wrong"}
    first = (await house.http.post(f"{API}/kill-switch", json=kill)).json()
    assert (first["changed"], first["canceled"]) == (True, [order])
    again = (await house.http.post(f"{API}/kill-switch", json=kill)).json()
    assert (again["changed"], again["canceled"]) == (False, [])
    assert (await place(house, account)).json()["code"] == "TRADING_HALTED"
    release = {"scope": f"account:{account}", "reason": "found the bug"}
    await house.http.post(f"{API}/kill-switch/release", json=release)
    assert (await place(house, account)).status_code == 201


async def test_a_kill_switch_of_a_person_halts_every_account_at_once(house: Doors) -> None:
    account = await house.account()
    kill = {"confirm": True, "reason": "this is wrong"}
    answer = await house.http.post(f"{API}/kill-switch", json=kill)
    assert answer.json()["scope"] == f"user:{house.user_id}"
    problem = (await place(house, account)).json()
    assert (problem["code"], problem["context"]["scope"]) == (
        "TRADING_HALTED",
        f"user:{house.user_id}",
    )
    await house.http.post(f"{API}/kill-switch/release", json={"reason": "found the bug"})
    assert (await place(house, account)).status_code == 201


async def test_a_halted_symbol_is_halted_for_everybody(house: Doors) -> None:
    account = await house.account()
    halt = SetDeskState(
        at=now(), scope="symbol:ACME", trading_state=TradingState.HALTED, reason="news to come"
    )
    by = Caller(actor="system:test", roles=Role.SYSTEM, correlation_id=house.user_id)
    await house.house.dispatch(halt, by)
    problem = (await place(house, account)).json()
    assert problem["context"]["scope"] == "symbol:ACME"


async def test_a_bot_is_held_back_without_holding_back_its_owner(house: Doors) -> None:
    account, bot = await house.account(), str(house.house.ids())
    by = Caller(actor="system:test", roles=Role.SYSTEM, correlation_id=house.user_id)
    limits = Limits(max_order_qty=Decimal(5))
    for command in (
        SetDeskLimits(
            at=now(), scope=f"bot:{bot}", limits=limits, next_session=now(), party=Party.HOUSE
        ),
        SetDeskState(
            at=now(), scope="bot:" + str(house.user_id), trading_state=TradingState.HALTED,
            reason="it runs wild",
        ),
    ):  # fmt: skip
        await house.house.dispatch(command, by)
    problem = (await place(house, account, bot_id=bot)).json()
    assert (problem["code"], problem["context"]["scope"]) == ("RISK_MAX_ORDER_QTY", f"bot:{bot}")
    wild = (await place(house, account, bot_id=str(house.user_id))).json()
    assert wild["code"] == "TRADING_HALTED"
    assert (await place(house, account, bot_id=bot, quantity="5")).status_code == 201
    placed = house.tape.facts(0, 100)[-2].event
    assert isinstance(placed, OrderPlaced)
    assert (placed.origin, str(placed.bot_id)) == (Origin.BOT, bot)
    assert (await place(house, account)).status_code == 201, "its owner is free"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"reason": "this is wrong"}, 422),
        ({"confirm": False, "reason": "this is wrong"}, 422),
        ({"confirm": True, "reason": "short"}, 422),
        ({"confirm": True, "reason": "this is wrong", "scope": "planet"}, 422),
        ({"confirm": True, "reason": "this is wrong", "scope": "account:x"}, 422),
        ({"confirm": True, "reason": "this is wrong", "scope": "platform"}, 403),
    ],
)
async def test_nobody_halts_by_a_slip_of_the_finger_or_what_is_not_theirs(
    house: Doors, body: dict[str, Any], status: int
) -> None:
    answer = await house.http.post(f"{API}/kill-switch", json=body)
    assert answer.status_code == status, answer.text


async def test_the_kill_switch_of_the_platform_is_released_by_two(house: Doors) -> None:
    release = {"scope": "platform", "reason": "all is well again"}
    answer = await house.http.post(f"{API}/kill-switch/release", json=release)
    assert answer.status_code == 403

"""Access at the doors: what a route wants, who has it, and from which moment on."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, get_type_hints
from uuid import UUID

import pytest
from litestar import get
from msgspec.structs import fields, replace

from adapters.standings import Standings
from adapters.tape import MemoryTape
from api.auth import only
from api.catalogue import known_commands
from commands.base import Caller, Command, Entry
from commands.identity import ACCESS_STREAM, AssignRole, EstablishRoles, RevokeRole, SuspendUser
from domain.base import Fact, Meta, Role
from domain.errors import Forbidden, Unavailable
from domain.identity import PERMISSIONS, Access, UserSuspended, role_id_of
from domain.trading import ActionKind
from tests.contract.doors.rig import Doors, doors, now

pytestmark = pytest.mark.anyio

WHY = "as agreed on Friday"
AUDITOR = role_id_of("auditor")


@get("/bench/audited", opt=only("audit:read"))
async def audited() -> None:
    """For auditors."""


@pytest.fixture
async def house(keys: Path) -> AsyncIterator[Doors]:
    async with doors(keys, audited) as opened:
        yield opened


def operator(house: Doors) -> Caller:
    return Caller(actor="system:operator", roles=Role.SYSTEM, correlation_id=house.house.ids())


async def told(house: Doors, command: type[Command], **fields: Any) -> None:
    await house.house.dispatch(command(at=now(), **fields), operator(house))


async def appoint(house: Doors, **fields: Any) -> None:
    await told(house, EstablishRoles)
    grant = {"user_id": house.user_id, "role_id": AUDITOR, "reason": WHY}
    await told(house, AssignRole, **grant | fields)


async def status(house: Doors, path: str = "/bench/audited") -> tuple[int, str]:
    answer = await house.http.get(path)
    return answer.status_code, answer.json()["code"] if answer.status_code >= 400 else ""


async def test_a_door_opens_to_those_who_have_its_permission_from_that_very_moment(
    house: Doors,
) -> None:
    """S49, in the process that records the change."""
    assert await status(house) == (403, "ACCESS_DENIED")
    await appoint(house)
    assert await status(house) == (200, "")
    revoke = {"user_id": house.user_id, "role_id": AUDITOR, "reason": WHY}
    await told(house, RevokeRole, **revoke)
    assert await status(house) == (403, "ACCESS_DENIED")


async def test_an_expired_grant_opens_nothing(keys: Path) -> None:
    time = [now()]
    tape = MemoryTape()

    async def tail(version: int) -> list[Fact]:
        return list(tape.stream(ACCESS_STREAM))

    access = Standings(tail, lambda: time[0])
    async with doors(keys, audited, access=access) as house:
        house.house.dispatch.followers.append(access.committed)
        await appoint(house, expires_at=time[0] + timedelta(minutes=1))
        assert await status(house) == (200, "")
        time[0] += timedelta(minutes=1)
        assert await status(house) == (403, "ACCESS_DENIED")


async def test_whoever_is_shut_out_finds_every_door_closed_at_once(house: Doors) -> None:
    account = await house.account()
    await told(house, SuspendUser, user_id=house.user_id, reason=WHY)
    assert await status(house, f"/api/v1/accounts/{account}") == (403, "USER_SUSPENDED")
    order = {"account_id": account, "symbol": "ACME", "side": "BUY", "quantity": "1"}
    answer = await house.http.post("/api/v1/orders", json={**order, "order_type": "MARKET"})
    assert (answer.status_code, answer.json()["code"]) == (403, "USER_SUSPENDED")
    assert await status(house, "/livez") == (200, "")


async def test_what_another_process_records_counts_as_soon_as_it_is_seen(house: Doors) -> None:
    await appoint(house)
    version = (await house.tape.load(ACCESS_STREAM, Access))[0]
    command_id = house.house.ids()
    meta = Meta(actor="x", command_id=command_id, correlation_id=command_id, occurred_at=now())
    gone = UserSuspended(house.user_id, WHY)
    house.tape.write([Entry(ACCESS_STREAM, version, (gone,), meta)])
    assert await status(house) == (200, "")
    await house.house.access.look()
    assert await status(house) == (403, "USER_SUSPENDED")


async def test_before_the_tape_was_seen_nobody_is_let_in(house: Doors) -> None:
    async def tail(version: int) -> list[Fact]:
        return []

    unseen = Standings(tail, now)
    with pytest.raises(Unavailable):
        unseen.of(house.user_id)
    await unseen.look()
    assert unseen.of(house.user_id).permissions == frozenset()


async def test_dispatch_asks_for_the_permission_as_the_door_does(house: Doors) -> None:
    """Whoever comes in by another door, a bot or NATS, meets the same rule."""
    command = SuspendUser(at=now(), user_id=house.house.ids(), reason=WHY)
    trader = Caller(actor="user:x", roles=Role.TRADER, correlation_id=house.house.ids())
    with pytest.raises(Forbidden, match="ACCESS_DENIED"):
        await house.house.dispatch(command, trader)
    receipt = await house.house.dispatch(
        command, replace(trader, permissions=frozenset({"users:suspend"}))
    )
    assert receipt.facts


#: Commands that are power over others, and those that are so for whoever does not own the thing.
OF_OTHERS = [one for one in known_commands() if one.permission and not one.allowed & Role.TRADER]


SAID: dict[str, Any] = {"reason": WHY, "name": "desk", "of": "users:read"}


def example(command: type[Command]) -> Command:
    """One of these; what it says does not matter to whether it may be asked at all."""
    by_type: dict[Any, Any] = {
        datetime: now(), UUID: UUID(int=1), str: "x", int: 1, Decimal: Decimal(1),
        ActionKind: ActionKind.BONUS,
    }  # fmt: skip
    hints = get_type_hints(command)
    given: dict[str, Any] = {
        one.name: SAID.get(one.name) or by_type.get(hints[one.name]) or {}
        for one in fields(command)
        if one.required
    }
    return command(**given)


@pytest.mark.parametrize("command", OF_OTHERS, ids=lambda one: one.__name__)
def test_no_command_of_power_is_taken_from_a_trader_by_whatever_door(command: Any) -> None:
    trader = Caller(actor="user:x", roles=Role.TRADER, correlation_id=UUID(int=1))
    others = replace(trader, permissions=frozenset(PERMISSIONS) - {command.permission})
    for by in (trader, others):
        with pytest.raises(Forbidden, match="ACCESS_DENIED"):
            example(command).authorise(command.state(), by)


async def test_every_door_that_changes_something_asks_what_a_command_asks(house: Doors) -> None:
    """A permission that only a door knew would be no rule for bots and messages."""
    asked_by_commands = {one.permission for one in known_commands()}
    document = json.loads(house.app.state["openapi"]())
    doors_alone = {
        f"{method.upper()} {path}: {operation['x-permission']}"
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method != "get" and operation.get("x-permission") not in {None, *asked_by_commands}
    }
    assert doors_alone == {"POST /api/v1/admin/users/search: users:read"}, "which only looks"

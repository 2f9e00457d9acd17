"""Access at the doors: what a route wants, who has it, and from which moment on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from litestar import get
from msgspec.structs import replace

from adapters.standings import Standings
from adapters.tape import MemoryTape
from api.auth import only
from commands.base import Caller, Command, Entry
from commands.identity import ACCESS_STREAM, AssignRole, EstablishRoles, RevokeRole, SuspendUser
from domain.base import Fact, Meta, Role
from domain.errors import Forbidden, Unavailable
from domain.identity import Access, UserSuspended, role_id_of
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

"""S69 by route: whoever is turned away from any door stands in the doorbook, with the door."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from adapters.limits import Limit
from api.auth import doorbook
from domain.identity import AccessDenied
from tests.contract.doors.rig import Doors, doors

pytestmark = pytest.mark.anyio
ID = "01a204d1-a11d-7382-ad2f-510b83abaf2f"


@pytest.fixture
async def house(keys: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Doors]:
    """A house that writes down everybody, however many they are."""
    monkeypatch.setattr(doorbook, "IN_ALL", Limit("in all", 1e6, 1_000_000))
    monkeypatch.setattr(doorbook, "OF_A_KIND", Limit("of a kind", 1e6, 1_000_000))
    async with doors(keys) as opened:
        yield opened


def doors_of(house: Doors) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every door of the API that is not open to everybody."""
    document = json.loads(house.app.state["openapi"]())
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if path.startswith("/api/v1/") and operation.get("security") != []:
                yield method.upper(), path, operation


async def knock(http: httpx.AsyncClient, method: str, path: str) -> int:
    for name in ("account_id", "position"):
        path = path.replace(f"{{{name}}}", ID if name == "account_id" else "1")
    parts = [ID if part.startswith("{") else part for part in path.split("/")]
    return (await http.request(method, "/".join(parts))).status_code


async def written(house: Doors) -> list[tuple[str, str, str]]:
    """The code, the method and the door of everybody who was turned away so far."""
    await house.house.gate.doorbook.close()
    events = [fact.event for fact in house.tape.facts(0, 10_000)]
    return [
        (event.code, event.method, _named(event.route))
        for event in events
        if isinstance(event, AccessDenied)
    ]


def _named(route: str) -> str:
    """As the description spells it: without the types of parameters."""
    return "/".join(
        part.partition(":")[0] + "}" if part.startswith("{") and ":" in part else part
        for part in route.split("/")
    )


async def test_s69_a_stranger_at_any_door_is_written_down_with_the_door(house: Doors) -> None:
    transport = httpx.ASGITransport(cast(Any, house.app))
    async with httpx.AsyncClient(transport=transport, base_url="http://papertape") as stranger:
        closed = [(method, path) for method, path, _ in doors_of(house)]
        assert len(closed) > 60
        for method, path in closed:
            assert await knock(stranger, method, path) == 401, f"{method} {path}"
    found = await written(house)
    assert {("AUTH_REQUIRED", *door) for door in closed} - set(found) == set()


async def test_s69_a_trader_at_a_door_of_the_administration_is_written_down(house: Doors) -> None:
    closed = [(m, p) for m, p, operation in doors_of(house) if operation.get("x-permission")]
    assert len(closed) > 25
    for method, path in closed:
        assert await knock(house.http, method, path) == 403, f"{method} {path}"
    found = await written(house)
    assert {("ACCESS_DENIED", *door) for door in closed} - set(found) == set()

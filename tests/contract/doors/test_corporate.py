"""Corporate actions at the doors: announced by who may, seen by everybody."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.servers import Database
from commands.identity import AssignRole, EstablishRoles
from domain.identity import role_id_of
from tests.contract.doors.desk import WHY, Desk, open_house
from tests.contract.doors.rig import Doors, now

DOOR = "admin/corporate-actions"


@pytest.fixture
async def house(keys: Path, database: Database) -> AsyncIterator[Doors]:
    async with open_house(keys, database) as opened:
        yield opened


@pytest.fixture
async def desk(house: Doors) -> Desk:
    """Of an administrator."""
    desk = Desk(house, await house.account())
    await desk.let(EstablishRoles(at=now()))
    admin = role_id_of("admin")
    await desk.let(AssignRole(at=now(), user_id=house.user_id, role_id=admin, reason=WHY))
    return desk


def split(**change: Any) -> dict[str, Any]:
    ex_at = (now() + timedelta(days=1)).isoformat()
    said = {"kind": "SPLIT", "symbol": "ACME", "numerator": "2", "source": "a filing"}
    return {**said, "ex_at": ex_at, "reason": WHY, **change}


async def test_what_is_announced_is_seen_and_is_not_announced_otherwise(desk: Desk) -> None:
    said = split()
    first = await desk.ask("POST", DOOR, **said)
    assert (first.status_code, first.json()["status"]) == (201, "DONE"), first.text
    again = await desk.ask("POST", DOOR, **said)
    assert (again.json()["id"], again.json()["status"]) == (first.json()["id"], "UNCHANGED")
    other = await desk.ask("POST", DOOR, **{**said, "numerator": "5"})
    assert (other.status_code, other.json()["code"]) == (409, "CORPORATE_ACTION_EXISTS")
    at = {"X-Min-Position": str(desk.house.tape.head().position)}
    for path, count in (("", 1), ("?symbol=ACME", 1), ("?symbol=COIN", 0)):
        seen = await desk.ask("GET", f"market/corporate-actions{path}", at)
        assert len(seen.json()["items"]) == count, seen.text
    (one,) = (await desk.ask("GET", "market/corporate-actions", at)).json()["items"]
    assert (one["kind"], one["numerator"], one["denominator"]) == ("SPLIT", "2", "1")


async def test_nothing_is_announced_too_late_for_the_unlisted_or_by_anybody(desk: Desk) -> None:
    for change, status, code in (
        ({"ex_at": now().isoformat()}, 409, "RETROACTIVE_NOT_ALLOWED"),
        ({"symbol": "NIL"}, 404, "INSTRUMENT_UNKNOWN"),
        ({"kind": "MERGER", "into": "NIL"}, 404, "INSTRUMENT_UNKNOWN"),
        ({"kind": "DIVIDEND"}, 422, "VALIDATION"),
        ({"numerator": "NaN"}, 422, "VALIDATION"),
        ({"ex_at": "2030-01-01T00:00:00"}, 422, "VALIDATION"),
    ):
        answer = await desk.ask("POST", DOOR, **split(**change))
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    stranger = {"Authorization": f"Bearer {desk.house.house.tokens.issue(desk.house.house.ids())}"}
    answer = await desk.ask("POST", DOOR, stranger, **split())
    assert (answer.status_code, answer.json()["code"]) == (403, "ACCESS_DENIED")

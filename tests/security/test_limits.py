"""S08, S40, S79: how often anybody may ask, and that no header changes it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from adapters.settings import Settings
from api.auth.addresses import Addresses, bucket_of
from api.auth.limits import LIMITS, OF_ADDRESS
from tests.contract.doors.rig import EXTRA, Doors, doors
from tests.e2e.api.doorstep import refused, somebody
from tests.e2e.service import Service

pytestmark = pytest.mark.anyio
OURS = {"Host": "api.example.com"}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Doors]:
    """At a tenth of the limits, so that they are reached however slow the machine is."""
    async with doors(tmp_path, *EXTRA, settings=Settings(rate_limit_scale=0.1)) as opened:
        yield opened


def caller(house: Doors, address: str, **headers: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(cast(Any, house.app), client=(address, 1))
    return httpx.AsyncClient(transport=transport, base_url="http://papertape", headers=headers)


async def test_s40_a_forwarded_address_of_a_stranger_counts_for_nothing(house: Doors) -> None:
    async with caller(house, "203.0.113.9") as http:
        statuses = []
        for number in range(OF_ADDRESS.burst):
            spoofed = {"X-Forwarded-For": f"198.51.{number // 250}.{number % 250}"}
            statuses.append((await http.get("/bench/public", headers=spoofed)).status_code)
    assert statuses.count(429) > 100
    async with caller(house, "203.0.113.10") as neighbour:
        assert (await neighbour.get("/bench/public")).status_code == 200


async def test_s40_forged_tokens_are_counted_too(house: Doors) -> None:
    async with caller(house, "203.0.113.11") as http:
        statuses = {
            (
                await http.post("/bench/empty", headers={"Authorization": f"Bearer a.b.{n}"})
            ).status_code
            for n in range(OF_ADDRESS.burst)
        }
    assert statuses == {401, 429}


async def test_s79_a_person_has_so_many_commands_and_is_told_how_many(house: Doors) -> None:
    answers = [await house.http.post("/bench/empty") for _ in range(30)]
    first, last = answers[0], answers[-1]
    assert first.headers["RateLimit-Policy"] == '"command";q=10;w=2'
    assert first.headers["RateLimit"] == '"command";r=9;t=1'
    refused(last, 429, "RATE_LIMITED")
    assert re.fullmatch(r'"command";r=0;t=\d+', last.headers["RateLimit"])
    assert int(last.headers["Retry-After"]) >= 1
    await asyncio.sleep(1.05)
    assert (await house.http.post("/bench/empty")).status_code == 201, "after as long as it said"


async def test_s79_queries_and_other_people_have_buckets_of_their_own(house: Doors) -> None:
    for _ in range(30):
        await house.http.post("/bench/empty")
    assert (await house.http.get("/bench/broken")).status_code == 500
    other = f"Bearer {house.house.tokens.issue(house.house.ids())}"
    async with caller(house, "203.0.113.12", Authorization=other) as http:
        assert (await http.post("/bench/empty")).status_code == 201


async def test_s79_a_scale_of_nothing_is_no_limit(tmp_path: Path) -> None:
    async with doors(tmp_path, *EXTRA, settings=Settings(rate_limit_scale=0)) as opened:
        answers = [await opened.http.post("/bench/empty") for _ in range(150)]
    assert {answer.status_code for answer in answers} == {201}
    assert "RateLimit" not in answers[0].headers


async def test_s79_a_valkey_that_is_gone_turns_nobody_away(tmp_path: Path) -> None:
    settings = Settings(valkey_url="valkey://127.0.0.1:1/0", rate_limit_scale=0.1)
    async with doors(tmp_path, *EXTRA, settings=settings) as opened:
        statuses = [(await opened.http.post("/bench/empty")).status_code for _ in range(100)]
    assert set(statuses) == {201, 429}
    assert statuses[:10] == [201] * 10


def test_s79_whoever_signs_in_too_often_is_asked_to_wait(strict: Service) -> None:
    limit = LIMITS["sign-in"]
    with httpx.Client(base_url=strict.api, headers=OURS, timeout=30) as http:
        answers = [http.post("/auth/login", json=somebody()) for _ in range(limit.burst + 20)]
    statuses = [answer.status_code for answer in answers]
    assert 429 in statuses
    assert statuses.count(401) <= limit.burst + 10
    for answer in answers:
        if answer.status_code == 429:
            assert int(answer.headers["Retry-After"]) >= 1


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["1.2.3.4, 198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["1.2.3.4", "198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["1.2.3.4, 198.51.100.1, 10.0.0.2"], "198.51.100.1"),
        ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ("10.0.0.1", ["198.51.100.1, nonsense"], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1, 10.0.0.2:80"], "10.0.0.1"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("fd00::1", ["2001:db8::7"], "2001:db8::7"),
        (None, ["198.51.100.1"], "unknown"),
    ],
)
def test_s40_only_our_own_proxies_are_believed(
    peer: str | None, forwarded: list[str], address: str
) -> None:
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    scope = cast(Any, {"client": (peer, 1) if peer else None, "headers": headers})
    assert Addresses(["10.0.0.0/8", "fd00::/8"]).of(scope) == address


@pytest.mark.parametrize(
    ("address", "bucket"),
    [
        ("198.51.100.1", "198.51.100.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::"),
        ("::ffff:198.51.100.1", "198.51.100.1"),
        ("unknown", "unknown"),
    ],
)
def test_s40_a_household_shares_one_bucket(address: str, bucket: str) -> None:
    assert bucket_of(address) == bucket

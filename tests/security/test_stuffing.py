"""S08, S13: one guess at each of very many people, and letters that nobody asked for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from psycopg_pool import AsyncConnectionPool

from adapters.attempts import OF_ADDRESSES, OF_STRANGERS, Attempts
from adapters.limits import MemoryBuckets, TooMany
from adapters.postgres import as_app
from adapters.servers import located
from adapters.settings import Settings
from api.auth.limits import OF_STRANGERS as ALL_STRANGERS
from api.auth.limits import Limits
from tests.contract.doors.rig import doors
from tests.e2e.api.doorstep import refused, somebody
from tests.e2e.service import Service

pytestmark = pytest.mark.anyio
ACCOUNTS = 10_000
GUESSES_PER_S = 100


async def test_s08_one_guess_at_each_of_ten_thousand_from_as_many_addresses() -> None:
    """Whoever has a device of theirs here is not among them, and so is not turned away."""
    time = [0.0]
    limits = Limits(MemoryBuckets(lambda: time[0]), 1.0)
    looked_at = 0
    for guess in range(ACCOUNTS):
        time[0] = guess / GUESSES_PER_S
        with suppress(TooMany):
            await limits.count_stranger()
            looked_at += 1
    seconds = ACCOUNTS / GUESSES_PER_S
    assert looked_at <= ALL_STRANGERS.burst + ALL_STRANGERS.per_s * seconds + 1
    assert looked_at < ACCOUNTS / 8


@pytest.fixture
async def attempts(service: Service) -> AsyncIterator[tuple[Attempts, list[datetime]]]:
    """The attempts as they are kept, with a clock of our own."""
    now, dsn = [datetime.now(UTC)], as_app(located(service.data.resolve()).dsn)
    kwargs = {"autocommit": True}
    async with AsyncConnectionPool[Any](dsn, kwargs=kwargs, min_size=1, open=False) as pool:
        yield Attempts(pool, lambda: now[0]), now


async def test_s08_one_guess_at_each_of_many_from_one_address(
    attempts: tuple[Attempts, list[datetime]],
) -> None:
    """One a second for ten minutes: what is looked at is a handful, however many the names."""
    kept, now = attempts
    address = f"PASSWORD from {datetime.now(UTC).timestamp()}"
    looked_at = 0
    for guess in range(600):
        now[0] += timedelta(seconds=1)
        with suppress(TooMany):
            await kept.count([(f"{address} {guess}", OF_STRANGERS), (address, OF_ADDRESSES)])
            looked_at += 1
    assert OF_ADDRESSES.free <= looked_at <= OF_ADDRESSES.free + 10
    await kept.count([(f"{address} of another", OF_STRANGERS)])


@pytest.mark.parametrize("what", ["request-otp", "password-reset", "verify-email/request"])
async def test_s13_the_sixth_letter_in_an_hour_is_refused(tmp_path: Path, what: str) -> None:
    """Whoever asks, and from wherever: it is counted by whom the letter would be for."""
    async with doors(tmp_path, settings=Settings(rate_limit_scale=1)) as house:
        email = somebody()["email"]
        for nth in range(6):
            transport = httpx.ASGITransport(cast(Any, house.app), client=(f"203.0.113.{nth}", 1))
            async with httpx.AsyncClient(transport=transport, base_url="http://api") as http:
                body = {"email": email if nth % 2 else email.upper()}
                answer = await http.post(f"/api/v1/auth/{what}", json=body)
            if nth < 5:
                assert answer.status_code == 202, answer.text
        refused(answer, 429, "RATE_LIMITED")
        assert 60 <= int(answer.headers["Retry-After"]) <= 720

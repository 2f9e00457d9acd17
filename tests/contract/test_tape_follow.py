"""Following the tape: every row once and in order, whatever happens to the connection."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing

import pytest

from adapters.servers import Database
from adapters.tape import AsyncTape, follow
from adapters.tape.reader import Row
from tests.contract.tally import entry
from tests.contract.wire import Cut, wire_to

pytestmark = pytest.mark.anyio


async def collect(dsn: str, after: int, upto: int, limit: int = 1000) -> list[Row]:
    rows: list[Row] = []
    async with aclosing(follow(dsn, after, limit)) as pages:
        async for page in pages:
            assert 0 < len(page) <= limit
            rows += page
            if rows[-1].position >= upto:
                return rows
    raise AssertionError("it is followed for ever")


async def test_what_is_there_comes_first_in_pages(tape: AsyncTape, database: Database) -> None:
    await tape.append([entry("a", 0, *range(25))])
    rows = await collect(database.dsn, 5, 25, limit=10)
    assert [row.position for row in rows] == list(range(6, 26))


async def test_what_is_appended_comes_at_once(tape: AsyncTape, database: Database) -> None:
    following = asyncio.create_task(collect(database.dsn, 0, 40))
    await asyncio.sleep(0.2)
    slow = 0
    for after in range(20):
        await tape.append([entry("a", after, after), entry(f"b{after}", 0, 1)])
        await asyncio.sleep(0.005)
        slow = max(slow, after)
    rows = await asyncio.wait_for(following, 5)
    assert [row.position for row in rows] == list(range(1, 41))


async def test_a_fact_is_heard_of_without_waiting_for_the_next_poll(
    tape: AsyncTape, database: Database
) -> None:
    async with aclosing(follow(database.dsn, 0, poll_s=30)) as pages:
        first = asyncio.ensure_future(anext(pages))
        await asyncio.sleep(0.3)
        began = time.monotonic()
        await tape.append([entry("a", 0, 1)])
        assert [row.position for row in await asyncio.wait_for(first, 5)] == [1]
        assert time.monotonic() - began < 2


async def test_a_lost_connection_only_delays(tape: AsyncTape, database: Database) -> None:
    async with wire_to(database.dsn) as wire:
        following = asyncio.create_task(collect(wire.dsn, 0, 30))
        for after in range(30):
            await tape.append([entry("a", after, after)])
            await asyncio.sleep(0.01)
            if after in (5, 15):
                wire.cut = Cut.DOWN
                await wire.fall_silent()
            if after in (10, 16):
                wire.cut = Cut.NEVER
        rows = await asyncio.wait_for(following, 10)
    assert [row.position for row in rows] == list(range(1, 31))

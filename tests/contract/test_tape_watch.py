"""Watching the tape: facts of the kinds one waits for, once and in order, from whoever it was."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from datetime import timedelta
from uuid import UUID

import pytest

from adapters.servers import Database
from adapters.tape import AsyncTape, since, watch
from commands.base import Entry
from domain.base import Event, Fact
from domain.identity import UserRegistered
from domain.trading import FundsDeposited
from tests.contract.tally import EPOCH, Clock, meta
from tests.contract.wire import Cut, wire_to
from tests.spec.trading import history

pytestmark = pytest.mark.anyio
KINDS = {UserRegistered}


def registered(*numbers: int) -> list[Entry]:
    """Each beside a fact that nobody here waits for."""
    opened: tuple[Event, ...] = history()
    return [
        entry
        for number in numbers
        for entry in (
            Entry(f"user-{number}", 0, (UserRegistered(UUID(int=number)),), meta()),
            Entry(f"account-{number}", 0, opened, meta()),
        )
    ]


def numbers(facts: list[Fact]) -> list[int]:
    return [fact.event.user_id.int for fact in facts if isinstance(fact.event, UserRegistered)]


async def collect(dsn: str, after: int, count: int) -> list[Fact]:
    seen: list[Fact] = []
    async with aclosing(watch(dsn, KINDS, after, every_s=0.02)) as pages:
        async for page in pages:
            assert page, "nothing is never told"
            seen += page
            if len(seen) >= count:
                return seen
    raise AssertionError("it is watched for ever")


async def test_only_the_kinds_that_are_waited_for_are_told(database: Database) -> None:
    async with AsyncTape(database.dsn, Clock(), "test") as tape:
        await tape.append(registered(1, 2))
        watching = asyncio.create_task(collect(database.dsn, 0, 4))
        await asyncio.sleep(0.1)
        await tape.append(registered(3))
        await tape.append(registered(4))
        facts = await asyncio.wait_for(watching, 5)
    assert numbers(facts) == [1, 2, 3, 4]
    assert not any(isinstance(fact.event, FundsDeposited) for fact in facts)


async def test_a_lost_connection_only_delays(database: Database) -> None:
    async with AsyncTape(database.dsn, Clock(), "test") as tape, wire_to(database.dsn) as wire:
        watching = asyncio.create_task(collect(wire.dsn, 0, 3))
        await tape.append(registered(1))
        await asyncio.sleep(0.1)
        wire.cut = Cut.DOWN
        await wire.fall_silent()
        await tape.append(registered(2))
        wire.cut = Cut.NEVER
        await tape.append(registered(3))
        assert numbers(await asyncio.wait_for(watching, 10)) == [1, 2, 3]


async def test_what_was_recorded_since_a_moment_is_all_of_it_and_no_more(
    database: Database,
) -> None:
    clock = Clock()
    async with AsyncTape(database.dsn, clock, "test") as tape:
        for number in range(1, 9):  # each recorded a second later
            await tape.append(registered(number))
        for passed in range(-1, 10):
            moment = EPOCH + timedelta(seconds=passed)
            head, facts = await since(database.dsn, "user-", KINDS, moment)
            assert head == (await tape.head()).position
            assert numbers(facts) == list(range(max(passed, 0) + 1, 9))

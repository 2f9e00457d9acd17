"""The writer and its faults: what is acknowledged is stored once, what is refused never is."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import psycopg
import pytest

from adapters.postgres import connect
from adapters.servers import Database
from adapters.tape import AsyncTape, Reader, verify
from commands.base import Stale
from domain.errors import Unavailable
from tests.contract.tally import CODEC, Clock, Tally, counts, entry
from tests.contract.wire import Cut, Wire, terminate_backends, wire_to

pytestmark = pytest.mark.anyio


@pytest.fixture
async def wire(database: Database) -> AsyncIterator[Wire]:
    async with wire_to(database.dsn) as wire:
        yield wire


@pytest.fixture
async def far(wire: Wire, clock: Clock) -> AsyncIterator[AsyncTape]:
    """A tape at the far end of a wire that can be cut."""
    async with AsyncTape(wire.dsn, clock, "far", codec=CODEC) as tape:
        await tape.append([entry("begun", 0, 0)])
        yield tape


async def until(wish: object, seconds: float = 5.0) -> None:
    assert callable(wish)
    async with asyncio.timeout(seconds):
        while not wish():
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("cut", [Cut.BEFORE, Cut.MIDST, Cut.AFTER])
async def test_a_batch_whose_answer_is_lost_is_stored_exactly_once(
    cut: Cut, far: AsyncTape, wire: Wire, reader: Reader
) -> None:
    for after in range(5):
        wire.cut = cut
        assert await far.append([entry("a", after, after)]) == after + 2
    assert wire.cuts == 5
    assert counts(reader.facts(1, 10)) == [0, 1, 2, 3, 4]


async def test_a_try_that_arrives_after_its_repetition_changes_nothing(
    far: AsyncTape, wire: Wire, reader: Reader, database: Database
) -> None:
    wire.cut = Cut.LATE
    await far.append([entry("a", 0, 1)])
    wire.release()
    await asyncio.sleep(0.1)
    await far.append([entry("a", 1, 2)])
    assert counts(reader.facts(1, 10)) == [1, 2]
    with connect(database.dsn) as connection:
        assert verify(connection).sound


async def test_a_try_that_arrives_after_its_refusal_changes_nothing(
    far: AsyncTape, tape: AsyncTape, wire: Wire, reader: Reader
) -> None:
    wire.cut = Cut.LATE
    late = asyncio.create_task(far.append([entry("a", 0, 1), entry("b", 0, 1)]))
    await until(lambda: wire.cuts)
    wire.cut = Cut.DOWN
    await tape.append([entry("a", 0, 7)])
    wire.cut = Cut.NEVER
    with pytest.raises(Stale) as stale:
        await late
    assert stale.value.entries == {0}
    wire.release()
    await asyncio.sleep(0.1)
    assert counts(reader.facts(1, 10)) == [7]


async def test_two_writers_share_a_tape_and_lose_nothing(
    tape: AsyncTape, database: Database, reader: Reader
) -> None:
    async def write(writer: AsyncTape, name: str) -> list[int]:
        firsts = []
        for after in range(0, 60, 2):
            firsts.append(await writer.append([entry(name, after, after, after + 1)]))
        return firsts

    async with AsyncTape(database.dsn, Clock(), "other", codec=CODEC) as other:
        mine, theirs = await asyncio.gather(write(tape, "a"), write(other, "b"))
    assert sorted(mine + theirs) == list(range(1, 121, 2))
    facts = reader.facts(0, 200)
    for name in ("a", "b"):
        assert counts([fact for fact in facts if fact.stream == name]) == list(range(60))
    with connect(database.dsn) as connection:
        assert str(verify(connection)).startswith("120 facts, chain ok")


async def test_of_two_writers_of_one_stream_the_later_looks_again(
    tape: AsyncTape, database: Database, reader: Reader
) -> None:
    async def write(writer: AsyncTape, n: int) -> None:
        for _ in range(20):
            while True:
                version, tally = await writer.load("a", Tally)
                assert version == tally.total
                with contextlib.suppress(Stale):
                    await writer.append([entry("a", version, 1)])
                    break

    async with AsyncTape(database.dsn, Clock(), "other", codec=CODEC) as other:
        await asyncio.gather(write(tape, 1), write(other, 2))
    assert [fact.version for fact in reader.facts(0, 100)] == list(range(1, 41))


async def test_an_entry_decided_on_facts_that_failed_is_stale_though_others_took_their_place(
    tape: AsyncTape, database: Database
) -> None:
    await tape.load("a", Tally)
    async with AsyncTape(database.dsn, Clock(), "other", codec=CODEC) as other:
        await other.append([entry("a", 0, 7)])
    with pytest.raises(Stale):  # it follows a version 1 that this writer never stored nor read
        await tape.append([entry("a", 1, 9)])
    await tape.load("a", Tally)
    assert await tape.append([entry("a", 1, 9)]) == 2


async def test_a_backend_that_dies_idle_is_replaced_unnoticed(
    tape: AsyncTape, database: Database, reader: Reader
) -> None:
    for after in range(3):
        await tape.append([entry("a", after, after)])
        terminate_backends(database)
    assert tape.available
    assert counts(reader.facts(0, 10)) == [0, 1, 2]


async def test_while_the_database_is_away_new_batches_are_refused_at_once(
    far: AsyncTape, wire: Wire, reader: Reader
) -> None:
    wire.cut = Cut.DOWN
    await wire.fall_silent()
    began = time.monotonic()
    with pytest.raises(Unavailable):
        await far.append([entry("a", 0, 1)])
    assert time.monotonic() - began < 1.5
    assert not far.available
    with pytest.raises(Unavailable):
        await far.load("a", Tally)
    with pytest.raises(Unavailable):
        await far.ping()
    wire.cut = Cut.NEVER
    await until(lambda: far.available)  # it looks for the database by itself
    assert await far.append([entry("a", 0, 1)]) == 2
    await far.ping()
    assert (await far.load("a", Tally))[0] == 1
    assert counts(reader.facts(1, 10)) == [1]


async def test_a_batch_of_unknown_fate_waits_for_the_database_and_new_ones_do_not(
    far: AsyncTape, wire: Wire, reader: Reader
) -> None:
    wire.cut = Cut.AFTER
    waiting = asyncio.create_task(far.append([entry("a", 0, 1)]))
    await until(lambda: wire.cuts)
    wire.cut = Cut.DOWN
    await until(lambda: not far.available)
    with pytest.raises(Unavailable):
        await asyncio.wait_for(far.append([entry("b", 0, 2)]), 0.5)
    assert not waiting.done()
    wire.cut = Cut.NEVER
    assert await asyncio.wait_for(waiting, 5) == 2
    assert await far.append([entry("b", 0, 2)]) == 3
    assert counts(reader.facts(1, 10)) == [1, 2]


async def test_a_batch_in_doubt_does_not_hold_up_the_end_and_is_not_called_unstored(
    far: AsyncTape, wire: Wire, reader: Reader
) -> None:
    wire.cut = Cut.AFTER
    waiting = asyncio.create_task(far.append([entry("a", 0, 1)]))
    await until(lambda: wire.cuts)
    wire.cut = Cut.DOWN
    await until(lambda: not far.available)
    await asyncio.wait_for(far.close(), 2)
    with pytest.raises(Unavailable, match="OUTCOME_UNKNOWN"):
        await waiting
    assert counts(reader.facts(1, 10)) == [1]


async def test_a_caller_who_leaves_in_the_midst_does_not_harm_the_next(
    tape: AsyncTape, database: Database, reader: Reader
) -> None:
    await tape.append([entry("a", 0, 0)])
    for after in range(1, 20):
        leaving = asyncio.create_task(tape.append([entry(f"left{after}", 0, 100)]))
        await asyncio.sleep(after / 10_000)
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
        await tape.append([entry("a", after, after)])
    assert counts(list(reader.stream("a"))) == list(range(20))
    with connect(database.dsn) as connection:
        assert verify(connection).sound


async def test_what_the_database_refuses_for_other_reasons_is_not_stored_and_said_so(
    tape: AsyncTape, database: Database, reader: Reader
) -> None:
    await tape.append([entry("a", 0, 1)])
    with psycopg.connect(database.admin_dsn, autocommit=True) as admin:
        admin.execute("BEGIN")
        admin.execute("LOCK es.head")
        login = psycopg.conninfo.conninfo_to_dict(database.dsn)["user"]
        with psycopg.connect(database.admin_dsn, autocommit=True) as other:
            other.execute(f"ALTER ROLE {login} SET lock_timeout = '200ms'")
            try:
                async with AsyncTape(database.dsn, Clock(), "other", codec=CODEC) as impatient:
                    with pytest.raises(Unavailable):
                        await impatient.append([entry("b", 0, 2)])
                    admin.execute("ROLLBACK")
                    assert impatient.available
                    assert await impatient.append([entry("b", 0, 2)]) == 2
            finally:
                other.execute(f"ALTER ROLE {login} RESET lock_timeout")
    assert counts(reader.facts(0, 10)) == [1, 2]


async def test_snapshots_shorten_the_way_and_are_ignored_when_the_program_changed(
    tape: AsyncTape, database: Database
) -> None:
    await tape.append([entry("a", 0, *range(1, 601))])
    await tape.load("a", Tally)
    with psycopg.connect(database.admin_dsn, autocommit=True) as admin:
        query = "SELECT version FROM es.snapshot WHERE stream = 'a'"
        await until(lambda: admin.execute(query).fetchone() == (600,))
        forged = '{"total":-1,"seen":{},"names":{}}'
        admin.execute("UPDATE es.snapshot SET state = %s", [forged])
        assert (await tape.load("a", Tally))[1].total == -1  # so it is the snapshot that is read
        admin.execute("UPDATE es.snapshot SET fingerprint = 'of another program'")
        assert (await tape.load("a", Tally))[1].total == 600 * 601 // 2

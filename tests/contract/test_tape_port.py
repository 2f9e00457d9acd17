"""What dispatch may rely on, of the tape in Postgres and of the one in memory alike."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import pytest

from adapters.tape import AsyncTape, MemoryTape, Reader
from commands.base import Stale, Tape
from tests.contract.tally import CODEC, EPOCH, Clock, Counted, Tally, claim, counts, entry

pytestmark = pytest.mark.anyio


class Both:
    """A tape, and what it answers to those who read it by position."""

    def __init__(self, tape: Tape, read: Reader | MemoryTape) -> None:
        self.tape = tape
        self.read = read


@pytest.fixture(params=["memory", "postgres"])
def both(request: pytest.FixtureRequest) -> Iterator[Both]:
    if request.param == "memory":
        memory: MemoryTape = request.getfixturevalue("memory_tape")
        yield Both(memory, memory)
    else:
        reader: Reader = request.getfixturevalue("reader")
        tape: AsyncTape = request.getfixturevalue("tape")
        yield Both(tape, reader)


async def test_facts_stand_in_the_order_they_were_appended_without_a_gap(both: Both) -> None:
    assert await both.tape.append([entry("a", 0, 1, 2), entry("b", 0, 3)]) == 1
    assert await both.tape.append([entry("a", 2, 4)]) == 4
    facts = both.read.facts(0, 10)
    assert counts(facts) == [1, 2, 3, 4]
    assert [fact.position for fact in facts] == [1, 2, 3, 4]
    assert [(fact.stream, fact.version) for fact in facts] == [
        ("a", 1), ("a", 2), ("b", 1), ("a", 3)
    ]  # fmt: skip
    assert both.read.head().position == 4


async def test_a_fact_comes_back_with_its_whole_envelope(both: Both) -> None:
    written = entry("a", 0, 1)
    await both.tape.append([written])
    (fact,) = both.read.facts(0, 10)
    assert fact.meta == written.meta
    assert (fact.event,) == written.facts
    (row,) = both.read.rows(0, 10)
    assert (row.code, row.type, row.schema_version) == ("test", "Counted", 1)
    assert row.payload == '{"n":1,"price":"1.10"}'


async def test_pages_begin_after_a_position(both: Both) -> None:
    await both.tape.append([entry("a", 0, *range(10))])
    assert counts(both.read.facts(3, 4)) == [3, 4, 5, 6]
    assert both.read.facts(10, 4) == []


async def test_an_entry_whose_stream_moved_on_is_stale_and_nothing_is_stored(both: Both) -> None:
    await both.tape.append([entry("a", 0, 1), entry("b", 0, 1)])
    with pytest.raises(Stale) as stale:
        await both.tape.append([entry("c", 0, 9), entry("a", 0, 9), entry("b", 1, 9)])
    assert stale.value.entries == {1}
    assert both.read.head().position == 2
    assert await both.tape.append([entry("b", 1, 9)]) == 3


async def test_what_follows_a_stale_entry_in_its_stream_is_stale_too(both: Both) -> None:
    await both.tape.append([entry("a", 0, 1)])
    with pytest.raises(Stale) as stale:
        await both.tape.append([entry("a", 0, 9), entry("b", 0, 9), entry("a", 1, 9)])
    assert stale.value.entries == {0, 2}


async def test_an_entry_beyond_the_end_of_its_stream_is_stale(both: Both) -> None:
    await both.tape.append([entry("a", 0, 1)])
    with pytest.raises(Stale) as stale:
        await both.tape.append([entry("a", 2, 9)])
    assert stale.value.entries == {0}


async def test_a_stream_tells_how_far_it_is(both: Both) -> None:
    assert await both.tape.version("a") == 0
    await both.tape.append([entry("a", 0, 1, 2), entry("b", 0, 3)])
    assert await both.tape.version("a") == 2
    assert await both.tape.version("b") == 1


async def test_a_claim_is_kept_with_the_facts_of_its_answer(both: Both) -> None:
    assert await both.tape.claimed(claim(7).key) is None
    await both.tape.append([entry("b", 0, 5), entry("a", 0, 1, 2, claim=claim(7, 70))])
    answer = await both.tape.claimed(claim(7).key)
    assert answer is not None
    fingerprint, facts = answer
    assert fingerprint == claim(7, 70).fingerprint
    assert counts(facts) == [1, 2]
    assert [fact.position for fact in facts] == [2, 3]
    assert await both.tape.claimed(claim(8).key) is None


async def test_a_claim_is_taken_once(both: Both) -> None:
    await both.tape.append([entry("a", 0, 1, claim=claim(7))])
    with pytest.raises(Stale) as stale:
        await both.tape.append([entry("b", 0, 1), entry("c", 0, 1, claim=claim(7))])
    assert stale.value.entries == {1}
    with pytest.raises(Stale) as stale:
        await both.tape.append([entry("b", 0, 1, claim=claim(9)), entry("c", 0, 1, claim=claim(9))])
    assert stale.value.entries == {1}
    assert both.read.head().position == 1


async def test_a_stream_without_facts_has_version_0_and_the_state_before_any(both: Both) -> None:
    assert await both.tape.load("a", Tally) == (0, Tally())


async def test_a_stream_is_loaded_as_its_facts_folded(both: Both) -> None:
    await both.tape.append([entry("a", 0, 1, 2), entry("b", 0, 5), entry("a", 2, 3)])
    version, tally = await both.tape.load("a", Tally)
    assert (version, tally.total) == (3, 6)


async def test_a_long_stream_is_loaded_the_same_with_and_without_a_snapshot(both: Both) -> None:
    await both.tape.append([entry("a", 0, *range(1, 1251))])
    first = await both.tape.load("a", Tally)
    assert (first[0], first[1].total) == (1250, 1250 * 1251 // 2)
    await both.tape.append([entry("a", 1250, 7)])
    await asyncio.sleep(0.2)  # a snapshot is saved behind our back
    version, tally = await both.tape.load("a", Tally)
    assert (version, tally.total) == (1251, first[1].total + 7)
    assert tally.names == first[1].names
    assert tally.seen == first[1].seen


async def test_a_stream_can_be_read_as_of_a_position(both: Both) -> None:
    for n in range(5):
        await both.tape.append([entry("a", n, n), entry("b", n, n)])
    assert counts(list(both.read.stream("a", 6))) == [0, 1, 2]
    assert counts(list(both.read.stream("a", 5))) == [0, 1, 2]
    assert counts(list(both.read.stream("a", 4))) == [0, 1]
    assert counts(list(both.read.stream("a"))) == [0, 1, 2, 3, 4]
    assert list(both.read.stream("c")) == []


async def test_a_stream_can_be_read_as_of_a_moment(both: Both) -> None:
    for n in range(5):
        await both.tape.append([entry("a", n, n)])  # recorded a second after each other
    assert counts(list(both.read.stream("a", EPOCH + timedelta(seconds=3)))) == [0, 1, 2]
    assert counts(list(both.read.stream("a", EPOCH))) == []


async def test_time_on_the_tape_never_runs_back(both: Both, clock: Clock) -> None:
    await both.tape.append([entry("a", 0, 1)])
    clock.now -= timedelta(hours=1)
    await both.tape.append([entry("a", 1, 2)])
    first, second = both.read.facts(0, 10)
    assert second.recorded_at == first.recorded_at


async def test_appends_at_the_same_moment_take_turns(both: Both) -> None:
    firsts = await asyncio.gather(*(both.tape.append([entry(f"s{n}", 0, n, n)]) for n in range(20)))
    assert sorted(firsts) == list(range(1, 41, 2))
    assert {fact.event for fact in both.read.facts(0, 100)} == {Counted(n) for n in range(20)}


async def test_both_tapes_seal_the_same_facts_with_the_same_hash(
    tape: AsyncTape, reader: Reader
) -> None:
    memory = MemoryTape(Clock(), "test", CODEC)
    for after in range(3):
        entries = [entry("a", after, 1), entry(f"ü\n\"'{after}", 0, 2)]
        await tape.append(entries)
        await memory.append(entries)
    assert reader.head() == memory.head()
    assert reader.rows(0, 10) == memory.rows(0, 10)

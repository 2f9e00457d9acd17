"""The oracles: each looks at the evidence and yields what is wrong, in a sentence each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

from tests.chaos.books import the_books_balance
from tests.chaos.evidence import Evidence
from tests.chaos.mirrors import (
    jetstream_equals_the_tape,
    no_secret_is_told,
    read_models_equal_a_replay,
    the_chain_verifies,
)
from tests.chaos.promises import (
    every_answer_is_one_a_client_can_use,
    mirrors_cost_no_command,
    nothing_acknowledged_is_lost,
    nothing_is_done_twice,
    nothing_is_left_undone,
    the_order_is_that_of_time,
    what_was_told_is_seen,
)

Oracle = Callable[[Evidence], Iterator[str]]

ORACLES: tuple[Oracle, ...] = (
    nothing_acknowledged_is_lost,
    nothing_is_done_twice,
    the_order_is_that_of_time,
    read_models_equal_a_replay,
    the_books_balance,
    the_chain_verifies,
    jetstream_equals_the_tape,
    no_secret_is_told,
    what_was_told_is_seen,
    every_answer_is_one_a_client_can_use,
    mirrors_cost_no_command,
    nothing_is_left_undone,
)
SHOWN = 20


def findings(oracle: Oracle, evidence: Evidence) -> list[str]:
    """The first things that this oracle finds wrong."""
    return list(islice(oracle(evidence), SHOWN))

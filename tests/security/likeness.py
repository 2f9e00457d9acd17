"""Whether two kinds of requests are answered alike: by status, by words, by headers, by time."""

from __future__ import annotations

import math
import os
import statistics
import time
from collections.abc import Callable, Sequence
from random import Random

import httpx

#: Of each kind: 500 where there is time for it.
TRIES = 500 if os.environ.get("CI") else 40
#: First quartiles apart by no more than this, or by a tenth, or by three of their standard
#: errors where that is more.  (Where others work on the machine, a median falls now among the
#: disturbed and now among the rest.)
BOUND_S, SHARE, ERRORS = 0.005, 0.1, 3
#: Mann-Whitney's U in standard deviations: p > 0.001 that it is chance.
DEVIATIONS_MAX = 3.3
_OF_ONE_REQUEST = ("request_id", "transaction_id", "user_id")
_HEADERS = ("x-request-id", "x-response-time", "date")

Ask = Callable[[], httpx.Response]


def assert_alike(here: Sequence[Ask], away: Sequence[Ask]) -> None:
    """Ask all of them in no order, and compare what comes back and when."""
    asks = [(ask, True) for ask in here] + [(ask, False) for ask in away]
    Random(1).shuffle(asks)
    taken_s: dict[bool, list[float]] = {True: [], False: []}
    answers: dict[bool, set[str]] = {True: set(), False: set()}
    for ask, known in asks:
        began = time.perf_counter()
        answer = ask()
        taken_s[known].append(time.perf_counter() - began)
        answers[known].add(_told(answer))
    said = answers[True] | answers[False]
    assert len(said) == 1, said
    (there, error), (not_there, other) = (_quartile(taken_s[which]) for which in (True, False))
    bound_s = max(BOUND_S, SHARE * not_there, ERRORS * math.hypot(error, other))
    assert abs(there - not_there) < bound_s, (there, not_there, error, other)
    assert deviation(taken_s[True], taken_s[False]) < DEVIATIONS_MAX, (there, not_there)


def _quartile(taken_s: Sequence[float]) -> tuple[float, float]:
    """The first quartile and its standard error, by drawing anew from what was measured."""
    chance = Random(2)
    drawn = [chance.choices(taken_s, k=len(taken_s)) for _ in range(200)]
    quartiles = [statistics.quantiles(one)[0] for one in drawn]
    return statistics.quantiles(taken_s)[0], statistics.stdev(quartiles)


def _told(answer: httpx.Response) -> str:
    """All that an answer says, but for what is of one request."""
    body = {name: said for name, said in answer.json().items() if name not in _OF_ONE_REQUEST}
    headers = {name: said for name, said in answer.headers.items() if name not in _HEADERS}
    lengths = len(answer.content)
    return f"{answer.status_code} {lengths} {sorted(body.items())} {sorted(headers.items())}"


def deviation(one: Sequence[float], other: Sequence[float]) -> float:
    """Mann-Whitney's U in standard deviations from what chance makes of it."""
    wins = sum((a > b) + (a == b) / 2 for a in one for b in other)
    pairs = len(one) * len(other)
    spread = math.sqrt(pairs * (len(one) + len(other) + 1) / 12)
    return abs(wins - pairs / 2) / spread

"""Garbage: what Python looks through for cycles, and how often."""

from __future__ import annotations

import gc

#: Allocations before the young are looked through, and how many times that for the older.
YOUNG, MIDDLE, OLD = 20_000, 50, 1000


def spare_what_stays() -> None:
    """
    Leave alone what was made by now, and look through the rest less often.

    States and facts are frozen and have no cycles, but there are very many of them: looking
    through them again and again was most of what a command cost.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)

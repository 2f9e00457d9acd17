"""
``make bench``: measure the budgets side by side, print one table, write build/bench.json.

A budget that is missed is told, and is no error: the machine may have been busy.
"""

from __future__ import annotations

import argparse
import sys
from time import perf_counter

from tests.bench import doors, flood, folding, market, reading, ticking, whole, writing
from tests.bench.budgets import BUDGETS, Figure, line, table, write
from tests.bench.stage import BUILD, Stage

#: In this order: what stops the stage's Postgres comes last.
GROUPS = (folding, ticking, market, writing, reading, doors, flood, whole)


def main(argv: list[str] | None = None) -> int:
    asked = _asked(argv)
    began = perf_counter()
    found = run(asked)
    print(f"\n{table(found)}\n\n{perf_counter() - began:.0f} s, written to build/bench.json")
    write(found, BUILD / "bench.json")
    return 0


def run(asked: frozenset[str], scale: float = 1.0) -> list[Figure]:
    """The figures asked for, in the order of the budgets; ``scale`` shortens every round."""
    figures: list[Figure] = []
    with Stage() as stage:
        for group in GROUPS:
            wanted = asked & frozenset(group.IDS)
            for each in group.measure(stage, wanted, scale) if wanted else ():
                figures.append(each)
                print("  ".join(filter(None, line(each))), file=sys.stderr, flush=True)
    return sorted(figures, key=lambda each: list(BUDGETS).index(each.id))


def _asked(argv: list[str] | None) -> frozenset[str]:
    parser = argparse.ArgumentParser("bench", description=__doc__)
    parser.add_argument("--only", default="", help="comma list of " + ", ".join(BUDGETS))
    only = parser.parse_args(argv).only.upper().replace(" ", "")
    asked = frozenset(filter(None, only.split(","))) or frozenset(BUDGETS)
    if unknown := asked - BUDGETS.keys():
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    return asked


if __name__ == "__main__":
    sys.exit(main())

"""``make session``: fifty accounts, twenty thousand orders of all types, one real day."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import adapters.tape
from adapters.postgres import migrate
from tests import servers
from tests.session.day import MarketDay, recorded
from tests.session.proof import faults

TAPE = sorted(Path(adapters.tape.__file__).parent.glob("*.sql"))


def main() -> int:
    asked = argparse.ArgumentParser(prog="make session")
    asked.add_argument("--accounts", type=int, default=50)
    asked.add_argument("--orders", type=int, default=20_000)
    asked.add_argument("--seed", type=int, default=1)
    chosen = asked.parse_args()
    began = perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        day = MarketDay(recorded(Path(folder)), chosen.accounts, chosen.seed)
        day.run(chosen.orders)
    print(f"{day.placed} orders, {len(day.facts)} facts in {perf_counter() - began:.0f} s")
    for counted in (day.kinds, day.seen, day.refused):
        print(", ".join(f"{count} {name}" for name, count in counted.most_common()))
    with servers.postgres() as database:
        migrate(database.admin_dsn, TAPE)
        wrong = faults(database, day)
    wrong += [f"no {what} in it" for what in sorted(day.lacking())]
    print("\n".join(wrong) or "every invariant holds, every read model equals a replay")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

"""
The long form: as many deaths as you like, of everybody in turn.

    python -m tests.chaos --kills 200 --seed 7

Prints the figures and what the oracles found; exits 1 if they found anything.  With ``--keep``
the history stays behind as JSON, for whoever wants to know more.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import get_args

import msgspec

from tests.chaos import campaign
from tests.chaos.campaign import Plan
from tests.chaos.evidence import gathered
from tests.chaos.figures import figures
from tests.chaos.history import Target
from tests.chaos.load import Manners
from tests.chaos.oracles import ORACLES, findings


def main() -> int:
    asked = _parser().parse_args()
    targets: tuple[Target, ...] = tuple(asked.only or get_args(Target))
    kills = {
        target: len(range(nth, asked.kills, len(targets))) for nth, target in enumerate(targets)
    }
    plan = Plan(
        seed=asked.seed,
        kills=kills,
        traders=asked.traders,
        hurry=asked.hurry,
        rest_s=asked.rest,
        manners=Manners(pause_s=asked.pause),
    )
    with tempfile.TemporaryDirectory(prefix="papertape-") as folder:
        aftermath = campaign.run(Path(folder), plan, lambda line: print(line, file=sys.stderr))
        if asked.keep:
            asked.keep.write_bytes(msgspec.json.encode(aftermath.history))
        with gathered(aftermath) as evidence:
            found = {oracle.__name__: findings(oracle, evidence) for oracle in ORACLES}
            facts = len(evidence.tape)
    wrong = {name: each for name, each in found.items() if each}
    told = {"seed": asked.seed, "facts": facts, **figures(aftermath.history), "wrong": wrong}
    print(json.dumps(told, indent=2))
    return 1 if wrong else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m tests.chaos", description=__doc__.split("\n")[1])
    parser.add_argument("--kills", type=int, default=200, help="how many in all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="*", choices=get_args(Target), help="who is killed")
    parser.add_argument("--traders", type=int, default=24)
    parser.add_argument("--hurry", type=float, default=0.25, help="share of deaths in a row")
    parser.add_argument("--rest", type=float, default=0.8, help="most seconds between deaths")
    parser.add_argument("--pause", type=float, default=0.04, help="most seconds between wishes")
    parser.add_argument("--keep", type=Path, help="a file for the history")
    return parser


if __name__ == "__main__":
    sys.exit(main())

"""
``make mutants``: what decides about money is spoilt in every small way, and a test must notice.

Survivors that change nothing, or that nothing could notice, are in ``mutants.txt`` with the
reason; any other fails.  mutmut works in ``mutants/``; the modules and the tests are named in
pyproject.toml.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

ACCEPTED = Path(__file__).with_suffix(".txt")
SPLIT = " | "


def accepted(lines: Iterable[str]) -> dict[tuple[str, str], str]:
    """(function, change) -> reason; the heading of a reason stands above its mutants."""
    found: dict[tuple[str, str], str] = {}
    reason = ""
    for line in lines:
        text = line.rstrip("\n")
        if text.startswith("## "):
            reason = text[3:]
        elif text and not text.startswith("#"):
            function, _, change = text.partition(SPLIT)
            assert reason, f"no reason for {text}"
            found[function, change] = reason
    return found


def changed(diff: str) -> str:
    """The lines of a diff that differ, in one line."""
    lines = (
        line for line in diff.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")
    )
    return " => ".join(f"{line[0]} {' '.join(line[1:].split())}" for line in lines)


def survivors(told: str) -> Iterator[tuple[str, str]]:
    """What ``mutmut results`` names, each with its change."""
    from mutmut.mutation.diff_apply import get_diff_for_mutant

    for line in told.splitlines():
        name, _, verdict = line.strip().rpartition(": ")
        if verdict in {"survived", "suspicious", "no tests"}:
            yield name.partition("__mutmut")[0], changed(str(get_diff_for_mutant(name)))


def main() -> int:
    environment = {**os.environ, "MUTANTS": "1"}
    mutmut = Path(sys.executable).with_name("mutmut")
    run = [str(mutmut), "run", "--max-children", "1", *sys.argv[1:]]
    status = subprocess.run(run, env=environment, check=False).returncode
    if status:
        return status
    told = subprocess.run([str(mutmut), "results"], capture_output=True, text=True, check=True)
    known = accepted(ACCEPTED.read_text().splitlines())
    new = [found for found in survivors(told.stdout) if found not in known]
    for function, change in new:
        print(f"{function}{SPLIT}{change}")
    print(f"{len(new)} survivors without a reason, {len(known)} with one")
    return 1 if new else 0


if __name__ == "__main__":
    sys.exit(main())

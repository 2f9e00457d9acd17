"""``papertape bench``: the budgets, measured side by side; it runs from a checkout."""

from __future__ import annotations

import subprocess
import sys
from argparse import Namespace
from importlib.util import find_spec

from adapters.settings import Settings


def run(settings: Settings, asked: Namespace) -> int:
    if find_spec("tests") is None or find_spec("tests.bench") is None:
        print("papertape: bench runs from a checkout: make bench", file=sys.stderr)
        return 1
    command = [sys.executable, "-m", "tests.bench", *(["--only", asked.only] if asked.only else [])]
    return subprocess.run(command, check=False).returncode  # noqa: S603

"""The contracts between the rooms (pyproject.toml) hold, and a wrong import breaks them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tests.architecture.source import ROOMS, ROOT

#: Where a wrong line is written, the line, and what is said of it.
WRONG = {
    "domain/money.py": ("import commands", "domain is not allowed to import commands"),
    "projections/__init__.py": ("import commands", "projections is not allowed to import commands"),
    "commands/__init__.py": ("import projections", "commands is not allowed to import projections"),
    "domain/market.py": ("import domain.trading", "domain.market is not allowed to import"),
    "domain/identity.py": ("import psycopg", "domain is not allowed to import psycopg"),
    "projections/base.py": ("import nats", "projections is not allowed to import nats"),
    "adapters/settings.py": ("import litestar", "adapters is not allowed to import litestar"),
    "domain/weather.py": ("", "domain.weather"),  # a context that nobody placed
}


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    program = "import sys; from importlinter.cli import lint_imports_command as c; sys.exit(c())"
    return subprocess.run(
        [sys.executable, "-c", program, "--no-cache"],
        cwd=folder,
        env={"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_import_points_in_the_right_direction() -> None:
    linted = lint_imports(ROOT)
    assert linted.returncode == 0, linted.stdout


def test_an_import_in_the_wrong_direction_breaks_its_contract(tmp_path: Path) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for room in ROOMS:
        shutil.copytree(ROOT / room, tmp_path / room)
    for module, (line, _) in WRONG.items():
        with (tmp_path / module).open("a") as file:
            file.write(f"\n{line}\n")
    linted = lint_imports(tmp_path)
    assert linted.returncode == 1
    assert "0 kept, 5 broken" in linted.stdout
    assert [said for _, said in WRONG.values() if said not in linted.stdout] == []

"""What is committed works on another machine: no path, no host, every download held by its hash."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.source import ROOMS, ROOT, kept_texts

MACHINE_PATH = re.compile(
    r"(?:^|[^A-Za-z0-9_.$}])/(?:work|farm|root|home/[a-z]+|tmp/pt)/[a-z.]", re.M
)
INDEX_HOST = re.compile(r"--(?:extra-)?index-url|://(?:files|pypi)\.python")
LOCKS = ("requirements.lock", "requirements-dev.lock")
PINNED = re.compile(
    r"(?P<name>[a-z0-9.-]+)==[\w.]+(?: ; [^\\]+)?(?: \\\n    --hash=sha256:[0-9a-f]{64})+\n"
)


def betrays_its_machine(text: str) -> Iterator[str]:
    for pattern in (MACHINE_PATH, INDEX_HOST):
        yield from (match.group() for match in pattern.finditer(text))


def unpinned(lock: str) -> str:
    """What is left of a lock without its comments and its pins: nothing, if it is sound."""
    return PINNED.sub("", re.sub(r"^#.*\n", "", lock, flags=re.M))


def names(lock: str) -> set[str]:
    return {match["name"] for match in PINNED.finditer((ROOT / lock).read_text())}


def test_no_file_knows_the_machine_it_was_written_on() -> None:
    broken = [
        f"{name}: {found}" for name, text in kept_texts() for found in betrays_its_machine(text)
    ]
    assert not broken, "\n".join(broken)


@pytest.mark.parametrize(
    "text", ["cd /" + "root/data", "--extra-index" + "-url x", '"/' + 'home/ada/x"']
)
def test_a_machine_in_a_file_is_found(text: str) -> None:
    assert list(betrays_its_machine(text))


@pytest.mark.parametrize("lock", [*LOCKS, "tests/bench/peers/requirements.txt"])
def test_every_download_is_pinned_and_held_by_its_hash(lock: str) -> None:
    assert unpinned((ROOT / lock).read_text()) == ""


@pytest.mark.parametrize(
    "line",
    ["rich>=15\n", "rich==15.0.0\n", "rich @ https://example.com/rich.whl\n", "--find-links x\n"],
)
def test_a_download_that_is_not_held_is_found(line: str) -> None:
    assert unpinned(line) == line


def test_the_service_runs_without_the_tools_of_development() -> None:
    runtime, development = map(names, LOCKS)
    assert runtime < development
    assert not runtime & {"pytest", "hypothesis", "ruff", "mypy", "detect-secrets", "pycryptodome"}


def test_the_menu_lists_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = re.findall(r"^([a-z]+):", makefile, re.M)
    assert {"install", "run", "test", "check", "bench", "demo"} <= set(targets)
    menu = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert re.findall(r"^  make ([a-z]+) +\S", menu.stdout, re.M) == targets


def test_the_wheel_holds_the_rooms_with_their_data_and_nothing_else(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    [wheel] = tmp_path.glob("*.whl")
    inside = set(zipfile.ZipFile(wheel).namelist())
    assert {name.split("/")[0] for name in inside} == {*ROOMS, "papertape-0.1.0.dist-info"}
    data = {name for name, _ in kept_texts() if name.split("/")[0] in ROOMS}
    assert data <= inside

"""The checklist of attacks says of each row which tests try it, or why none does."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.source import ROOT

CHECKLIST = ROOT / "tests" / "security" / "checklist.md"
ROWS = 100
LEFT = "left: "
REASON_MIN = 15


def rows(text: str) -> list[tuple[str, str]]:
    """The id of each row and what it says last: by what it is tried, or why it is left."""
    return re.findall(r"^\| (S\d+) \|.*\| (.*?) \|$", text, re.MULTILINE)


def names_of_tests() -> set[str]:
    """The names of all tests there are."""
    return {
        node.name
        for path in (ROOT / "tests").rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
    }


def faults(text: str, known: set[str]) -> Iterator[str]:
    found = rows(text)
    wanted = [f"S{number:02}" for number in range(1, ROWS + 1)]
    if [id_ for id_, _ in found] != wanted:
        yield "not every row once and in order"
    for id_, said in found:
        if said.startswith(LEFT):
            if len(said) < len(LEFT) + REASON_MIN and " as " not in said:
                yield f"{id_} gives no reason"
            continue
        for name in said.split(", "):
            if name not in known:
                yield f"{id_} names {name!r}"


def test_every_row_is_tried_by_tests_that_there_are_or_says_why_not() -> None:
    assert list(faults(CHECKLIST.read_text(), names_of_tests())) == []


def test_no_test_of_a_row_is_forgotten() -> None:
    """Who names a row in the name of a test has the row name the test, or one beside it."""
    named = {id_ for id_, said in rows(CHECKLIST.read_text()) if not said.startswith(LEFT)}
    path = Path("tests/security")
    tried = {
        f"S{number}"
        for each in (ROOT / path).glob("test_*.py")
        for number in re.findall(r"def test_s(\d\d+)_", each.read_text())
    }
    assert tried - named == set()


@pytest.mark.parametrize(
    "broken",
    [
        ("| S01 |", "| S1 |"),
        ("test_s03_a_password", "test_s03_a_pass_word"),
        ("left: no door takes webhooks yet", "left: later"),
        ("left: no door takes webhooks yet", ""),
    ],
)
def test_a_row_that_says_nothing_is_found(broken: tuple[str, str]) -> None:
    text = CHECKLIST.read_text().replace(*broken)
    assert text != CHECKLIST.read_text()
    assert list(faults(text, names_of_tests())) != []

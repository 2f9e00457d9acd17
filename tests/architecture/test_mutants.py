"""The list of accepted mutants says why each is accepted, and of code that is there."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tests.mutants import ACCEPTED, accepted, changed

ROOT = Path(__file__).parents[2]


def test_every_accepted_mutant_has_a_reason_and_a_module_that_is_run() -> None:
    mutmut = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mutmut"]
    run = {path.removesuffix(".py").replace("/", ".") for path in mutmut["only_mutate"]}
    known = accepted(ACCEPTED.read_text().splitlines())
    assert known
    for function, change in known:
        assert function.rpartition(".")[0] in run, function
        assert change.startswith("- "), change


def test_what_is_named_for_mutants_exists() -> None:
    mutmut = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mutmut"]
    for path in (*mutmut["only_mutate"], *mutmut["pytest_add_cli_args_test_selection"]):
        assert (ROOT / path).is_file(), path


def test_a_mutant_without_a_reason_is_refused() -> None:
    with pytest.raises(AssertionError, match="no reason"):
        accepted(["domain.trading.cost.x_traded | - a => + b"])


def test_a_change_is_told_in_one_line() -> None:
    assert changed("--- a\n+++ b\n@@ -1 +1 @@\n-    return  1\n+    return 2\n") == (
        "- return 1 => + return 2"
    )

"""The tour goes through to its end, on a service of its own."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.service import environment, papertape


def test_the_tour_trades_looks_back_and_catches_a_forger(tmp_path: Path) -> None:
    env = environment(tmp_path / "data", COLUMNS="80")
    tour = papertape("demo", "--orders", "9", env=env, cwd=tmp_path, seconds=300)
    assert tour.returncode == 0, tour.stdout + tour.stderr
    said = tour.stdout
    for part in ("1. Three traders", "2. A session", "3. What came", "4. ", "5. Proof"):
        assert part in said
    assert "9 orders: " in said
    assert "FUNDS_INSUFFICIENT, which is on the tape as well" in said
    assert "equity curve" in said
    assert "facts, chain ok, head " in said
    assert said.rstrip().endswith("Caught.")
    assert "…" not in said, "nothing is cut short in 80 columns"
    assert not (tmp_path / "data").exists(), "the tour leaves nothing behind"

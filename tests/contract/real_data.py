"""Recorded days of real markets, which the tests need and the product does not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

DATA = Path(
    os.environ.get(
        "PAPERTAPE_MARKET_DATA", Path(__file__).parents[3] / "shared" / "data" / "market"
    )
)


def demand_real_data() -> Path:
    """Where it is; a test without it is loudly left out, and fails where it must run (CI)."""
    if not DATA.is_dir():
        left_out = f"LEFT OUT: no real market data at {DATA} (set PAPERTAPE_MARKET_DATA)"
        if os.environ.get("CI", "").lower() in ("1", "true"):
            pytest.fail(left_out)
        pytest.skip(left_out)
    return DATA

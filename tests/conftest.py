"""Test settings for the whole house."""

from __future__ import annotations

import os
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

import domain

# What may stand on the tape: at most 8 places and a sane size.
st.register_type_strategy(
    Decimal, st.integers(-(10**16), 10**16).map(lambda n: Decimal(n).scaleb(-8))
)

# A deadline measures the machine, not the code; CI looks five times as hard.
settings.register_profile("house", deadline=None)
settings.register_profile(
    "ci", deadline=None, max_examples=500, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("ci" if os.environ.get("CI") else "house")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


assert domain.EVENTS, "importing the domain makes every fact known"

"""Test settings for the whole house."""

from __future__ import annotations

import os
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

import domain
from domain.compliance import ApprovalGranted, ApprovalRequested
from domain.identity.preferences import Level, Preferences, Topic

# What may stand on the tape: at most 8 places and a sane size.
st.register_type_strategy(
    Decimal, st.integers(-(10**16), 10**16).map(lambda n: Decimal(n).scaleb(-8))
)

# The fields of a command that a fact carries: whatever JSON says.
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
for carrier in (ApprovalRequested, ApprovalGranted):
    st.register_type_strategy(
        carrier, st.builds(carrier, arguments=st.dictionaries(st.text(), _JSON, max_size=3))
    )

st.register_type_strategy(
    Preferences,
    st.builds(
        Preferences,
        notifications=st.dictionaries(st.sampled_from(Topic), st.sampled_from(Level)),
    ),
)

# A deadline measures the machine, not the code; CI looks five times as hard.
settings.register_profile("house", deadline=None)
settings.register_profile(
    "ci", deadline=None, max_examples=500, suppress_health_check=[HealthCheck.too_slow]
)
# Against mutants every run must be the same, and nobody reads what breaks them.
settings.register_profile(
    "mutants",
    deadline=None,
    max_examples=20,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate),
    report_multiple_bugs=False,
)
MUTANTS = bool(os.environ.get("MUTANTS"))
settings.load_profile("mutants" if MUTANTS else "ci" if os.environ.get("CI") else "house")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What a green line does not tell."""
    if not Path(sys.executable).with_name("bao").exists():
        line = "NOT TESTED: the vault (tests/vault), for want of an OpenBao: make test-vault"
        terminalreporter.write_line(line, yellow=True, bold=True)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


assert domain.EVENTS, "importing the domain makes every fact known"

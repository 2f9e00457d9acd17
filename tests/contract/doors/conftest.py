"""The doors, and keys that are made once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contract.doors.rig import EXTRA, Doors, doors


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


@pytest.fixture
async def house(keys: Path) -> AsyncIterator[Doors]:
    async with doors(keys, *EXTRA) as opened:
        yield opened

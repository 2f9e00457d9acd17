"""A broker's list of instruments becomes ours: when, and when not."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from commands.market import ImportInstruments
from domain.base import fold
from domain.errors import Illegal
from domain.market import Differences, InstrumentMaster, InstrumentsImported
from tests.spec.trading import NOW


def importing(sha256: str = "aa", **changes: Any) -> ImportInstruments:
    told: dict[str, Any] = {
        "at": NOW,
        "import_id": UUID(int=1),
        "broker": "zerodha",
        "file": "instruments.csv",
        "sha256": sha256,
        "size": 1000,
        "kept": 1000,
        "left_out": {"listed twice": 1},
        "differences": Differences(listed=1000),
        "digest": "dd",
        "as_of": date(2026, 11, 25),
    }
    return ImportInstruments(**(told | changes))


def test_each_list_is_the_next_version_of_its_broker() -> None:
    (first,) = facts = importing().decide(InstrumentMaster())
    assert isinstance(first, InstrumentsImported)
    (second,) = importing("bb").decide(fold(InstrumentMaster(), facts))
    assert isinstance(second, InstrumentsImported)
    assert (first.version, second.version) == (1, 2)


def test_the_same_file_again_changes_nothing() -> None:
    facts = importing().decide(InstrumentMaster())
    assert importing().decide(fold(InstrumentMaster(), facts)) == ()


def test_a_list_that_lost_a_fifth_is_not_believed() -> None:
    master = fold(InstrumentMaster(), importing().decide(InstrumentMaster()))
    assert importing("bb", differences=Differences(suspended=200)).decide(master)
    lossy = {"differences": Differences(suspended=201), "kept": 799}
    with pytest.raises(Illegal, match="INSTRUMENTS_LOST"):
        importing("bb", **lossy).decide(master)
    assert importing("bb", **lossy, accept_losses=True).decide(master)

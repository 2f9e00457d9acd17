"""After kill -9 of every part at any moment: each oracle is satisfied, and could have failed."""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos import campaign, promises, sabotage
from tests.chaos.campaign import Plan
from tests.chaos.evidence import Evidence, gathered
from tests.chaos.history import Target
from tests.chaos.load import Manners
from tests.chaos.oracles import ORACLES, Oracle, findings
from tests.chaos.plants import PLANTS

KILLS: dict[Target, int] = {
    "service": 5, "postgres": 5, "nats": 5, "serve": 2, "project": 2, "backend": 2,
}  # fmt: skip


@pytest.fixture(scope="module")
def evidence() -> Iterator[Evidence]:
    with tempfile.TemporaryDirectory(prefix="papertape-") as folder:
        aftermath = campaign.run(Path(folder), Plan(seed=1, kills=KILLS))
        with gathered(aftermath) as evidence:
            yield evidence


@pytest.fixture(scope="module")
def careless() -> Iterator[Evidence]:
    """Clients without keys who often hang up, on a service that acknowledges too early."""
    manners = Manners(keyed=False, leaving=0.2, patience_s=4.0)
    plan = Plan(seed=1, kills={"postgres": 3}, hurry=0.0, level=False, manners=manners)
    with tempfile.TemporaryDirectory(prefix="papertape-") as folder:
        early = sabotage.acknowledge_before_the_disk_has_it
        aftermath = campaign.run(Path(folder), plan, sabotage=early)
        with gathered(aftermath) as evidence:
            yield evidence


def test_everybody_was_killed_under_load_and_came_back(evidence: Evidence) -> None:
    history = evidence.history
    assert Counter(kill.target for kill in history.kills) == KILLS
    assert all(kill.back_after is not None for kill in history.kills)
    assert len(history.acknowledged) > 10 * len(history.kills)
    attempts = [attempt for op in history.ops for attempt in op.attempts]
    assert any(attempt.status == 503 for attempt in attempts), "nobody ever noticed"
    unknown = [op for op in history.acknowledged if op.attempts[0].status is None]
    assert any(op.attempts[-1].replayed for op in unknown), "no lost answer was of a commit"
    assert history.catch_up_s is not None
    assert history.catch_up_s < 10.0


@pytest.mark.parametrize("oracle", ORACLES, ids=lambda oracle: oracle.__name__)
def test_after_it(oracle: Oracle, evidence: Evidence) -> None:
    assert findings(oracle, evidence) == []


@pytest.mark.parametrize("name", PLANTS)
def test_found_is(name: str, evidence: Evidence) -> None:
    plant, oracles = PLANTS[name]
    with plant(evidence) as planted:
        assert [oracle.__name__ for oracle in oracles if not findings(oracle, planted)] == []


def test_what_the_disk_did_not_have_is_found_to_be_lost(careless: Evidence) -> None:
    found = "\n".join(promises.nothing_acknowledged_is_lost(careless))
    assert re.search("acknowledged at .*(no such position|stands there)", found)


def test_what_is_sent_twice_without_a_key_is_found_to_be_done_twice(careless: Evidence) -> None:
    found = "\n".join(promises.nothing_is_done_twice(careless))
    assert re.search(r"what was asked as \S+ was done \d+ times", found)

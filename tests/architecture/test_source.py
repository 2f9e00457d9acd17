"""The source keeps the rules of the house, and each rule can be broken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.architecture import rules
from tests.architecture.source import ROOMS, ROOT, modules

Rule = Callable[[str], Iterator[str]]

#: Rule, where it holds, and a source that breaks it.
RULES: dict[str, tuple[Rule, list[Path], str]] = {
    "a file says what it is for": (
        rules.says_what_it_is_for,
        modules(*ROOMS, "tests"),
        "import math\n",
    ),
    "a file stays small": (
        rules.stays_small,
        modules(*ROOMS, "tests"),
        "#\n" * 301,
    ),
    "a function fits a screen": (
        rules.functions_fit_a_screen,
        modules(*ROOMS, "tests"),
        "async def f():\n" + "    await g()\n" * 50,
    ),
    "a name says something of the trade": (
        rules.names_say_something,
        modules(*ROOMS),
        "class OrderManager: pass\n",
    ),
    "a fact and a command hold no secret": (
        rules.holds_no_secret,
        modules("domain", "commands"),
        "class ActivateBroker:\n    broker_api_key: str\n",
    ),
    "a secret is compared in constant time": (
        rules.compares_secrets_in_constant_time,
        modules("adapters", "api"),
        "def is_right(given, row):\n    return row.csrf_token == given\n",
    ),
    "a decision knows no clock and no dice": (
        rules.knows_no_clock_and_no_dice,
        modules("domain", "commands", "projections"),
        "from datetime import datetime as dt\nprint(dt.now())\n",
    ),
    "only settings read the environment": (
        rules.leaves_the_environment_alone,
        [path for path in modules(*ROOMS) if path != Path("adapters/settings.py")],
        "import os\nprint(os.environ['HOME'])\n",
    ),
    **{
        f"{room} knows only its tools": (
            partial(rules.knows_only_its_tools, room=room),
            modules(room),
            "def f():\n    from eventsourcing.persistence import Recorder\n",
        )
        for room in rules.TOOLS
    },
}


@pytest.mark.parametrize("name", RULES)
def test_the_house_keeps_its_rules(name: str) -> None:
    rule, paths, _ = RULES[name]
    broken = [f"{path}: {line}" for path in paths for line in rule((ROOT / path).read_text())]
    assert not broken, "\n".join(broken)


@pytest.mark.parametrize("name", RULES)
def test_every_rule_can_be_broken(name: str) -> None:
    rule, _, bad = RULES[name]
    assert list(rule(bad))


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize(
    "body",
    [
        "class Dispatch:\n    claim_key: bytes\n    pinned: bool\n    spins: int\n",
        "class Handled: pass\n",
        "from uuid import UUID\nfrom datetime import datetime\nprint(datetime.min, UUID)\n",
        "import os\nprint(os.sep)\n",
    ],
)
def test_no_rule_is_broken_by_the_innocent(name: str, body: str) -> None:
    rule, _, _ = RULES[name]
    assert list(rule(f'"""What it is for."""\n{body}')) == []


@pytest.mark.parametrize("room", ROOMS)
def test_our_plain_names_are_ours_alone(room: str) -> None:
    """The day a dependency brings a package of this name, Python would choose silently."""
    assert set(packages_distributions().get(room, [])) <= {"papertape"}

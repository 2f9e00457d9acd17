"""The catalogue in README.md is the one that the program prints."""

from __future__ import annotations

import re
from pathlib import Path

from api.catalogue import catalogue, known_commands
from domain.base import Role

README = Path(__file__).parents[2] / "README.md"


def test_the_readme_shows_the_catalogue_as_it_is() -> None:
    found = re.search(r"<!-- catalogue -->\n(.*?)\n<!-- /catalogue -->", README.read_text(), re.S)
    assert found is not None
    assert found[1] == catalogue(), "papertape catalogue prints what belongs there"


def test_every_command_says_what_it_does_and_who_may_ask() -> None:
    for command in known_commands():
        assert command.__doc__, command.__name__
        assert command.allowed in ~Role(0)
        assert command.allowed

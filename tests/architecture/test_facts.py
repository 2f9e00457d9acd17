"""Facts and commands are what the grammar says: all known, well named, never to be changed."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from msgspec import Struct

import commands
import domain
from commands.base import Command
from domain.base import Event


def load_all(room: ModuleType) -> None:
    for module in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
        importlib.import_module(module.name)


def kinds(base: type[Any]) -> Iterator[type[Any]]:
    """Every kind of fact or command that a room defines; what only groups others is none."""
    for kind in of_the_rooms(base):
        if of_the_rooms(kind):
            yield from kinds(kind)
        else:
            yield kind


def of_the_rooms(base: type[Any]) -> list[type[Any]]:
    """A projector makes leaner kinds of its own, which are nobody else's."""
    rooms = ("domain", "commands")
    return [kind for kind in base.__subclasses__() if kind.__module__.split(".")[0] in rooms]


def breaks_the_grammar(kind: type[Struct]) -> Iterator[str]:
    if not kind.__struct_config__.frozen:
        yield f"{kind.__name__} can be changed"
    if kind.__name__.endswith(("Event", "Command")):
        yield f"{kind.__name__} says what it is, not what it means"


load_all(domain)
load_all(commands)
FACTS = list(kinds(Event))
COMMANDS = list(kinds(Command))


def test_the_domain_knows_every_fact_by_its_name() -> None:
    assert {kind.__name__: kind for kind in FACTS} == domain.EVENTS


def test_no_two_facts_or_commands_share_a_name() -> None:
    names = [kind.__name__ for kind in (*FACTS, *COMMANDS)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("kind", [*FACTS, *COMMANDS], ids=lambda kind: kind.__name__)
def test_a_fact_and_a_command_keep_to_the_grammar(kind: type[Struct]) -> None:
    assert list(breaks_the_grammar(kind)) == []


@pytest.mark.parametrize("command", COMMANDS, ids=lambda kind: kind.__name__)
def test_a_command_says_who_may_ask_it_and_of_what_state(command: type[Command]) -> None:
    assert command.allowed
    assert command.state().__struct_config__.frozen


def test_the_grammar_can_be_broken() -> None:
    class OrderEvent(Struct):
        order_id: str

    assert len(list(breaks_the_grammar(OrderEvent))) == 2

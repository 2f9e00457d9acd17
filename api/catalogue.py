"""The catalogue: every command with who may ask it, and every fact, printed from the code."""

from __future__ import annotations

import inspect
from argparse import Namespace
from collections.abc import Iterator

import commands.compliance
import commands.identity
import commands.market
import commands.trading  # noqa: F401 - importing a context makes its commands known
from adapters.settings import Settings
from api.app import MODULES
from commands.base import Command
from domain import EVENTS
from domain.identity import PERMISSIONS, SYSTEM_ROLES


def run(settings: Settings, asked: Namespace) -> int:
    print(catalogue())
    return 0


def catalogue() -> str:
    """Markdown tables: commands, the matrix of powers, facts; a test compares README.md."""
    commands = [
        "| command | may be asked by | what it does |",
        "|---|---|---|",
        *(f"| {c.__name__} | {_asked_by(c)} | {_sentence(c)} |" for c in known_commands()),
    ]
    facts = [
        "| fact | context | version |",
        "|---|---|---|",
        *(
            f"| {name} | {_context(event)} | {event.schema_version} |"
            for name, event in sorted(EVENTS.items(), key=lambda item: (_context(item[1]), item[0]))
        ),
    ]
    return "\n".join([*commands, "", *_matrix(), "", *facts])


def _matrix() -> Iterator[str]:
    """Every permission with the roles that have it and what it opens, doors and commands."""
    yield "| permission | roles | doors | commands |"
    yield "|---|---|---|---|"
    doors = [
        (handler.opt.get("permission"), f"{method} {path}")
        for routes in MODULES.values()
        for handler in routes
        for method in sorted(handler.http_methods - {"OPTIONS", "HEAD"})
        for path in sorted(handler.paths)
    ]
    for permission in PERMISSIONS:
        roles = ", ".join(role.name for role in SYSTEM_ROLES if permission in role.permissions)
        opened = "<br>".join(sorted(door for needed, door in doors if needed == permission))
        asked = ", ".join(c.__name__ for c in known_commands() if c.permission == permission)
        yield f"| `{permission}` | {roles} | {opened} | {asked} |"


def known_commands() -> list[type[Command]]:
    """Every command that can be asked, by name."""
    ours = (command for command in _leaves(Command) if command.__module__.startswith("commands."))
    return sorted(ours, key=lambda command: command.__name__)


def _leaves(command: type[Command]) -> Iterator[type[Command]]:
    below = command.__subclasses__()
    if not any(each.__module__.startswith("commands.") for each in below):
        yield command
    for each in below:
        yield from _leaves(each)


def _asked_by(command: type[Command]) -> str:
    """The kinds of callers, and the permission by which others may ask as well."""
    kinds = [str(role.name).lower() for role in command.allowed]
    return ", ".join([*kinds, *([f"`{command.permission}`"] if command.permission else [])])


def _sentence(command: type[Command]) -> str:
    lines = inspect.cleandoc(command.__doc__ or "").split("\n\n")[0].split("\n")
    return " ".join(line.strip() for line in lines)


def _context(event: type) -> str:
    return event.__module__.split(".")[1]

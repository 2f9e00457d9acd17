"""
What is true, and how it changes.  Imports the standard library, msgspec and immutables only.

``EVENTS`` is every fact this service can record, by the name under which it is stored for ever.
"""

from __future__ import annotations

from collections.abc import Iterator

from domain import compliance as compliance
from domain import identity as identity
from domain import market as market
from domain import trading as trading
from domain.base import Event


def _facts(base: type[Event]) -> Iterator[type[Event]]:
    """Every kind of fact; what only groups others is none."""
    for event in base.__subclasses__():
        if event.__subclasses__():
            yield from _facts(event)
        else:
            yield event


def _named() -> dict[str, type[Event]]:
    facts = tuple(_facts(Event))
    named = {event.__name__: event for event in facts}
    assert len(named) == len(facts), "two facts of one name"
    return named


EVENTS: dict[str, type[Event]] = _named()

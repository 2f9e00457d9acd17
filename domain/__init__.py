"""
What is true, and how it changes.  Imports the standard library, msgspec and immutables only.

``EVENTS`` is every fact this service can record, by the name under which it is stored for ever.
"""

from __future__ import annotations

from domain import compliance as compliance
from domain import identity as identity
from domain import trading as trading
from domain.base import Event


def _named() -> dict[str, type[Event]]:
    named = {event.__name__: event for event in Event.__subclasses__()}
    assert len(named) == len(Event.__subclasses__()), "two facts of one name"
    return named


EVENTS: dict[str, type[Event]] = _named()

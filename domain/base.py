"""The grammar of the domain: facts, and state that is nothing but facts folded."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import Flag, auto
from typing import ClassVar, Self, TypeVar
from uuid import UUID

from msgspec import Struct


class Role(Flag):
    """
    What a caller may be; a command names the roles that may ask it.

    An administrator is a trader with permissions (see domain.identity).
    """

    TRADER = auto()
    VENUE = auto()
    SYSTEM = auto()


class Event(Struct, frozen=True):
    """A fact: past tense, stored for ever under its class name, never changed."""

    schema_version: ClassVar[int] = 1


Events = tuple[Event, ...]


class Meta(Struct, frozen=True, kw_only=True):
    """
    Who made a fact true, when, and in the course of what.

    ``actor`` is ``user:<uuid>``, ``venue:<name>`` or ``system:<part>``; ``occurred_at`` is the
    time of the business (UTC), which the log's own ``recorded_at`` may follow.
    """

    actor: str
    command_id: UUID
    correlation_id: UUID
    occurred_at: datetime
    on_behalf_of: str | None = None
    causation_id: UUID | None = None


class Fact(Struct, frozen=True):
    """An event where it stands on the tape: one of a gapless row of positions from 1."""

    position: int
    stream: str
    version: int
    event: Event
    meta: Meta
    recorded_at: datetime


class State(Struct, frozen=True):
    """What is true so far.  The default instance is the state before any fact."""

    def evolve(self, event: Event) -> Self:
        """Take in one fact.  Total and pure: it never checks, raises or reads a clock."""
        raise NotImplementedError


S = TypeVar("S", bound=State)


def fold(state: S, events: Iterable[Event]) -> S:
    for event in events:
        state = state.evolve(event)
    return state

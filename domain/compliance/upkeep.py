"""Upkeep: what was done to read models, and what was taken away from the tape."""

from __future__ import annotations

from domain.base import Event, State


class RebuildOrdered(Event, frozen=True):
    model: str
    reason: str


class ProjectionRebuilt(Event, frozen=True):
    """The read model is there anew, or it is as it was, for the reason that ``code`` names."""

    model: str
    code: str | None


class TapeExported(Event, frozen=True):
    """A signed copy was taken away; ``upto`` is the last position that could be in it."""

    form: str
    sought: dict[str, str]
    upto: int


class Upkeep(State, frozen=True):
    """Nothing is decided by what was done before."""

    def evolve(self, event: Event) -> Upkeep:
        return self

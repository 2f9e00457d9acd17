"""Upkeep: what was done to read models and stored keys, and what was taken away from the tape."""

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


class RotationOrdered(Event, frozen=True):
    """Every stored key is to be sealed anew, under another master key."""

    reason: str


class MasterKeyRotated(Event, frozen=True):
    """``unopened`` keys stay as they are; ``code`` says why it went no further, if it did not."""

    version: int
    unopened: int
    code: str | None = None


class Upkeep(State, frozen=True):
    """Nothing is decided by what was done before."""

    def evolve(self, event: Event) -> Upkeep:
        return self

"""Upkeep: rebuilding what people see, and taking copies of the tape away."""

from __future__ import annotations

from commands.base import Command, demand_reason
from domain.base import Events, Role
from domain.compliance import ProjectionRebuilt, RebuildOrdered, TapeExported, Upkeep


class UpkeepCommand(Command, frozen=True, kw_only=True):
    """Kept by day, so that no stream of it grows for ever."""

    state = Upkeep
    allowed = Role.SYSTEM

    @property
    def stream(self) -> str:
        return f"upkeep-{self.at:%Y-%m-%d}"


class RebuildProjection(UpkeepCommand, frozen=True, kw_only=True):
    """Have a read model built anew beside the one that people see."""

    permission = "system:rebuild"

    model: str
    reason: str

    def __post_init__(self) -> None:
        demand_reason(self.reason)

    def decide(self, upkeep: Upkeep) -> Events:
        return (RebuildOrdered(self.model, self.reason),)


class NoteRebuilt(UpkeepCommand, frozen=True, kw_only=True):
    """Say what became of a rebuild."""

    model: str
    code: str | None = None

    def decide(self, upkeep: Upkeep) -> Events:
        return (ProjectionRebuilt(self.model, self.code),)


class ExportTape(UpkeepCommand, frozen=True, kw_only=True):
    """Take a signed copy of facts away; that it was taken is a fact itself."""

    permission = "audit:export"

    form: str
    sought: dict[str, str]
    upto: int

    def decide(self, upkeep: Upkeep) -> Events:
        return (TapeExported(self.form, self.sought, self.upto),)

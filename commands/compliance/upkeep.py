"""Upkeep: rebuilding what people see, sealing keys anew, and taking copies of the tape away."""

from __future__ import annotations

from commands.base import Command, demand_reason
from domain.base import Events, Role
from domain.compliance import (
    MasterKeyRotated,
    ProjectionRebuilt,
    RebuildOrdered,
    RotationOrdered,
    TapeExported,
    Upkeep,
)


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


class RotateMasterKey(UpkeepCommand, frozen=True, kw_only=True):
    """Have every stored key sealed anew under another master key, while we serve."""

    permission = "keys:rotate"

    reason: str

    def __post_init__(self) -> None:
        demand_reason(self.reason)

    def decide(self, upkeep: Upkeep) -> Events:
        return (RotationOrdered(self.reason),)


class NoteRotation(UpkeepCommand, frozen=True, kw_only=True):
    """Say what became of a rotation."""

    version: int
    unopened: int
    code: str | None = None

    def decide(self, upkeep: Upkeep) -> Events:
        return (MasterKeyRotated(self.version, self.unopened, self.code),)


class ExportTape(UpkeepCommand, frozen=True, kw_only=True):
    """Take a signed copy of facts away; that it was taken is a fact itself."""

    permission = "audit:export"

    form: str
    sought: dict[str, str]
    upto: int

    def decide(self, upkeep: Upkeep) -> Events:
        return (TapeExported(self.form, self.sought, self.upto),)

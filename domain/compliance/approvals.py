"""
Compliance: what one person asks and another must approve before it is done (four eyes).

The request carries the whole command, so that what is approved is what is done.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from domain.base import Event, State


class ApprovalStatus(StrEnum):
    """``DONE`` and ``FAILED``: what became of the approved command."""

    PENDING = "PENDING"
    GRANTED = "GRANTED"
    REFUSED = "REFUSED"
    DONE = "DONE"
    FAILED = "FAILED"


class ApprovalRequested(Event, frozen=True):
    """``arguments`` are the fields of the command; who has ``permission`` may approve it."""

    approval_id: UUID
    command: str
    arguments: dict[str, Any]
    permission: str
    requested_by: str
    reason: str
    expires_at: datetime


class ApprovalGranted(Event, frozen=True):
    """From here the command is on its way; it stands here again, whole."""

    approval_id: UUID
    approved_by: str
    reason: str
    command: str
    arguments: dict[str, Any]
    permission: str
    requested_by: str


class ApprovalRefused(Event, frozen=True):
    approval_id: UUID
    refused_by: str
    reason: str


class ApprovalConcluded(Event, frozen=True):
    """The approved command was done, or could not be, for the reason that ``code`` names."""

    approval_id: UUID
    code: str | None


class Approval(State, frozen=True):
    request: ApprovalRequested | None = None
    status: ApprovalStatus = ApprovalStatus.PENDING

    def evolve(self, event: Event) -> Approval:
        match event:
            case ApprovalRequested():
                return Approval(event)
            case ApprovalGranted():
                return replace(self, status=ApprovalStatus.GRANTED)
            case ApprovalRefused():
                return replace(self, status=ApprovalStatus.REFUSED)
            case ApprovalConcluded():
                done = ApprovalStatus.FAILED if event.code else ApprovalStatus.DONE
                return replace(self, status=done)
            case _:
                return self

"""
Four eyes: a command that needs approval is asked by one person and approved by another.

Whoever asks has the permission for the command themselves, and so has whoever approves.  What
is done then is the very command that was asked, at the time at which it is done.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from commands.base import Caller, Command, demand_reason
from domain.base import Events, Meta, Role
from domain.compliance import (
    Approval,
    ApprovalConcluded,
    ApprovalGranted,
    ApprovalRefused,
    ApprovalRequested,
    ApprovalStatus,
)
from domain.errors import Conflict, Forbidden, Illegal, NotFound

NAME = "approvals"
TAKES = (ApprovalGranted,)


def written(command: Command) -> tuple[str, dict[str, Any]]:
    """The name and the fields of a command, for a fact to carry."""
    return type(command).__name__, msgspec.to_builtins(command, str_keys=True)


def carried(name: str, arguments: dict[str, Any], at: datetime) -> Command:
    """The command that a fact carries, to be done at ``at``; NotFound if there is none such."""
    kind = next((one for one in _approvable(Command) if one.__name__ == name), None)
    if kind is None:
        raise NotFound("APPROVAL_UNKNOWN", command=name)
    now = msgspec.to_builtins(at)
    return msgspec.convert(arguments | {"at": now}, kind, str_keys=True)


def _approvable(command: type[Command]) -> Iterator[type[Command]]:
    for each in command.__subclasses__():
        if each.needs_approval:
            yield each
        yield from _approvable(each)


class ApprovalCommand(Command, frozen=True, kw_only=True):
    """One request, from asking to the end."""

    state = Approval
    allowed = Role.SYSTEM

    approval_id: UUID

    @property
    def stream(self) -> str:
        return f"approval-{self.approval_id}"


class RequestApproval(ApprovalCommand, frozen=True, kw_only=True):
    """Ask for a second person's approval of a command."""

    allowed = Role.TRADER

    command: str
    arguments: dict[str, Any]
    needed: str
    requested_by: str
    reason: str
    expires_at: datetime

    def __post_init__(self) -> None:
        demand_reason(self.reason)

    def authorise(self, state: Approval, by: Caller) -> None:
        super().authorise(state, by)
        if self.needed not in by.permissions or self.requested_by != by.actor:
            raise Forbidden("ACCESS_DENIED", command=self.command)

    def decide(self, approval: Approval) -> Events:
        if approval.request is not None:
            raise Conflict("APPROVAL_DECIDED", status=str(approval.status))
        return (
            ApprovalRequested(
                self.approval_id,
                self.command,
                self.arguments,
                self.needed,
                self.requested_by,
                self.reason,
                self.expires_at,
            ),
        )


class DecisionCommand(ApprovalCommand, frozen=True, kw_only=True):
    """What a second person says to it."""

    allowed = Role.TRADER

    decided_by: str
    reason: str

    def __post_init__(self) -> None:
        demand_reason(self.reason)

    def authorise(self, state: Approval, by: Caller) -> None:
        """404 for those whom it does not concern."""
        super().authorise(state, by)
        if self.decided_by != by.actor:
            raise Forbidden("ACCESS_DENIED")
        request = state.request
        if request is None or not (
            request.permission in by.permissions or request.requested_by == by.actor
        ):
            raise NotFound("APPROVAL_UNKNOWN", approval_id=str(self.approval_id))


class GrantApproval(DecisionCommand, frozen=True, kw_only=True):
    """Let what somebody else asked be done."""

    def authorise(self, state: Approval, by: Caller) -> None:
        super().authorise(state, by)
        assert state.request is not None, "or it was not found"
        if state.request.requested_by == by.actor:
            raise Forbidden("APPROVAL_OWN")
        if state.request.permission not in by.permissions:
            raise Forbidden("ACCESS_DENIED")

    def decide(self, approval: Approval) -> Events:
        request = _pending(approval)
        if self.at >= request.expires_at:
            raise Illegal("APPROVAL_EXPIRED", expires_at=request.expires_at.isoformat())
        return (
            ApprovalGranted(
                self.approval_id,
                self.decided_by,
                self.reason,
                request.command,
                request.arguments,
                request.permission,
                request.requested_by,
            ),
        )


class RefuseApproval(DecisionCommand, frozen=True, kw_only=True):
    """Let it not be done; whoever asked may take it back by this."""

    def decide(self, approval: Approval) -> Events:
        _pending(approval)
        return (ApprovalRefused(self.approval_id, self.decided_by, self.reason),)


class ConcludeApproval(ApprovalCommand, frozen=True, kw_only=True):
    """Say what became of an approved command."""

    granted: ApprovalGranted
    code: str | None = None

    def decide(self, approval: Approval) -> Events:
        if approval.status is not ApprovalStatus.GRANTED:
            return ()
        return (ApprovalConcluded(self.approval_id, self.code),)


def react(event: ApprovalGranted, meta: Meta) -> Iterable[Command]:
    """Whoever sends this carries the command out first (adapters.approvals)."""
    yield ConcludeApproval(at=meta.occurred_at, approval_id=event.approval_id, granted=event)


def _pending(approval: Approval) -> ApprovalRequested:
    assert approval.request is not None, "or it was not found"
    if approval.status is not ApprovalStatus.PENDING:
        raise Illegal("APPROVAL_DECIDED", status=str(approval.status))
    return approval.request

"""The office of the house: who gives whom which role, and what two people agree on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from commands.base import Command
from commands.compliance import (
    ConcludeApproval,
    ExportTape,
    GrantApproval,
    NoteRebuilt,
    NoteRotation,
    RebuildProjection,
    RefuseApproval,
    RequestApproval,
    RotateMasterKey,
)
from commands.identity import (
    AssignRole,
    ChangeRole,
    ChangeSettings,
    DefineRole,
    EraseUser,
    EstablishRoles,
    ForcePasswordReset,
    GrantPermission,
    InviteUser,
    ReactivateUser,
    RegisterUser,
    RetireRole,
    RevokeRole,
    SuspendUser,
    UpdateProfile,
    WithdrawPermission,
)
from domain.base import Event, State, fold
from domain.compliance import Approval, ApprovalGranted
from domain.identity import Preferences, role_id_of
from domain.identity.preferences import Theme
from tests.spec.trading import NOW

Move = tuple[Command, str]
WHY = 'as agreed on "Friday"'
OPERATOR = "system:operator"


def a_day(now: datetime, new_id: Callable[[], UUID]) -> Iterator[Move]:
    """Two administrators, a role of the house's own, somebody shut out, and three requests."""
    ada, ben, cyd = new_id(), new_id(), new_id()
    for person in (ada, ben, cyd):
        yield RegisterUser(at=now, user_id=person), "system:identity"
    yield EstablishRoles(at=now), OPERATOR
    of: dict[str, Any] = {"at": now, "reason": WHY}
    for person in (ada, ben):
        yield AssignRole(**of, user_id=person, role_id=role_id_of("admin")), OPERATOR
    yield from ((move, f"user:{ada}") for move in _access(of, ben, cyd, new_id))
    yield from _profile(now, ben)
    yield RebuildProjection(**of, model="lots"), f"user:{ada}"
    yield NoteRebuilt(at=now, model="lots", code=None), "system:administration"
    yield RotateMasterKey(**of), f"user:{ada}"
    yield NoteRotation(at=now, version=2, unopened=1, code="VAULT_UNAVAILABLE"), f"user:{ada}"
    yield ExportTape(at=now, form="csv", sought={"type": "OrderFilled"}, upto=9), f"user:{ben}"
    for outcome in ("DONE", "FAILED", "REFUSED"):
        yield from _approval(of, new_id(), f"user:{ada}", f"user:{ben}", outcome)


def _profile(now: datetime, ben: UUID) -> Iterator[Move]:
    """Somebody who says something of themselves twice, chooses how to be shown it, and goes."""
    of: dict[str, Any] = {"at": now, "user_id": ben}
    for said in ("c2VhbGVk", "YWdhaW4="):
        yield UpdateProfile(**of, sealed_profile=said), f"user:{ben}"
    yield ChangeSettings(**of, preferences=Preferences("en-IN", Theme.DARK)), f"user:{ben}"
    yield EraseUser(**of), f"user:{ben}"


def of_the_office() -> Iterator[Event]:
    """The facts of such a day."""
    ids = (UUID(int=number) for number in count(41))
    states: dict[str, State] = {}
    for command, _ in a_day(NOW, lambda: next(ids)):
        facts = command.decide(states.get(command.stream, command.state()))
        states[command.stream] = fold(states.get(command.stream, command.state()), facts)
        yield from facts


def _access(
    of: dict[str, Any], ben: UUID, cyd: UUID, new_id: Callable[[], UUID]
) -> Iterator[Command]:
    desk, gone = new_id(), new_id()
    yield DefineRole(**of, role_id=desk, name="desk", permissions=("trades:read", "bots:read"))
    yield DefineRole(**of, role_id=gone, name="gone", description='the "old" desk')
    yield RetireRole(**of, role_id=gone)
    yield ChangeRole(**of, role_id=desk, name="front-desk", description="it is upstairs")
    yield GrantPermission(**of, role_id=desk, of="users:read")
    yield WithdrawPermission(**of, role_id=desk, of="bots:read")
    until = of["at"] + timedelta(days=365)
    yield AssignRole(**of, user_id=cyd, role_id=desk, expires_at=until)
    yield AssignRole(**of, user_id=cyd, role_id=role_id_of("risk"))
    yield RevokeRole(**of, user_id=cyd, role_id=role_id_of("risk"))
    yield InviteUser(**of, user_id=cyd)
    yield ForcePasswordReset(**of, user_id=cyd)
    yield SuspendUser(**of, user_id=cyd)
    yield ReactivateUser(**of, user_id=cyd)
    yield SuspendUser(**of, user_id=cyd)
    yield RevokeRole(**of, user_id=ben, role_id=role_id_of("admin"))


def _approval(
    of: dict[str, Any], approval_id: UUID, asking: str, answering: str, outcome: str
) -> Iterator[Move]:
    one = {**of, "approval_id": approval_id}
    ask = RequestApproval(
        **one,
        command="CorrectTrade",
        arguments={"exec_id": str(approval_id), "price": "100.05"},
        needed="trades:correct",
        requested_by=asking,
        expires_at=of["at"] + timedelta(days=1),
    )
    yield ask, asking
    if outcome == "REFUSED":
        yield RefuseApproval(**one, decided_by=answering), answering
        return
    grant = GrantApproval(**one, decided_by=answering)
    yield grant, answering
    (granted,) = grant.decide(fold(Approval(), ask.decide(Approval())))
    assert isinstance(granted, ApprovalGranted), "that is what a grant records"
    code = None if outcome == "DONE" else "ORDER_TOO_LATE"
    conclude = ConcludeApproval(at=of["at"], approval_id=approval_id, granted=granted, code=code)
    yield conclude, "system:approvals"

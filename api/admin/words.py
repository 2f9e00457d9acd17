"""What the doors of the administration have in common: why something is done, and that it was."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from api.wiring import Request
from commands.base import REASON_MAX, REASON_MIN, Caller, Command, Receipt
from domain.base import Role
from projections import users

Why = Annotated[
    str,
    Meta(
        min_length=REASON_MIN,
        max_length=REASON_MAX,
        description="why this is done; it stands on the tape for ever, so it names nobody",
    ),
]


class Reason(Struct, frozen=True, forbid_unknown_fields=True):
    reason: Why


class Done(Struct, frozen=True):
    """``UNCHANGED``: it was like that already."""

    id: UUID
    status: Literal["DONE", "UNCHANGED"]
    position: int


def done(id_: UUID, receipt: Receipt) -> Done:
    return Done(id_, "DONE" if receipt.facts else "UNCHANGED", receipt.position)


async def done_to(request: Request, user_id: UUID, command: Command) -> Done:
    """Have it done to a person; NotFound if there is none, or none any more."""
    await request.read_newest_of(user_id, users.known)
    return done(user_id, await request.dispatch(command))


def in_the_course_of(request: Request) -> Caller:
    """The service itself, which does what follows from what this administrator has decided."""
    return Caller(
        actor="system:administration",
        roles=Role.SYSTEM,
        correlation_id=request.caller.correlation_id,
        on_behalf_of=request.user.actor,
    )

"""
What follows from facts, at work: above all, what a second person has approved is done, and what
became of it is recorded.

Every step carries a claim that follows from the approval, so that a crash between two of them
repeats nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from msgspec.structs import replace

from adapters.reactor import Reactor
from commands.base import Caller, Claim, Command, Receipt, Tape
from commands.compliance import ConcludeApproval, carried
from commands.compliance import approvals as approval
from commands.identity import ACCESS_STREAM, shutting_out
from domain.errors import DomainError, Forbidden, Unavailable
from domain.identity import Access

Dispatch = Callable[[Command, Caller, Claim], Awaitable[Receipt]]
#: The permissions of an actor, as of now.
Power = Callable[[str], Awaitable[frozenset[str]]]


def followed(dsn: str, dispatch: Dispatch, tape: Tape, clock: Callable[[], datetime]) -> Reactor:
    """The reactor that carries out what was approved, and signs out whoever is shut out."""
    carrying = carrying_out(dispatch, power_on(tape, clock))
    return Reactor(dsn, carrying, clock, (approval, shutting_out))


def power_on(tape: Tape, clock: Callable[[], datetime]) -> Power:
    """What the tape itself says, whatever a read model shows."""

    async def power(actor: str) -> frozenset[str]:
        _, access = await tape.load(ACCESS_STREAM, Access)
        user_id = UUID(actor.removeprefix("user:"))
        if user_id in access.suspended:
            return frozenset()
        return access.permissions_of(user_id, clock())

    return power


def carrying_out(dispatch: Dispatch, power: Power) -> Dispatch:
    """
    A dispatch that does what was approved before it records how that went.

    Whoever asked for it must still be allowed to: it is done in their name.
    """

    async def carry_out(command: Command, by: Caller, claim: Claim) -> Receipt:
        if not isinstance(command, ConcludeApproval):
            return await dispatch(command, by, claim)
        granted = command.granted
        agreed = replace(
            by,
            on_behalf_of=granted.requested_by,
            permissions=frozenset({granted.permission}),
            approved=True,
        )
        try:
            if granted.permission not in await power(granted.requested_by):
                raise Forbidden("ACCESS_DENIED", permission=granted.permission)
            approved = carried(granted.command, granted.arguments, command.at)
            await dispatch(approved, agreed, claim)
        except Unavailable:
            raise
        except DomainError as error:
            command = replace(command, code=error.code)
        key = sha256(claim.key + b"concluded").digest()
        return await dispatch(command, by, Claim(key, key))

    return carry_out

"""
Approvals at work: what a second person has approved is done, and what became of it is recorded.

Every step carries a claim that follows from the approval, so that a crash between two of them
repeats nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from hashlib import sha256

from msgspec.structs import replace

from adapters.reactor import Reactor
from commands.base import Caller, Claim, Command, Receipt
from commands.compliance import ConcludeApproval, carried
from commands.compliance import approvals as reaction
from domain.errors import DomainError, Unavailable

Dispatch = Callable[[Command, Caller, Claim], Awaitable[Receipt]]


def approvals(dsn: str, dispatch: Dispatch, clock: Callable[[], datetime]) -> Reactor:
    """The reactor that carries out what was approved."""
    return Reactor(dsn, carrying_out(dispatch), clock, (reaction,))


def carrying_out(dispatch: Dispatch) -> Dispatch:
    """A dispatch that does what was approved before it records how that went."""

    async def carry_out(command: Command, by: Caller, claim: Claim) -> Receipt:
        assert isinstance(command, ConcludeApproval), "that is what follows from an approval"
        granted = command.granted
        agreed = replace(
            by,
            on_behalf_of=granted.requested_by,
            permissions=frozenset({granted.permission}),
            approved=True,
        )
        try:
            approved = carried(granted.command, granted.arguments, command.at)
            await dispatch(approved, agreed, claim)
        except Unavailable:
            raise
        except DomainError as error:
            command = replace(command, code=error.code)
        key = sha256(claim.key + b"concluded").digest()
        return await dispatch(command, by, Claim(key, key))

    return carry_out

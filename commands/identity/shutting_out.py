"""What follows when somebody is shut out, whoever did it and by which door: nobody is signed in."""

from __future__ import annotations

from collections.abc import Iterable

from commands.base import Command
from commands.identity.sessions import RevokeSessions
from domain.base import Meta
from domain.identity import UserSuspended

NAME = "shutting-out"
TAKES = (UserSuspended,)


def react(event: UserSuspended, meta: Meta) -> Iterable[Command]:
    """The orders are taken back by the clock of the house, as those of a kill switch are."""
    yield RevokeSessions(at=meta.occurred_at, user_id=event.user_id, reason=event.reason)

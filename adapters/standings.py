"""
Standings: what everybody may do, known by heart.

Before the first look at the tape nobody is let in at all.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from adapters.by_heart import ByHeart, Tail
from commands.identity import ACCESS_STREAM
from domain.errors import Unavailable
from domain.identity import Access, Standing


class Standings(ByHeart[Access]):
    """``clock`` tells what has expired."""

    def __init__(self, tail: Tail, clock: Callable[[], datetime]) -> None:
        super().__init__(ACCESS_STREAM, Access(), tail)
        self._clock = clock
        self._drawn: dict[UUID, tuple[Standing, datetime | None]] = {}

    @property
    def access(self) -> Access:
        return self.state

    def of(self, user_id: UUID) -> Standing:
        """What this person may do now; Unavailable as long as the tape was never seen."""
        drawn = self._drawn.get(user_id)
        if drawn is not None:
            standing, until = drawn
            if until is None or self._clock() < until:
                return standing
        elif not self.known:
            raise Unavailable("TAPE_UNAVAILABLE", "who may do what is not known yet")
        elif user_id not in self.access.grants and user_id not in self.access.suspended:
            return Standing(user_id)
        return self._draw(user_id)

    def changed(self) -> None:
        self._drawn.clear()

    def _draw(self, user_id: UUID) -> Standing:
        now, access = self._clock(), self.access
        suspended = user_id in access.suspended
        standing = Standing(user_id, access.permissions_of(user_id, now), suspended)
        self._drawn[user_id] = standing, access.expiry_of(user_id, now)
        return standing

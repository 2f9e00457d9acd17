"""The tide: how far the tape is known to reach, so that nobody waits for what was never written."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from api.wire import invalid
from commands.base import Entry


class Tide:
    """``head`` asks the tape, which is done only for positions that are news to this process."""

    def __init__(self, head: Callable[[], Awaitable[int]]) -> None:
        self._head = head
        self.known = 0

    def committed(self, news: Sequence[tuple[int, Entry]]) -> None:
        """A follower of dispatch."""
        first, last = news[-1]
        self.known = max(self.known, first + len(last.facts) - 1)

    async def demand(self, position: int, name: str, place: str) -> None:
        """Raise Invalid unless the tape has this position."""
        if position > self.known:
            self.known = max(self.known, await self._head())
        if position > self.known:
            raise invalid(f"/{name}", f"a position on the tape, at most {self.known}", place)

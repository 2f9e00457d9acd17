"""
What has ended early: sessions and API keys whose access tokens would still look good.

The facts of the last while are folded in memory, what this process records itself at once and
what others record within a second, so that nothing is asked of the database for a request.  An
entry is forgotten when no access token of its session can be good any more.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from datetime import datetime, timedelta
from uuid import UUID

import psycopg

from adapters.tape import since, watch
from adapters.tokens import Identity
from commands.base import Entry
from domain.base import Event
from domain.errors import Unavailable
from domain.identity import (
    ApiKeyRevoked,
    LoggedOut,
    SessionsRevoked,
    TokenFamilyRevoked,
    UserLoggedIn,
)

KINDS: frozenset[type[Event]] = frozenset(
    {ApiKeyRevoked, LoggedOut, SessionsRevoked, TokenFamilyRevoked, UserLoggedIn}
)
_STREAMS = "sessions-"
_AGAIN_S = 1.0


class Ended:
    """Belongs to one event loop; nothing outlives ``remembered`` after it has ended."""

    def __init__(self, clock: Callable[[], datetime], remembered: timedelta) -> None:
        self._clock = clock
        self._remembered = remembered
        self._when: dict[UUID, datetime] = {}
        self._known = False

    def __len__(self) -> int:
        return len(self._when)

    def has(self, who: Identity) -> bool:
        """Whether the session or the key of this person has ended; Unavailable before a look."""
        if not self._known:
            raise Unavailable("TAPE_UNAVAILABLE", "what has ended is not known yet")
        return (who.session_id or who.key_id) in self._when

    def committed(self, news: Sequence[tuple[int, Entry]]) -> None:
        """A follower of dispatch."""
        for _, entry in news:
            if entry.stream.startswith(_STREAMS):
                self.take(entry.facts)

    def take(self, events: Iterable[Event]) -> None:
        for event in events:
            match event:
                case LoggedOut() | TokenFamilyRevoked():
                    self._note(event.session_id)
                case SessionsRevoked():
                    self._note(*event.sessions)
                case ApiKeyRevoked():
                    self._note(event.key_id)
                case UserLoggedIn(replaces=UUID() as replaced):
                    self._note(replaced)
                case _:
                    pass

    def begin_with(self, events: Iterable[Event]) -> None:
        """This is all that has ended so far and matters still."""
        self.take(events)
        self._known = True

    @asynccontextmanager
    async def kept_fresh(self, dsn: str) -> AsyncIterator[None]:
        """Follow the tape as long as the block lasts, from what counts at its beginning on."""
        position = await self._look_back(dsn)
        watching = asyncio.create_task(self._watch(dsn, position))
        try:
            yield
        finally:
            watching.cancel()

    async def _look_back(self, dsn: str) -> int | None:
        with suppress(psycopg.OperationalError):
            position, facts = await since(dsn, _STREAMS, KINDS, self._clock() - self._remembered)
            self.begin_with(fact.event for fact in facts)
            return position
        return None

    async def _watch(self, dsn: str, position: int | None) -> None:
        while position is None:
            await asyncio.sleep(_AGAIN_S)
            position = await self._look_back(dsn)
        async with aclosing(watch(dsn, KINDS, position)) as pages:
            async for page in pages:
                self.take(fact.event for fact in page)

    def _note(self, *ended: UUID) -> None:
        now = self._clock()
        for each in ended:
            self._when.pop(each, None)  # so that the oldest come first
            self._when[each] = now
        while self._when:
            first = next(iter(self._when))
            if self._when[first] + self._remembered > now:
                return
            del self._when[first]

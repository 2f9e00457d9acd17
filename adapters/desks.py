"""
The desks in memory, so that an order meets the limits of every scope without a query.

What this process decides counts from that very moment, what others decide within a second.
Before the first look at the tape no order is taken at all: trading may be halted.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from decimal import Decimal

import psycopg
from msgspec.structs import replace
from psycopg_pool import PoolTimeout

from adapters.settings import Settings
from adapters.standings import LOOK_EVERY_S, Tail
from commands.base import Entry
from domain.base import fold
from domain.errors import Unavailable
from domain.trading.desk import PLATFORM, STREAM, Desks
from domain.trading.limits import UNLIMITED, Layer, Limits
from domain.trading.risk import Bound, Party, Risk


def house_limits(settings: Settings) -> Limits:
    """What the settings limit for everybody; a percentage of 0 is none."""
    pct = settings.price_deviation_pct
    return Limits(price_deviation_pct=Decimal(pct)) if pct else UNLIMITED


class DesksInMemory:
    """``house`` are the limits of the platform as long as nobody has set others."""

    def __init__(self, tail: Tail, house: Limits = UNLIMITED) -> None:
        self._tail = tail
        self._house = house
        self._known = False
        self._version = 0
        self._bounds: dict[str, Bound] = {}
        self.desks = Desks()
        self._take(Desks(), 0)

    def bounds(self, *scopes: str) -> tuple[Bound, ...]:
        """What the platform and these scopes say; a scope that says nothing is left out."""
        if not self._known:
            raise Unavailable("TAPE_UNAVAILABLE", "whether trading is halted is not known yet")
        bounds = self._bounds
        return tuple(
            bound for scope in (PLATFORM, *scopes) if (bound := bounds.get(scope)) is not None
        )

    def risk_of(self, scope: str) -> Risk:
        bound = self._bounds.get(scope)
        return Risk() if bound is None else bound.risk

    def committed(self, news: Sequence[tuple[int, Entry]]) -> None:
        """A follower of dispatch."""
        for _, entry in news:
            if entry.stream == STREAM and entry.after == self._version:
                self._take(fold(self.desks, entry.facts), entry.after + len(entry.facts))

    async def look(self) -> None:
        """Take in what is on the tape."""
        while facts := [f for f in await self._tail(self._version) if f.version > self._version]:
            self._take(fold(self.desks, (fact.event for fact in facts)), facts[-1].version)
        self._known = True

    @asynccontextmanager
    async def kept_fresh(self) -> AsyncIterator[None]:
        """Look once, and again and again as long as the block lasts."""
        await self._try_to_look()
        looking = asyncio.create_task(self._look_for_ever())
        try:
            yield
        finally:
            looking.cancel()

    async def _look_for_ever(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            await self._try_to_look()

    async def _try_to_look(self) -> None:
        with suppress(psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout):
            await self.look()

    def _take(self, desks: Desks, version: int) -> None:
        self.desks, self._version = desks, version
        self._bounds = {scope: Bound(scope, risk) for scope, risk in desks.scopes.items()}
        platform = desks.risk_of(PLATFORM)
        if Party.HOUSE not in platform.limits and self._house != UNLIMITED:
            limits = platform.limits.set(Party.HOUSE, Layer(self._house))
            self._bounds[PLATFORM] = Bound(PLATFORM, replace(platform, limits=limits))

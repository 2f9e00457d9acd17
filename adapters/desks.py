"""
The desks in memory, so that an order meets the limits of every scope without a query.

What this process decides is heard from dispatch at once; what another process decides is read
from the tape, within a second.
"""

from __future__ import annotations

from collections.abc import Sequence

from adapters.tape import AsyncTape
from adapters.tape.watch import watch
from commands.base import Entry
from domain.base import Fact, fold
from domain.trading.desk import PLATFORM, STREAM, Desks
from domain.trading.limits import UNLIMITED, Layer, Limits
from domain.trading.risk import (
    Bound,
    KillSwitchActivated,
    KillSwitchReleased,
    Party,
    Risk,
    RiskLimitsSet,
    TradingStateChanged,
)

KINDS = (RiskLimitsSet, TradingStateChanged, KillSwitchActivated, KillSwitchReleased)


class DesksInMemory:
    """``house`` are the limits of the platform as long as nobody has set others."""

    def __init__(self, house: Limits = UNLIMITED) -> None:
        self._house = house
        self._desks = Desks()
        self._version = 0
        self._bounds: dict[str, Bound] = {}
        self._take(Desks())

    def bounds(self, *scopes: str) -> tuple[Bound, ...]:
        """What the platform and these scopes say; a scope that says nothing is left out."""
        bounds = self._bounds
        return tuple(
            bound for scope in (PLATFORM, *scopes) if (bound := bounds.get(scope)) is not None
        )

    def risk_of(self, scope: str) -> Risk:
        bound = self._bounds.get(scope)
        return bound.risk if bound is not None else Risk()

    def told(self, news: Sequence[tuple[int, Entry]]) -> None:
        """Hear what this process has committed: a follower of ``commands.dispatch``."""
        for _, entry in news:
            if entry.stream == STREAM and entry.after == self._version:
                self._version += len(entry.facts)
                self._take(fold(self._desks, entry.facts))

    async def load(self, tape: AsyncTape) -> None:
        self._version, desks = await tape.load(STREAM, Desks)
        self._take(desks)

    async def follow(self, dsn: str, position: int) -> None:
        """Keep up with other processes, for ever; a lost database only delays it."""
        async for facts in watch(dsn, KINDS, position):
            for fact in facts:
                self._learn(fact)

    def _learn(self, fact: Fact) -> None:
        if fact.stream == STREAM and fact.version == self._version + 1:
            self._version = fact.version
            self._take(self._desks.evolve(fact.event))

    def _take(self, desks: Desks) -> None:
        self._desks = desks
        self._bounds = {scope: Bound(scope, risk) for scope, risk in desks.scopes.items()}
        platform = desks.risk_of(PLATFORM)
        if Party.HOUSE not in platform.limits and self._house != UNLIMITED:
            default = platform.limits.set(Party.HOUSE, Layer(self._house))
            platform = Risk(holds=platform.holds, limits=default, switch=platform.switch)
            self._bounds[PLATFORM] = Bound(PLATFORM, platform)

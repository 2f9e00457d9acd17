"""
The desks, known by heart, so that an order meets the limits of every scope without a query.

Before the first look at the tape no order is taken at all: trading may be halted.
"""

from __future__ import annotations

from decimal import Decimal

from adapters.by_heart import ByHeart, Tail
from adapters.settings import Settings
from domain.errors import Unavailable
from domain.trading.desk import PLATFORM, STREAM, Desks
from domain.trading.limits import UNLIMITED, Layer, Limits
from domain.trading.risk import Bound, Party, Risk


def house_limits(settings: Settings) -> Limits:
    """What the settings limit for everybody; a percentage of 0 is none."""
    pct = settings.price_deviation_pct
    return Limits(price_deviation_pct=Decimal(pct)) if pct else UNLIMITED


class DesksInMemory(ByHeart[Desks]):
    """``house`` are the limits of the platform as long as nobody has set others."""

    def __init__(self, tail: Tail, house: Limits = UNLIMITED) -> None:
        super().__init__(STREAM, Desks(), tail)
        self._house = house
        self._bounds: dict[str, Bound] = {}
        self.changed()

    @property
    def desks(self) -> Desks:
        return self.state

    def bounds(self, *scopes: str) -> tuple[Bound, ...]:
        """What the platform and these scopes say; a scope that says nothing is left out."""
        if not self.known:
            raise Unavailable("TAPE_UNAVAILABLE", "whether trading is halted is not known yet")
        bounds = self._bounds
        return tuple(
            bound for scope in (PLATFORM, *scopes) if (bound := bounds.get(scope)) is not None
        )

    def risk_of(self, scope: str) -> Risk:
        bound = self._bounds.get(scope)
        return Risk() if bound is None else bound.risk

    def changed(self) -> None:
        self._bounds = {scope: Bound(scope, risk) for scope, risk in self.state.scopes.items()}
        platform = self.state.risk_of(PLATFORM)
        if Party.HOUSE not in platform.limits and self._house != UNLIMITED:
            limited = platform.limited(Party.HOUSE, Layer(self._house))
            self._bounds[PLATFORM] = Bound(PLATFORM, limited)

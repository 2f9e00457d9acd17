"""Corporate actions: what a company is going to do to its shares, on record once announced."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from uuid import UUID, uuid5

from immutables import Map
from msgspec import Struct

from domain.base import Event, State
from domain.money import ZERO
from domain.trading.day_events import ActionKind

ONE = Decimal(1)
#: All that was announced is one stream, so that nothing can be announced twice.
STREAM = "corporate-actions"
_NAMESPACE = UUID("5f6f3b8e-3d5c-5d0a-8b0e-5b8f8a1f0c21")


class CorporateAction(Struct, frozen=True, kw_only=True):
    """
    As announced: ``numerator`` new for ``denominator`` old units (of a bonus: on top of them),
    ``cash_per_unit`` for each old one; ``into`` is the instrument afterwards.

    ``step`` is the smallest quantity of it, ``reference_price`` what a fraction is paid with.
    """

    action_id: UUID
    kind: ActionKind
    symbol: str
    ex_at: datetime
    numerator: Decimal = ONE
    denominator: Decimal = ONE
    cash_per_unit: Decimal = ZERO
    reference_price: Decimal = ZERO
    into: str | None = None
    step: Decimal = ONE

    @property
    def ratio(self) -> tuple[Decimal, Decimal]:
        """New units for old ones."""
        if self.kind is ActionKind.DIVIDEND:
            return ONE, ONE
        if self.kind is ActionKind.BONUS:
            return self.numerator + self.denominator, self.denominator
        return self.numerator, self.denominator

    @property
    def is_even(self) -> bool:
        """Whether every old unit becomes whole new ones, so that no fraction is left to pay."""
        new, old = self.ratio
        return new % old == 0


def action_id_of(kind: ActionKind, symbol: str, ex_at: datetime) -> UUID:
    """The same company does the same thing once a day, whoever announces it."""
    return uuid5(_NAMESPACE, f"{kind}/{symbol}/{ex_at.date()}")


class CorporateActionAnnounced(Event, frozen=True):
    """``source`` is where it was read: a circular of the exchange, a filing."""

    action: CorporateAction
    source: str
    reason: str


class Announced(State, frozen=True):
    """What was announced, by its id."""

    actions: Map[UUID, CorporateAction] = Map()

    def evolve(self, event: Event) -> Announced:
        match event:
            case CorporateActionAnnounced(action=action):
                return Announced(self.actions.set(action.action_id, action))
            case _:
                return self

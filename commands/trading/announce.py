"""Announcing a corporate action: once, before its day, and on terms that can be carried out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from commands.base import Command, demand_reason
from domain.base import Events, Role
from domain.errors import Conflict, Illegal, Invalid
from domain.money import ZERO, is_amount
from domain.trading import ActionKind, Announced, CorporateAction, CorporateActionAnnounced
from domain.trading.actions import ONE, STREAM, action_id_of

#: Whoever has it decides what happens to everybody's holdings of an instrument.
ANNOUNCE = "instruments:write"
SOURCE_MAX = 200
_RATIO_OF = frozenset({ActionKind.SPLIT, ActionKind.BONUS, ActionKind.MERGER})
_REPLACES = frozenset({ActionKind.SYMBOL_CHANGE, ActionKind.MERGER})


class AnnounceCorporateAction(Command, frozen=True, kw_only=True):
    """Put on record what a company is going to do; the clock carries it to every holder."""

    state = Announced
    allowed = Role.SYSTEM
    permission = ANNOUNCE

    kind: ActionKind
    symbol: str
    ex_at: datetime
    source: str
    reason: str
    numerator: Decimal = ONE
    denominator: Decimal = ONE
    cash_per_unit: Decimal = ZERO
    reference_price: Decimal = ZERO
    into: str | None = None
    step: Decimal = ONE

    def __post_init__(self) -> None:
        demand_reason(self.reason)
        for field, rule in self._faults():
            raise Invalid("VALIDATION", f"{field} must be {rule}", field=field, rule=rule)

    @property
    def stream(self) -> str:
        return STREAM

    @property
    def action(self) -> CorporateAction:
        return CorporateAction(
            action_id=action_id_of(self.kind, self.symbol, self.ex_at),
            kind=self.kind,
            symbol=self.symbol,
            ex_at=self.ex_at,
            numerator=self.numerator,
            denominator=self.denominator,
            cash_per_unit=self.cash_per_unit,
            reference_price=self.reference_price,
            into=self.into,
            step=self.step,
        )

    def _faults(self) -> Iterator[tuple[str, str]]:
        for field in ("numerator", "denominator", "step"):
            if not is_amount(getattr(self, field)):
                yield field, "above 0, at most 10^12, at most 8 decimal places"
        pays = self.kind is ActionKind.DIVIDEND
        for field in ("cash_per_unit", "reference_price"):
            value = getattr(self, field)
            if value and not is_amount(value):
                yield field, "0, or above it, at most 10^12, at most 8 decimal places"
        if pays and not self.cash_per_unit:
            yield "cash_per_unit", "above 0 for a dividend"
        if self.cash_per_unit and self.kind not in (ActionKind.DIVIDEND, ActionKind.MERGER):
            yield "cash_per_unit", "absent but from a dividend or a merger"
        if self.kind not in _RATIO_OF and (self.numerator, self.denominator) != (ONE, ONE):
            yield "numerator", "given for a split, a bonus or a merger only"
        if self.kind is ActionKind.SPLIT and self.numerator == self.denominator:
            yield "numerator", "another than the denominator"
        if (self.into is None) is (self.kind in _REPLACES) or self.into == self.symbol:
            yield "into", "another instrument, for a change of symbol or a merger only"
        if not self.action.is_even and not self.reference_price:
            yield "reference_price", "above 0 where fractions are left to be paid"
        if not (0 < len(self.source) <= SOURCE_MAX and self.source.isprintable()):
            yield "source", f"1 to {SOURCE_MAX} printable characters"

    def decide(self, announced: Announced) -> Events:
        action = self.action
        before = announced.actions.get(action.action_id)
        if before == action:
            return ()
        if before is not None:
            raise Conflict("CORPORATE_ACTION_EXISTS", action_id=str(action.action_id))
        if self.ex_at <= self.at:
            raise Illegal("RETROACTIVE_NOT_ALLOWED", ex_at=self.ex_at.isoformat())
        return (CorporateActionAnnounced(action, self.source, self.reason),)

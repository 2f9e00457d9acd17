"""What a position is worth at the market, or at the last price the account has seen."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct, json

from domain.money import ZERO, tidy
from domain.trading import Style

#: Live prices by symbol, from the quote board.
Marks = Mapping[str, Decimal]


class MarkQuality(StrEnum):
    LIVE = "LIVE"
    LAST_FILL = "LAST_FILL"


class Held(Struct, frozen=True, array_like=True):
    """A holding as a query selects it; ``last_price`` is that of its last fill."""

    symbol: str
    quantity: Decimal
    cost_basis: Decimal
    multiplier: Decimal
    last_price: Decimal
    style: Style = Style.PREMIUM

    def mark(self, marks: Marks) -> tuple[Decimal, MarkQuality]:
        live = marks.get(self.symbol)
        if live is None:
            return self.last_price, MarkQuality.LAST_FILL
        return live, MarkQuality.LIVE

    def market_value(self, mark: Decimal) -> Decimal:
        """Below zero when short."""
        return tidy(self.quantity * mark * self.multiplier)

    def unrealised(self, mark: Decimal) -> Decimal:
        cost = -self.cost_basis if self.quantity < 0 else self.cost_basis
        return self.market_value(mark) - cost

    def value(self, mark: Decimal) -> Decimal:
        """What it adds to equity: only its gain, where it was not paid for."""
        if self.style is Style.VARIATION:
            return self.unrealised(mark)
        return self.market_value(mark)


class Worth(Struct, frozen=True):
    """
    All holdings of an account together; ``unmarked`` are valued at their last fill.

    ``variation`` is the part of ``unrealised`` that was not paid for: cash yet to move.
    """

    value: Decimal = ZERO
    unrealised: Decimal = ZERO
    variation: Decimal = ZERO
    unmarked: tuple[str, ...] = ()


def worth(holdings: list[Held], marks: Marks) -> Worth:
    value = unrealised = variation = ZERO
    unmarked = []
    for held in holdings:
        mark, quality = held.mark(marks)
        value += held.value(mark)
        unrealised += held.unrealised(mark)
        if held.style is Style.VARIATION:
            variation += held.unrealised(mark)
        if quality is MarkQuality.LAST_FILL:
            unmarked.append(held.symbol)
    return Worth(value, unrealised, variation, tuple(unmarked))


#: Open holdings of ``account_id`` as one JSON document that decodes to ``list[Held]``.
HOLDINGS = """
COALESCE((SELECT json_agg(json_build_array(p.symbol, p.quantity::text, p.cost_basis::text,
                   p.multiplier::text, p.last_price::text, p.style) ORDER BY p.symbol, p.product)
   FROM rm.positions p
  WHERE p.account_id = {account}.account_id AND p.quantity <> 0), '[]')::text AS holdings
"""
#: Reads that document.
held_in = json.Decoder(list[Held]).decode

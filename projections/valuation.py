"""What a position is worth at the market, or at the last price the account has seen."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct, json

from domain.money import ZERO, tidy

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

    def mark(self, marks: Marks) -> tuple[Decimal, MarkQuality]:
        live = marks.get(self.symbol)
        if live is None:
            return self.last_price, MarkQuality.LAST_FILL
        return live, MarkQuality.LIVE

    def value(self, mark: Decimal) -> Decimal:
        return tidy(self.quantity * mark * self.multiplier)

    def unrealised(self, mark: Decimal) -> Decimal:
        return self.value(mark) - self.cost_basis


class Worth(Struct, frozen=True):
    """All holdings of an account together; ``unmarked`` are valued at their last fill."""

    value: Decimal = ZERO
    cost_basis: Decimal = ZERO
    unmarked: tuple[str, ...] = ()

    @property
    def unrealised(self) -> Decimal:
        return self.value - self.cost_basis


def worth(holdings: list[Held], marks: Marks) -> Worth:
    value = cost = ZERO
    unmarked = []
    for held in holdings:
        mark, quality = held.mark(marks)
        value += held.value(mark)
        cost += held.cost_basis
        if quality is MarkQuality.LAST_FILL:
            unmarked.append(held.symbol)
    return Worth(value, cost, tuple(unmarked))


#: Open holdings of ``account_id`` as one JSON document that decodes to ``list[Held]``.
HOLDINGS = """
COALESCE((SELECT json_agg(json_build_array(p.symbol, p.quantity::text, p.cost_basis::text,
                   p.multiplier::text, p.last_price::text) ORDER BY p.symbol, p.product)
   FROM rm.positions p
  WHERE p.account_id = {account}.account_id AND p.quantity <> 0), '[]')::text AS holdings
"""
#: Reads that document.
held_in = json.Decoder(list[Held]).decode

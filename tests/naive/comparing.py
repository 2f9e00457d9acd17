"""What the naive account and the real one have to agree on."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

from domain.base import Event
from domain.trading import Account as Real
from domain.trading import Product
from tests.naive.account import Account, Key
from tests.naive.amounts import exact

ZERO = Fraction(0)


class Comparing:
    """AssertionError wherever the two have come to something else."""

    account: Account

    def _realised(self, key: Key) -> tuple[Fraction, Fraction]:
        held = self.account.positions.get(key)
        return (held.realised_wac, held.realised_fifo) if held else (ZERO, ZERO)

    def _compare(self, fact: Event, balance: Any) -> None:
        mine = self.account
        self._same("cash", fact, (mine.cash,), (balance.cash,))
        self._same("reserved", fact, (mine.reserved,), (balance.reserved,))
        self._same("margin", fact, (mine.margin,), (balance.margin,))
        self._same("loan", fact, (mine.loan,), (balance.loan,))
        self._same("positions", fact, (mine.positions_value,), (balance.positions,))
        self._same("unrealised", fact, (mine.unrealised,), (balance.unrealised,))
        assert mine.equity == mine.equity_by_profit, "the naive account itself adds up"

    def _compare_layers(self, state: Real) -> None:
        """The layers of the account that decides, one by one and in their order."""
        for (symbol, product), held in self.account.positions.items():
            real = state.position(symbol, Product(product))
            mine = [(lot.quantity, lot.amount) for lot in held.lots]
            theirs = [(exact(lot.quantity), exact(lot.amount)) for lot in real.lots]
            assert mine == theirs, f"lots of {symbol}: {mine} are not {theirs}"
        self._same("fees", None, (self.account.fees,), (state.fees,))
        assert set(self.account.orders) == set(state.orders)

    def _same(
        self,
        what: str,
        fact: Event | None,
        mine: tuple[Fraction, ...],
        theirs: tuple[Decimal, ...],
    ) -> None:
        expected = tuple(exact(value) for value in theirs)
        assert mine == expected, f"{what}: {mine} is not {expected} after {fact}"

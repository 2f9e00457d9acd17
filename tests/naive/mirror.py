"""
The mirror: an account of the naive kind is led through a history, and compared at every fact.

What the real account recorded is only looked at to compare; what happened is taken from what
was asked (the ticket, the quote, the fill).
"""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from commands.base import Command
from commands.trading import ApplyFill, ClosePosition, OpenAccount, PlaceOrder, ReplaceOrder
from domain.base import Event, Events
from domain.trading import Account as Real
from domain.trading import (
    AccountOpened,
    FundsDeposited,
    FundsWithdrawn,
    LotAfter,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderPlaced,
    OrderReplaced,
    Product,
)
from tests.naive.account import Account, Order
from tests.naive.amounts import exact
from tests.naive.prices import short_price, worst_price

#: Leverage of five within the day (§4.5.5).
INTRADAY = Fraction(1, 5)


class Mirror:
    def __init__(self) -> None:
        self.account = Account(Fraction(0))
        self.compared = self.shorts = 0
        self.kinds: Counter[str] = Counter()
        self._placed: dict[UUID, tuple[OrderPlaced, Any]] = {}

    def see(self, command: Command, facts: Events, state: Real) -> None:
        """Let the naive account do the same; AssertionError where it comes to something else."""
        for fact in facts:
            self.kinds[type(fact).__name__] += 1
            self._do(command, fact)
            balance = getattr(fact, "balance", None)
            if balance is not None:
                self._compare(fact, balance)
                self.compared += 1
        self._compare_layers(state)

    def _do(self, command: Command, fact: Event) -> None:
        match fact:
            case AccountOpened():
                assert isinstance(command, OpenAccount)
                self.account = Account(exact(command.opening_capital))
            case FundsDeposited():
                self.account.transfer(exact(command.amount))  # type: ignore[attr-defined]
            case FundsWithdrawn():
                self.account.transfer(-exact(command.amount))  # type: ignore[attr-defined]
            case OrderPlaced():
                self._placed[fact.order_id] = (fact, command)
            case OrderAccepted():
                self.account.place(fact.order_id, self._ticket(fact.order_id))
            case OrderReplaced():
                assert isinstance(command, ReplaceOrder)
                self._replace(command)
            case OrderCanceled() | OrderExpired():
                left = self.account.orders[fact.order_id].leaves
                assert left == exact(fact.canceled_qty)
                self.account.end(fact.order_id)
            case OrderFilled():
                assert isinstance(command, ApplyFill)
                self._fill(command, fact)
            case _:
                pass

    def _ticket(self, order_id: UUID) -> Order:
        placed, command = self._placed[order_id]
        assert isinstance(command, PlaceOrder | ClosePosition)
        order, quote, listed = placed.order, command.quote, command.instrument
        bid, ask = (quote.bid, quote.ask) if quote else (None, None)
        margined = order.product == "MIS"
        worst = worst_price(str(order.side), order.price, ask, listed.tick_size)
        if margined and order.side == "SELL":
            worst = short_price(order.price, bid, ask, listed.tick_size)
        return Order(
            symbol=order.symbol,
            product=str(order.product),
            side=str(order.side),
            quantity=exact(order.quantity),
            worst=worst,
            premium=not margined,
            multiplier=exact(order.multiplier),
            rate=INTRADAY if margined else Fraction(1),
        )

    def _replace(self, command: ReplaceOrder) -> None:
        order = self.account.orders[command.order_id]
        if command.quantity is not None:
            order.quantity = exact(command.quantity)
        if command.price is not None:
            order.worst = exact(command.price)

    def _fill(self, command: ApplyFill, fact: OrderFilled) -> None:
        key = (fact.symbol, str(fact.product))
        order = self.account.orders[fact.order_id]
        before = self._realised(key)
        fees = self.account.fees
        self.account.fill(fact.order_id, exact(command.quantity), exact(command.price))
        held, after = self.account.positions[key], fact.position
        self.shorts += held.quantity < 0
        gained = tuple(now - then for now, then in zip(self._realised(key), before, strict=True))
        mine = (held.quantity, held.cost, held.realised_wac, held.realised_fifo)
        theirs = (after.quantity, after.cost_basis, after.realised_wac, after.realised_fifo)
        self._same("position", fact, mine, theirs)
        self._same("realised", fact, gained, (fact.realised_wac, fact.realised_fifo))
        self._same("fee", fact, (self.account.fees - fees,), (fact.fee,))
        self._same(
            "cumulative", fact, (order.filled, order.leaves), (fact.cum_qty, fact.leaves_qty)
        )
        assert not fact.lots or self._lots(key, fact.lots), (fact, held.lots)

    def _realised(self, key: tuple[str, str]) -> tuple[Fraction, Fraction]:
        held = self.account.positions.get(key)
        return (held.realised_wac, held.realised_fifo) if held else (Fraction(0), Fraction(0))

    def _lots(self, key: tuple[str, str], told: tuple[LotAfter, ...]) -> bool:
        """What is left of the layers it touched are the first and the last of those that are."""
        mine = [(lot.quantity, lot.amount) for lot in self.account.positions[key].lots]
        theirs = [(exact(lot.quantity), exact(lot.amount)) for lot in told if lot.quantity]
        return all(lot in mine for lot in theirs)

    def _compare(self, fact: Event, balance: Any) -> None:
        mine = self.account
        self._same("cash", fact, (mine.cash,), (balance.cash,))
        self._same("reserved", fact, (mine.reserved,), (balance.reserved,))
        self._same("margin", fact, (mine.margin,), (balance.margin,))
        self._same("positions", fact, (mine.positions_value,), (balance.positions,))
        assert mine.equity == mine.equity_by_profit, "the naive account itself adds up"

    def _compare_layers(self, state: Real) -> None:
        """The layers of the account that decides, one by one and in their order."""
        for (symbol, product), held in self.account.positions.items():
            real = state.position(symbol, Product(product))
            mine = [(lot.quantity, lot.amount) for lot in held.lots]
            theirs = [(exact(lot.quantity), exact(lot.amount)) for lot in real.lots]
            assert mine == theirs, f"lots of {symbol}: {mine} are not {theirs}"

    def _same(
        self, what: str, fact: Event, mine: tuple[Fraction, ...], theirs: tuple[Decimal, ...]
    ) -> None:
        expected = tuple(exact(value) for value in theirs)
        assert mine == expected, f"{what}: {mine} is not {expected} after {fact}"

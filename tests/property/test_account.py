"""
Whatever is asked, in whatever order: an account's money, orders, lots and positions add up.

The checks add the facts up by themselves and never ask the code under test for its totals.
"""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from msgspec import json
from msgspec.structs import replace

from commands.base import Command
from commands.trading import (
    ApplyFill,
    CancelOrder,
    ClosePosition,
    DepositVirtual,
    ReplaceOrder,
    WithdrawVirtual,
)
from domain import EVENTS
from domain.base import Event, fold
from domain.errors import DomainError
from domain.market import Instrument, InstrumentType, witness
from domain.trading import (
    Account,
    OrderFilled,
    OrderPlaced,
    OrderType,
    Product,
    Side,
    Tif,
)
from tests.spec.trading import MINE, NOW, opened, place, quote, ticket

SYMBOLS = ("ACME", "INIT")
small = st.integers(1, 5).map(Decimal)  # small numbers collide, and collisions find bugs
sides = st.sampled_from(Side)


def instrument(symbol: str) -> Instrument:
    return Instrument(
        symbol=symbol,
        name=symbol,
        exchange="SIM",
        type=InstrumentType.EQ,
        currency="INR",
        tick_size=Decimal(1),
    )


class AnyTrading(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.ids = 100
        self.facts: list[Event] = list(opened("20"))
        self.account = fold(Account(), self.facts)

    def new_id(self) -> UUID:
        self.ids += 1
        return UUID(int=self.ids)

    def ask(self, command: Command) -> None:
        try:
            facts = command.decide(self.account)
        except DomainError:
            return
        self.facts += facts
        self.account = fold(self.account, facts)

    @rule(amount=st.integers(1, 10).map(Decimal))
    def deposit(self, amount: Decimal) -> None:
        self.ask(DepositVirtual(at=NOW, account_id=MINE, amount=amount))

    @rule(amount=st.integers(1, 10).map(Decimal))
    def withdraw(self, amount: Decimal) -> None:
        self.ask(WithdrawVirtual(at=NOW, account_id=MINE, amount=amount))

    @rule(
        symbol=st.sampled_from(SYMBOLS),
        side=sides,
        quantity=small,
        price=small | st.none(),
        name=st.sampled_from([None, None, "a", "b"]),
    )
    def place_order(
        self, symbol: str, side: Side, quantity: Decimal, price: Decimal | None, name: str | None
    ) -> None:
        order = ticket(side, str(quantity), None if price is None else str(price), symbol=symbol)
        seen = replace(quote("2", "3"), symbol=symbol)
        command = place(order, self.new_id(), name, at_quote=seen)
        self.ask(replace(command, instrument=instrument(symbol)))

    @precondition(lambda self: self.account.orders)
    @rule(data=st.data(), quantity=small, price=small)
    def apply_fill(self, data: st.DataObject, quantity: Decimal, price: Decimal) -> None:
        order_id = data.draw(st.sampled_from(sorted(self.account.orders)))
        exec_id = data.draw(st.integers(1, 6).map(lambda n: UUID(int=n + order_id.int * 1000)))
        self.ask(
            ApplyFill(
                at=NOW,
                account_id=MINE,
                order_id=order_id,
                exec_id=exec_id,
                quantity=quantity,
                price=price,
                evidence=witness(quote(), NOW, rule="MARKETABLE", model="TOP_OF_BOOK@1"),
                executed_at=NOW,
            )
        )

    @precondition(lambda self: self.account.orders)
    @rule(data=st.data())
    def cancel_order(self, data: st.DataObject) -> None:
        order_id = data.draw(st.sampled_from(sorted(self.account.orders)))
        self.ask(CancelOrder(at=NOW, account_id=MINE, order_id=order_id))

    @precondition(lambda self: self.account.orders)
    @rule(data=st.data(), quantity=small | st.none(), price=small | st.none())
    def change_order(
        self, data: st.DataObject, quantity: Decimal | None, price: Decimal | None
    ) -> None:
        order_id = data.draw(st.sampled_from(sorted(self.account.orders)))
        if quantity is None and price is None:
            return
        symbol = self.account.orders[order_id].order.symbol
        self.ask(
            ReplaceOrder(
                at=NOW,
                account_id=MINE,
                order_id=order_id,
                instrument=instrument(symbol),
                quantity=quantity,
                price=price,
            )
        )

    @rule(symbol=st.sampled_from(SYMBOLS))
    def close_position(self, symbol: str) -> None:
        self.ask(
            ClosePosition(
                at=NOW,
                account_id=MINE,
                order_id=self.new_id(),
                product=Product.CNC,
                instrument=instrument(symbol),
                quote=replace(quote("2", "3"), symbol=symbol),
            )
        )

    @property
    def fills(self) -> list[OrderFilled]:
        return [fact for fact in self.facts if isinstance(fact, OrderFilled)]

    @invariant()
    def cash_is_the_sum_of_the_postings_and_every_fact_balances(self) -> None:
        cash = Decimal(0)
        for fact in self.facts:
            postings = getattr(fact, "postings", ())
            assert sum(line.amount for line in postings) == 0
            cash += sum(line.amount for line in postings if line.ledger == "cash")
        assert self.account.balance.cash == cash

    @invariant()
    def it_never_owes_cash_nor_promises_more_than_it_has(self) -> None:
        assert 0 <= self.account.balance.reserved <= self.account.balance.cash

    @invariant()
    def reserved_is_the_sum_over_working_orders(self) -> None:
        buys = [w for w in self.account.orders.values() if w.order.side is Side.BUY]
        assert self.account.balance.reserved == sum(w.limit * w.leaves_qty for w in buys)
        for working in self.account.orders.values():
            cost = working.limit * working.leaves_qty if working.order.side is Side.BUY else 0
            assert working.reserved == cost

    @invariant()
    def a_position_is_the_sum_of_its_fills_and_of_its_lots(self) -> None:
        for symbol in SYMBOLS:
            held = self.account.position(symbol, Product.CNC)
            signed = [
                f.last_qty if f.side is Side.BUY else -f.last_qty
                for f in self.fills
                if f.symbol == symbol
            ]
            assert held.quantity == sum(signed) == sum(lot.quantity for lot in held.lots)
            assert held.quantity >= 0
            assert all(lot.quantity > 0 and lot.amount >= 0 for lot in held.lots)
            if held.quantity == 0:
                assert held.cost_basis == 0

    @invariant()
    def nobody_sells_more_than_is_held(self) -> None:
        for symbol in SYMBOLS:
            held = self.account.position(symbol, Product.CNC)
            offered = sum(
                w.leaves_qty
                for w in self.account.orders.values()
                if w.order.side is Side.SELL and w.order.symbol == symbol
            )
            assert held.selling == offered <= held.quantity

    @invariant()
    def both_costs_tell_the_same_profit(self) -> None:
        for symbol in SYMBOLS:
            held = self.account.position(symbol, Product.CNC)
            fifo_cost = sum(lot.amount for lot in held.lots)
            assert held.realised_wac - held.cost_basis == held.realised_fifo - fifo_cost
            mine = [f for f in self.fills if f.symbol == symbol]
            assert held.realised_wac == sum(f.realised_wac for f in mine)
            assert held.realised_fifo == sum(f.realised_fifo for f in mine)

    @invariant()
    def equity_is_capital_and_profit(self) -> None:
        paid_in = sum(
            -line.amount
            for fact in self.facts
            for line in getattr(fact, "postings", ())
            if line.ledger == "house:capital"
        )
        balance, positions = self.account.balance, self.account.positions.values()
        value = sum(p.quantity * p.last_price for p in positions)
        assert balance.positions == value
        profit = sum(p.realised_wac - p.cost_basis for p in positions) + value
        assert balance.cash + balance.positions == paid_in + profit

    @invariant()
    def every_order_is_accounted_for(self) -> None:
        placed = {f.order_id: f.order.quantity for f in self.facts if isinstance(f, OrderPlaced)}
        for order_id in placed:
            assert (order_id in self.account.orders) != (order_id in self.account.done)
        for order_id, working in self.account.orders.items():
            cum = sum(f.last_qty for f in self.fills if f.order_id == order_id)
            assert working.cum_qty == cum < working.order.quantity
        execs = [f.exec_id for f in self.fills]
        assert len(execs) == len(set(execs))

    @invariant()
    def a_market_order_waits_only_within_its_collar(self) -> None:
        for working in self.account.orders.values():
            if working.order.order_type is OrderType.MARKET:
                assert working.order.tif is Tif.DAY
                assert working.limit in (Decimal(4), Decimal(1))

    def teardown(self) -> None:
        """Replay from storage agrees."""
        stored = [(type(fact).__name__, json.encode(fact)) for fact in self.facts]
        assert fold(Account(), (json.decode(s, type=EVENTS[name]) for name, s in stored)) == (
            self.account
        )


TestAnyTrading = AnyTrading.TestCase
TestAnyTrading.settings = settings(stateful_step_count=30)


OF_TRADING = sorted(name for name, event in EVENTS.items() if "trading" in event.__module__)


@pytest.mark.parametrize("name", OF_TRADING)
@settings(max_examples=25)
@given(data=st.data())
def test_folding_is_total(name: str, data: st.DataObject) -> None:
    """History may be strange, but it is history: no fact makes the fold fail."""
    event = data.draw(st.from_type(EVENTS[name]))
    before = fold(Account(), opened())
    assert isinstance(before.evolve(event), Account)

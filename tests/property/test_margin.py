"""
Whatever is traded under whatever product, the account's money, margin and orders add up.

Small numbers collide, and collisions find bugs.  The checks add the facts up by themselves.
The names I-01 to I-14 are those of the reference (trading.md §4.20).
"""

from __future__ import annotations

import os
from collections import defaultdict
from decimal import Decimal
from uuid import UUID

from hypothesis import settings
from hypothesis.stateful import invariant, rule

from domain.trading import (
    LONG_ONLY,
    OrderAccepted,
    OrderFilled,
    OrderHeld,
    OrderPlaced,
    Position,
    PositionConverted,
    Product,
    Side,
    Style,
    Working,
    holding,
    schedule,
    segment_of,
)
from tests.property.products import SHARE, Trading
from tests.spec.trading import told

EXAMPLES = 500 if os.environ.get("CI") else 15 if os.environ.get("MUTANTS") else 60


class AnyProduct(Trading):
    # ── invariants ─────────────────────────────────────────────────────────────

    @property
    def fills(self) -> list[OrderFilled]:
        return [fact for fact in self.facts if isinstance(fact, OrderFilled)]

    @invariant()
    def every_fact_balances_and_cash_and_loan_are_the_sums(self) -> None:
        """I-14."""
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for fact in self.facts:
            postings = getattr(fact, "postings", ())
            assert sum(line.amount for line in postings) == 0
            for line in postings:
                sums[line.ledger] += line.amount
        assert self.account.balance.cash == sums["cash"]
        assert self.account.balance.loan == -sums["loan"]
        fees = sum(amount for name, amount in sums.items() if name.startswith("house:fees"))
        assert self.account.fees == fees

    @invariant()
    def positions_are_their_fills_and_their_lots(self) -> None:
        """I-01, I-02, I-08."""
        signed: dict[str, Decimal] = defaultdict(Decimal)
        for fact in self.facts:
            if isinstance(fact, OrderFilled):
                way = 1 if fact.side is Side.BUY else -1
                signed[holding(fact.symbol, fact.product)] += way * fact.last_qty
            if isinstance(fact, PositionConverted):
                way = 1 if fact.source.quantity >= 0 and fact.target.quantity >= 0 else -1
                signed[holding(fact.symbol, fact.from_product)] -= way * fact.quantity
                signed[holding(fact.symbol, fact.to_product)] += way * fact.quantity
        for key, held in self.account.positions.items():
            assert held.quantity == signed[key]
            assert abs(held.quantity) == sum(lot.quantity for lot in held.lots)
            assert all(lot.quantity > 0 and lot.amount >= 0 for lot in held.lots)
            assert held.cost_basis >= 0
            assert held.margin >= 0
            if not held.quantity:
                assert told(held.cost_basis, held.margin, held.loan) == (0, 0, 0)
            if Product(key.rsplit("/", 1)[1]) in LONG_ONLY:
                assert held.quantity >= 0
                assert held.sellable >= 0

    @invariant()
    def margin_is_held_against_what_was_not_paid_for(self) -> None:
        rates = {"FUT/NRML": Decimal("0.1"), "SHR/MIS": Decimal("0.2")}
        for key, held in self.account.positions.items():
            if key in rates:
                exact = held.cost_basis * rates[key]
                assert exact <= held.margin <= exact + Decimal("0.000001")
            elif key == "CALL/NRML" and held.quantity < 0:
                unit = held.risk_margin / -held.quantity
                assert Decimal("0.5") < unit < Decimal(20), "its value, and the risk of writing it"
            else:
                assert held.margin == 0

    @invariant()
    def equity_is_capital_and_profit_less_fees(self) -> None:
        """I-03, and I-07 on the way."""
        account, balance = self.account, self.account.balance
        held = account.positions.values()
        won = sum(p.realised_wac + p.unrealised_at(p.last_price) for p in held)
        assert balance.equity == 40 + won - account.fees
        assert balance.positions == sum(p.value for p in held)
        assert balance.margin == sum(p.margin for p in held)
        assert balance.loan == sum(p.loan for p in held)
        assert balance.unrealised == sum(p.variation for p in held)
        assert balance.available + balance.reserved + balance.margin == balance.cash
        if not account.orders:
            assert balance.reserved == 0

    @invariant()
    def both_costs_tell_the_same_profit(self) -> None:
        """I-04."""
        for held in self.account.positions.values():
            sign = -1 if held.quantity < 0 else 1
            fifo = sum((lot.amount for lot in held.lots), Decimal(0))
            assert held.realised_wac - sign * held.cost_basis == held.realised_fifo - sign * fifo

    @invariant()
    def reserved_is_what_the_rule_says_over_all_orders(self) -> None:
        expected = Decimal(0)
        by_holding: dict[str, list[Working]] = defaultdict(list)
        for working in self.account.orders.values():
            expected += working.reserved
            if working.counted:
                key = holding(working.order.symbol, working.order.product)
                by_holding[key].append(working)
        for key, orders in by_holding.items():
            if orders[0].order.product not in LONG_ONLY:
                expected += netted(self.account.positions.get(key, Position()), orders)
        assert self.account.balance.reserved == expected
        assert expected >= 0

    @invariant()
    def every_order_is_accounted_for(self) -> None:
        """I-09."""
        placed = [fact.order_id for fact in self.facts if isinstance(fact, OrderPlaced)]
        for order_id in placed:
            assert (order_id in self.account.orders) != (order_id in self.account.done)
        for order_id, working in self.account.orders.items():
            cum = sum(f.last_qty for f in self.fills if f.order_id == order_id)
            assert working.cum_qty == cum < working.order.quantity

    @invariant()
    def fees_do_not_depend_on_the_way_an_order_was_filled(self) -> None:
        """I-11."""
        turnover: dict[UUID, Decimal] = defaultdict(Decimal)
        paid: dict[UUID, Decimal] = defaultdict(Decimal)
        for fill in self.fills:
            turnover[fill.order_id] += fill.gross
            paid[fill.order_id] += fill.fee
            assert fill.fee >= 0
            assert fill.fee == sum((fill.fees or {}).values())
        orders = {f.order_id: f.order for f in self.facts if isinstance(f, OrderPlaced)}
        schedules = {fill.order_id: fill.fee_schedule for fill in self.fills}
        for order_id, gross in turnover.items():
            order = orders[order_id]
            due = schedule(schedules[order_id]).total(segment_of(order), order.side, gross)
            assert paid[order_id] == due

    @invariant()
    def it_deals_at_the_paper_venue_alone(self) -> None:
        """I-17: nothing that is played with can reach a live broker."""
        for fact in self.facts:
            if isinstance(fact, OrderAccepted | OrderHeld):
                assert fact.venue == "paper"


class LongOnly(AnyProduct):
    """I-05: whoever only buys what he pays for never owes cash."""

    ways = ((SHARE, Product.CNC), (SHARE, Product.MTF))

    @rule()
    def convert(self) -> None:
        """Margin products are left out."""

    @invariant()
    def cash_is_never_owed_nor_promised_twice(self) -> None:
        assert self.account.balance.cash >= 0
        assert self.account.balance.available >= 0


def netted(held: Position, orders: list[Working]) -> Decimal:
    """What all orders on one position need, one unit at a time."""
    units: dict[Side, list[Decimal]] = {side: [] for side in Side}
    for working in orders:
        assert working.unit is not None
        units[working.order.side] += [working.unit] * int(working.leaves_qty)
    none = Decimal(0)
    closing = {Side.BUY: max(none, -held.quantity), Side.SELL: max(none, held.quantity)}
    opening = {
        side: sorted(needs, reverse=True)[: max(0, len(needs) - int(closing[side]))]
        for side, needs in units.items()
    }
    total = sum(opening[Side.BUY], Decimal(0)) + sum(opening[Side.SELL], Decimal(0))
    if orders[0].order.style is Style.PREMIUM:
        return total
    dearest = max((unit for needs in opening.values() for unit in needs), default=Decimal(0))
    return min(total, dearest * max(len(needs) for needs in opening.values()))


TestAnyProduct = AnyProduct.TestCase
TestAnyProduct.settings = settings(max_examples=EXAMPLES, stateful_step_count=40)
TestLongOnly = LongOnly.TestCase
TestLongOnly.settings = settings(max_examples=EXAMPLES, stateful_step_count=30)

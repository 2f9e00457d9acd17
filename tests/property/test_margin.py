"""
Whatever is traded under whatever product, the account's money, margin and orders add up.

Small numbers collide, and collisions find bugs.  The checks add the facts up by themselves.
The names I-01 to I-14 are those of the reference (trading.md §4.20).
"""

from __future__ import annotations

import os
from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from msgspec.structs import replace

from commands.base import Command
from commands.trading import (
    ApplyFill,
    CancelOrder,
    ConvertPosition,
    OpenAccount,
    PlaceOrder,
    ReplaceOrder,
)
from domain.base import Event, fold
from domain.errors import DomainError
from domain.market import Instrument, InstrumentType, Quote, witness
from domain.money import tidy
from domain.trading import (
    LONG_ONLY,
    Account,
    Order,
    OrderFilled,
    OrderPlaced,
    OrderType,
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
from tests.spec.trading import ME, MINE, NOW, quote

EXAMPLES = 500 if os.environ.get("CI") else 60
SHARE = Instrument(
    symbol="SHR",
    name="Share",
    exchange="SIM",
    type=InstrumentType.EQ,
    currency="INR",
    tick_size=Decimal("0.5"),
    mtf_own_funds_rate=Decimal("0.3"),
)
DERIVED = {"underlying": "SHR", "expiry": date(2026, 12, 31)}
FUTURE = replace(SHARE, symbol="FUT", type=InstrumentType.FUT, **DERIVED)
CALL = replace(
    SHARE,
    symbol="CALL",
    type=InstrumentType.CE,
    strike=Decimal(3),
    **DERIVED,
    multiplier=Decimal(2),
)
WAYS = (
    (SHARE, Product.CNC),
    (SHARE, Product.MIS),
    (SHARE, Product.MTF),
    (FUTURE, Product.NRML),
    (CALL, Product.NRML),
)
BY_SYMBOL = {one.symbol: one for one in (SHARE, FUTURE, CALL)}
small = st.integers(1, 5).map(Decimal)
prices = st.integers(2, 10).map(lambda n: Decimal(n) / 2)


class Ticket(NamedTuple):
    way: tuple[Instrument, Product]
    side: Side
    quantity: Decimal
    price: Decimal | None
    reduce_only: bool


tickets = st.builds(
    Ticket,
    st.sampled_from(WAYS),
    st.sampled_from(Side),
    small,
    prices | st.none(),
    st.sampled_from((False, False, False, True)),
)


def seen_at(symbol: str) -> Quote:
    return replace(quote("2.5", "3"), symbol=symbol, last=Decimal(3))


class AnyProduct(RuleBasedStateMachine):
    fee_schedule = "ZERODHA"
    ways = WAYS

    def __init__(self) -> None:
        super().__init__()
        self.ids = 1000
        opening = OpenAccount(
            at=NOW,
            account_id=MINE,
            owner_id=ME,
            kind="PAPER",
            currency="INR",
            opening_capital=Decimal(40),
            fee_schedule=self.fee_schedule,
        )
        self.facts: list[Event] = list(opening.decide(Account()))
        self.account = fold(Account(), self.facts)

    def new_id(self) -> UUID:
        self.ids += 1
        return UUID(int=self.ids)

    def ask(self, command: Command) -> tuple[Event, ...]:
        try:
            facts = command.decide(self.account)
        except DomainError:
            return ()
        self.facts += facts
        self.account = fold(self.account, facts)
        return facts

    @rule(ticket=tickets)
    def place(self, ticket: Ticket) -> None:
        instrument, product = ticket.way
        if ticket.way not in self.ways:
            return
        order = Order(
            symbol=instrument.symbol,
            side=ticket.side,
            quantity=ticket.quantity,
            order_type=OrderType.MARKET if ticket.price is None else OrderType.LIMIT,
            product=product,
            price=ticket.price,
            multiplier=instrument.multiplier,
            asset=instrument.type,
            reduce_only=ticket.reduce_only,
        )
        self.ask(
            PlaceOrder(
                at=NOW,
                account_id=MINE,
                order_id=self.new_id(),
                order=order,
                instrument=instrument,
                quote=seen_at(instrument.symbol),
                underlying=Decimal(3),
            )
        )

    @precondition(lambda self: self.account.orders)
    @rule(data=st.data(), quantity=small, price=prices)
    def fill(self, data: st.DataObject, quantity: Decimal, price: Decimal) -> None:
        """At a price no worse than the one that was reserved for."""
        order_id = data.draw(st.sampled_from(sorted(self.account.orders)))
        working = self.account.orders[order_id]
        order = working.order
        reserved_for = working.reserve_price or working.limit
        price = min(price, reserved_for)
        held = self.account.position(order.symbol, order.product)
        if held.loan and order.side is Side.SELL and price * held.quantity < held.loan:
            return  # a fall below the loan is a loss that a broker would have called before
        before = buying_power_at(self.account, order, price)
        again = ApplyFill(
            at=NOW,
            account_id=MINE,
            order_id=order_id,
            exec_id=self.new_id(),
            quantity=min(quantity, working.leaves_qty),
            price=price,
            evidence=witness(quote(), NOW, rule="MARKETABLE", model="TOP_OF_BOOK@1"),
            executed_at=NOW,
        )
        facts = self.ask(again)
        filled = [fact for fact in facts if isinstance(fact, OrderFilled)]
        if not filled:
            return
        if working.counted:  # I-06
            assert filled[0].balance.buying_power >= before, (filled[0], before)
        if order_id in self.account.orders:  # I-10
            assert again.decide(self.account) == ()

    @precondition(lambda self: self.account.orders)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        order_id = data.draw(st.sampled_from(sorted(self.account.orders)))
        self.ask(CancelOrder(at=NOW, account_id=MINE, order_id=order_id))

    @precondition(lambda self: self.account.orders)
    @rule(data=st.data(), quantity=small | st.none(), price=prices | st.none())
    def change(self, data: st.DataObject, quantity: Decimal | None, price: Decimal | None) -> None:
        order_id = data.draw(st.sampled_from(sorted(self.account.orders)))
        if quantity is None and price is None:
            return
        symbol = self.account.orders[order_id].order.symbol
        self.ask(
            ReplaceOrder(
                at=NOW,
                account_id=MINE,
                order_id=order_id,
                instrument=BY_SYMBOL[symbol],
                quantity=quantity,
                price=price,
            )
        )

    @rule(there=st.booleans(), quantity=small)
    def convert(self, there: bool, quantity: Decimal) -> None:
        pair = (Product.CNC, Product.MIS) if there else (Product.MIS, Product.CNC)
        before = equity_at(self.account, Decimal(3))
        facts = self.ask(
            ConvertPosition(
                at=NOW,
                account_id=MINE,
                conversion_id=self.new_id(),
                instrument=SHARE,
                from_product=pair[0],
                to_product=pair[1],
                quantity=quantity,
            )
        )
        if facts:
            assert equity_at(self.account, Decimal(3)) == before

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
                assert (held.cost_basis, held.margin, held.loan) == (0, 0, 0)
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
    closing = {Side.BUY: max(0, -held.quantity), Side.SELL: max(0, held.quantity)}
    opening = {
        side: sorted(needs, reverse=True)[: max(0, len(needs) - int(closing[side]))]
        for side, needs in units.items()
    }
    total = sum(opening[Side.BUY], Decimal(0)) + sum(opening[Side.SELL], Decimal(0))
    if orders[0].order.style is Style.PREMIUM:
        return total
    dearest = max((unit for needs in opening.values() for unit in needs), default=Decimal(0))
    return min(total, dearest * max(len(needs) for needs in opening.values()))


def buying_power_at(account: Account, order: Order, price: Decimal) -> Decimal:
    """The buying power with the position of this order marked at ``price``."""
    held, balance = account.position(order.symbol, order.product), account.balance
    margin, unrealised = balance.margin, balance.unrealised
    if held.style is Style.VARIATION:
        unrealised += held.unrealised_at(price) - held.variation
    elif held.quantity < 0:
        risk = held.margin - abs(held.quantity) * held.last_price * held.multiplier
        margin += abs(held.quantity) * price * held.multiplier + risk - held.margin
    return tidy(balance.cash - balance.reserved - margin + min(Decimal(0), unrealised))


def equity_at(account: Account, price: Decimal) -> Decimal:
    held = account.positions.values()
    balance = account.balance
    return tidy(balance.cash - balance.loan + sum(p.value_at(price) for p in held))


TestAnyProduct = AnyProduct.TestCase
TestAnyProduct.settings = settings(max_examples=EXAMPLES, stateful_step_count=40)
TestLongOnly = LongOnly.TestCase
TestLongOnly.settings = settings(max_examples=EXAMPLES, stateful_step_count=30)

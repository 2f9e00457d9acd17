"""Trading shares, loans, futures and written options at random, in small numbers."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule
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
    Account,
    Order,
    OrderFilled,
    OrderType,
    Product,
    Side,
    Style,
    holding,
)
from tests.spec.trading import ME, MINE, NOW, quote

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


class Trading(RuleBasedStateMachine):
    fee_schedule = "ZERODHA"
    ways: tuple[tuple[Instrument, Product], ...] = WAYS

    def __init__(self) -> None:
        super().__init__()
        self.ids = 1000
        self.at = NOW
        opening = OpenAccount(
            at=self.at,
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
                at=self.at,
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
            at=self.at,
            account_id=MINE,
            order_id=order_id,
            exec_id=self.new_id(),
            quantity=min(quantity, working.leaves_qty),
            price=price,
            evidence=witness(quote(), self.at, rule="MARKETABLE", model="TOP_OF_BOOK@1"),
            executed_at=self.at,
        )
        facts = self.ask(again)
        filled = [fact for fact in facts if isinstance(fact, OrderFilled)]
        if not filled:
            return
        if working.counted:  # I-06
            after = buying_power_at(self.account, order, price)
            assert after >= before, (filled[0], before, after)
        if order_id in self.account.orders:  # I-10
            assert again.decide(self.account) == ()

    @precondition(lambda self: self.account.orders)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        order_id = data.draw(st.sampled_from(sorted(self.account.orders)))
        self.ask(CancelOrder(at=self.at, account_id=MINE, order_id=order_id))

    @precondition(lambda self: self.account.orders)
    @rule(data=st.data(), quantity=small | st.none(), price=prices | st.none())
    def change(self, data: st.DataObject, quantity: Decimal | None, price: Decimal | None) -> None:
        order_id = data.draw(st.sampled_from(sorted(self.account.orders)))
        if quantity is None and price is None:
            return
        symbol = self.account.orders[order_id].order.symbol
        self.ask(
            ReplaceOrder(
                at=self.at,
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
                at=self.at,
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


def buying_power_at(account: Account, order: Order, price: Decimal) -> Decimal:
    """
    The buying power with the position of this order marked at ``price``.

    What is gained elsewhere covers no loss: to take a loss that a gain of another position had
    covered lowers the sum of both, by the very definition (trading.md §4.5.4).
    """
    balance, lost = account.balance, Decimal(0)
    margin = balance.margin
    for key, held in account.positions.items():
        mine = key == holding(order.symbol, order.product)
        at = price if mine else held.last_price
        if held.style is Style.VARIATION:
            lost += min(Decimal(0), held.unrealised_at(at))
        elif mine and held.quantity < 0:
            margin += abs(held.quantity) * (price - held.last_price) * held.multiplier
    return tidy(balance.cash - balance.reserved - margin + lost)


def equity_at(account: Account, price: Decimal) -> Decimal:
    held = account.positions.values()
    balance = account.balance
    return tidy(balance.cash - balance.loan + sum(p.value_at(price) for p in held))

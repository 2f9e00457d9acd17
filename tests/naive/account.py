"""
One account, from the text of §4.5 to §4.8: everything is added up anew whenever it is asked for.

A position is (instrument, product).  Nothing is kept that can be derived: what is reserved is
computed from positions and working orders, and the lots are a plain list.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from tests.naive.amounts import CENTS, downward, half_even, upward
from tests.naive.fees import Schedule, at_expiry, charged
from tests.naive.position import Position

ZERO = Fraction(0)
LONG_ONLY = {"CNC", "SPOT", "MTF"}


class Key(NamedTuple):
    symbol: str
    product: str


@dataclass
class Order:
    """
    ``worst`` is the reservation price; ``per_unit`` the share of its value that opening needs as
    margin, or of a written option the risk of one unit; ``lent`` what share of it is lent.
    """

    key: Key
    side: str
    quantity: Fraction
    worst: Fraction
    limit: Fraction
    style: str = "CASH"
    multiplier: Fraction = Fraction(1)
    per_unit: Fraction = ZERO
    lent: Fraction = ZERO
    schedule: Schedule = ()
    counts: bool = True
    filled: Fraction = ZERO
    turnover: Fraction = ZERO
    drawn: Fraction = ZERO

    @property
    def leaves(self) -> Fraction:
        return self.quantity - self.filled

    @property
    def worst_cost(self) -> Fraction:
        return self.leaves * self.worst * self.multiplier

    @property
    def unit(self) -> Fraction:
        """What one opening unit needs."""
        price = self.worst * self.multiplier
        if self.style == "MARGIN":
            return upward(price * self.per_unit)
        return self.per_unit if self.style == "OPTION" and self.side == "SELL" else price


class Account:
    def __init__(self, capital: Fraction) -> None:
        self.cash = self.paid_in = capital
        self.loan = self.fees = self.interest = ZERO
        self.positions: dict[Key, Position] = {}
        self.orders: dict[object, Order] = {}
        self.marks: dict[Key, Fraction] = {}
        self.charged_through: dict[Key, date] = {}

    # ── what may happen ────────────────────────────────────────────────────────

    def transfer(self, amount: Fraction) -> None:
        self.cash += amount
        self.paid_in += amount

    def fill(self, order_id: object, quantity: Fraction, price: Fraction, on: date) -> None:
        order = self.orders[order_id]
        held = self.positions.setdefault(order.key, Position(order.style, order.multiplier))
        gross = quantity * price * order.multiplier
        won, before = held.realised_wac, held.quantity
        opened = held.trade(1 if order.side == "BUY" else -1, quantity, gross, on)
        held.hold(before, price, opened, order.per_unit)
        lent = self._borrow(held, order, quantity, gross)
        fee = charged(order.schedule, order.side, order.turnover + gross)
        fee -= charged(order.schedule, order.side, order.turnover)
        order.turnover += gross
        order.filled += quantity
        paid = -gross if order.side == "BUY" else gross
        self.cash += held.realised_wac - won if order.style == "MARGIN" else paid
        self.cash += lent - fee
        self.loan += lent
        self.fees += fee
        self.marks[order.key] = price
        if order.leaves == 0:
            del self.orders[order_id]

    def _borrow(
        self, held: Position, order: Order, quantity: Fraction, gross: Fraction
    ) -> Fraction:
        """What is drawn for a purchase on loan, or paid back (below zero) by a sale."""
        if order.key.product != "MTF":
            return ZERO
        if order.side == "BUY":
            after = downward((order.turnover + gross) * order.lent)
            moved = after - order.drawn
            order.drawn = after
        elif held.quantity == 0:
            moved = -held.loan
        else:
            moved = -downward(held.loan * quantity / (held.quantity + quantity))
        held.loan += moved
        return moved

    def charge(self, key: Key, rate: Fraction, through: date) -> Fraction:
        """Interest a day, loan x rate / 365, for the days since it was charged last."""
        held = self.positions[key]
        if not held.lots or not held.loan:
            return ZERO
        since = max(held.lots[0].opened, self.charged_through.get(key, date.min))
        amount = half_even(held.loan * rate * max(0, (through - since).days) / 365, CENTS)
        if amount:
            self.charged_through[key] = through
            self.cash -= amount
            self.interest += amount
        return amount

    def settle(self, key: Key, worth: Fraction, schedule: Schedule) -> Fraction:
        """A contract ends at this worth of a unit; what its holder is charged for it."""
        held = self.positions[key]
        exercised = held.style == "OPTION" and held.quantity > 0
        value = held.quantity * worth * held.multiplier if exercised else ZERO
        fee = at_expiry(schedule, value)
        self.cash += held.settle(worth) - fee
        self.fees += fee
        self.marks[key] = worth
        return fee

    # ── what is true of it ─────────────────────────────────────────────────────

    @property
    def margin(self) -> Fraction:
        return sum((held.margin for held in self.positions.values()), ZERO)

    @property
    def reserved(self) -> Fraction:
        keys = {order.key for order in self.orders.values() if order.counts}
        return sum((self._claim(key) for key in keys), ZERO) + self._fees_to_come()

    @property
    def positions_value(self) -> Fraction:
        return sum((held.value(self.marks[key]) for key, held in self.positions.items()), ZERO)

    @property
    def unrealised(self) -> Fraction:
        """What would move cash and has not yet."""
        return sum(
            (
                held.unrealised(self.marks[key])
                for key, held in self.positions.items()
                if held.style == "MARGIN"
            ),
            ZERO,
        )

    @property
    def buying_power(self) -> Fraction:
        return self.cash - self.reserved - self.margin + min(ZERO, self.unrealised)

    @property
    def equity(self) -> Fraction:
        return self.cash - self.loan + self.positions_value

    @property
    def equity_by_profit(self) -> Fraction:
        """The other side of the identity: what was paid in, and what became of it."""
        won = sum(
            (
                held.realised_wac + held.unrealised(self.marks[key])
                for key, held in self.positions.items()
            ),
            ZERO,
        )
        return self.paid_in + won - self.fees - self.interest

    def opening(self, key: Key, side: str) -> Fraction:
        """The units that all working orders of this side could open together."""
        return self._side(key, side)[2]

    def closable(self, key: Key, side: str) -> Fraction:
        """What an order that only reduces may still close, after all that count."""
        held = self.positions[key].quantity if key in self.positions else ZERO
        other = held if side == "SELL" else -held
        offered = sum((order.leaves for order in self._counting(key, side)), ZERO)
        return max(ZERO, other - offered)

    def _counting(self, key: Key, side: str) -> list[Order]:
        orders = self.orders.values()
        return [one for one in orders if one.key == key and one.side == side and one.counts]

    def _claim(self, key: Key) -> Fraction:
        """What the working orders of one position need, fees apart."""
        buys, dearest_buy, open_buys = self._side(key, "BUY")
        sells, dearest_sell, open_sells = self._side(key, "SELL")
        style = next(order.style for order in self.orders.values() if order.key == key)
        if style != "MARGIN":
            return buys + sells
        return min(buys + sells, max(dearest_buy, dearest_sell) * max(open_buys, open_sells))

    def _side(self, key: Key, side: str) -> tuple[Fraction, Fraction, Fraction]:
        """What a side's opening units need (the dearest first), the dearest unit, how many."""
        held = self.positions[key].quantity if key in self.positions else ZERO
        mine = self._counting(key, side)
        closing = max(ZERO, held if side == "SELL" else -held)
        opening = max(ZERO, sum((order.leaves for order in mine), ZERO) - closing)
        left, claim, dearest = opening, ZERO, ZERO
        for order in sorted(mine, key=lambda order: order.unit, reverse=True):
            taken = min(left, order.leaves)
            if taken == 0:
                continue
            dearest = max(dearest, order.unit)
            if key.product == "MTF":
                whole = order.turnover + order.worst_cost
                claim += order.worst_cost - downward(whole * order.lent) + order.drawn
            else:
                claim += taken * order.unit
            left -= taken
        return claim, dearest, opening

    def _fees_to_come(self) -> Fraction:
        total = ZERO
        for order in self.orders.values():
            if not order.counts or (order.key.product in LONG_ONLY and order.side == "SELL"):
                continue
            worst = order.turnover + order.worst_cost
            total += charged(order.schedule, order.side, worst)
            total -= charged(order.schedule, order.side, order.turnover)
        return total

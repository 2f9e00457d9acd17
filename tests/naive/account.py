"""
One account, from the text of §4.5 to §4.8: everything is added up anew whenever it is asked for.

A position is (instrument, product).  Nothing is kept that can be derived: what is reserved is
computed from positions and working orders, and the lots are a plain list.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from tests.naive.amounts import downward, half_even, upward
from tests.naive.fees import Component, charged

ZERO = Fraction(0)
Key = tuple[str, str]
LONG_ONLY = {"CNC", "SPOT", "MTF"}


@dataclass
class Lot:
    quantity: Fraction
    amount: Fraction


@dataclass
class Position:
    premium: bool
    multiplier: Fraction
    quantity: Fraction = ZERO
    cost: Fraction = ZERO
    realised_wac: Fraction = ZERO
    realised_fifo: Fraction = ZERO
    margin: Fraction = ZERO
    loan: Fraction = ZERO
    lots: list[Lot] = field(default_factory=list)

    def value(self, mark: Fraction) -> Fraction:
        """What it adds to equity at this mark."""
        worth = self.quantity * mark * self.multiplier
        return worth if self.premium else self.unrealised(mark)

    def unrealised(self, mark: Fraction) -> Fraction:
        worth = abs(self.quantity) * mark * self.multiplier
        return worth - self.cost if self.quantity >= 0 else self.cost - worth


@dataclass
class Order:
    """
    ``worst`` is the reservation price; ``rate`` the initial margin of one unit's value where the
    product is margined, ``lent`` the share of a purchase that is lent.
    """

    symbol: str
    product: str
    side: str
    quantity: Fraction
    worst: Fraction
    premium: bool = True
    multiplier: Fraction = Fraction(1)
    rate: Fraction = Fraction(1)
    lent: Fraction = ZERO
    schedule: tuple[Component, ...] = ()
    counts: bool = True
    filled: Fraction = ZERO
    turnover: Fraction = ZERO
    drawn: Fraction = ZERO

    @property
    def leaves(self) -> Fraction:
        return self.quantity - self.filled

    @property
    def key(self) -> Key:
        return self.symbol, self.product

    @property
    def worst_cost(self) -> Fraction:
        return self.leaves * self.worst * self.multiplier


class Account:
    def __init__(self, capital: Fraction) -> None:
        self.cash = self.paid_in = capital
        self.loan = ZERO
        self.fees = ZERO
        self.positions: dict[Key, Position] = {}
        self.orders: dict[object, Order] = {}
        self.marks: dict[Key, Fraction] = {}

    # ── what may happen ────────────────────────────────────────────────────────

    def transfer(self, amount: Fraction) -> None:
        self.cash += amount
        self.paid_in += amount

    def place(self, order_id: object, order: Order) -> None:
        self.orders[order_id] = order

    def end(self, order_id: object) -> None:
        del self.orders[order_id]

    def fill(self, order_id: object, quantity: Fraction, price: Fraction) -> None:
        order = self.orders[order_id]
        held = self.positions.setdefault(order.key, Position(order.premium, order.multiplier))
        gross = quantity * price * order.multiplier
        before = held.realised_wac
        opened, new = _trade(held, 1 if order.side == "BUY" else -1, quantity, gross)
        _margin(held, order, quantity, opened, new)
        lent = self._borrow(held, order, quantity, gross)
        fee = charged(order.schedule, order.side, order.turnover + gross) - charged(
            order.schedule, order.side, order.turnover
        )
        order.turnover += gross
        order.filled += quantity
        if order.premium:
            self.cash += -gross if order.side == "BUY" else gross
        else:
            self.cash += held.realised_wac - before
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
        if order.product != "MTF":
            return ZERO
        if order.side == "BUY":
            after = downward((order.turnover + gross) * order.lent)
            moved = after - order.drawn
            order.drawn = after
        elif held.quantity == 0:
            moved = -held.loan
        else:
            moved = -half_even(held.loan * quantity / (held.quantity + quantity))
        held.loan += moved
        return moved

    # ── what is true of it ─────────────────────────────────────────────────────

    @property
    def margin(self) -> Fraction:
        return sum((held.margin for held in self.positions.values()), ZERO)

    @property
    def reserved(self) -> Fraction:
        keys = {order.key for order in self.orders.values() if order.counts}
        return sum((self._claim(key) for key in keys), ZERO) + self._fees_to_come()

    @property
    def available(self) -> Fraction:
        return self.cash - self.reserved - self.margin

    @property
    def positions_value(self) -> Fraction:
        return sum((held.value(self.marks[key]) for key, held in self.positions.items()), ZERO)

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
        return self.paid_in + won - self.fees

    def _claim(self, key: Key) -> Fraction:
        """What the working orders of one position need, fees apart."""
        working = [order for order in self.orders.values() if order.key == key and order.counts]
        held = self.positions.get(key)
        quantity = held.quantity if held else ZERO
        buys, dearest_buy, open_buys = _side(working, "BUY", max(ZERO, -quantity))
        sells, dearest_sell, open_sells = _side(working, "SELL", max(ZERO, quantity))
        if working[0].premium:
            return buys + sells
        return min(buys + sells, max(dearest_buy, dearest_sell) * max(open_buys, open_sells))

    def _fees_to_come(self) -> Fraction:
        total = ZERO
        for order in self.orders.values():
            if not order.counts or (order.product in LONG_ONLY and order.side == "SELL"):
                continue
            worst = order.turnover + order.worst_cost
            total += charged(order.schedule, order.side, worst)
            total -= charged(order.schedule, order.side, order.turnover)
        return total


def _side(working: list[Order], side: str, offset: Fraction) -> tuple[Fraction, Fraction, Fraction]:
    """The claim of a side's opening units (the dearest orders first), the dearest unit, units."""
    mine = [order for order in working if order.side == side]
    opening = max(ZERO, sum((order.leaves for order in mine), ZERO) - offset)
    left, claim, dearest = opening, ZERO, ZERO
    for order in sorted(mine, key=_unit, reverse=True):
        taken = min(left, order.leaves)
        if taken == 0:
            continue
        dearest = max(dearest, _unit(order))
        if order.product == "MTF":
            whole = order.turnover + order.worst_cost
            claim += order.worst_cost - downward(whole * order.lent) + order.drawn
        else:
            claim += taken * _unit(order)
        left -= taken
    return claim, dearest, opening


def _unit(order: Order) -> Fraction:
    """What one opening unit needs."""
    price = order.worst * order.multiplier
    return price if order.premium else upward(price * order.rate)


def _trade(
    held: Position, sign: int, quantity: Fraction, gross: Fraction
) -> tuple[Fraction, Fraction]:
    """The rule of §4.8; how many units were opened, and for how much."""
    opposes = held.quantity * sign < 0
    closing = min(quantity, abs(held.quantity)) if opposes else ZERO
    gross_closing = gross if closing == quantity else half_even(gross * closing / quantity)
    if closing:
        long = held.quantity > 0
        flat = closing == abs(held.quantity)
        relieved = held.cost if flat else half_even(held.cost * closing / abs(held.quantity))
        held.realised_wac += gross_closing - relieved if long else relieved - gross_closing
        held.cost -= relieved
        oldest = _consume(held.lots, closing)
        held.realised_fifo += gross_closing - oldest if long else oldest - gross_closing
    opened = quantity - closing
    if opened:
        held.cost += gross - gross_closing
        held.lots.append(Lot(opened, gross - gross_closing))
    held.quantity += sign * quantity
    return opened, gross - gross_closing


def _consume(lots: list[Lot], quantity: Fraction) -> Fraction:
    relieved = ZERO
    while quantity:
        oldest = lots[0]
        taken = min(quantity, oldest.quantity)
        part = (
            oldest.amount
            if taken == oldest.quantity
            else half_even(oldest.amount * taken / oldest.quantity)
        )
        relieved += part
        oldest.amount -= part
        oldest.quantity -= taken
        quantity -= taken
        if oldest.quantity == 0:
            lots.pop(0)
    return relieved


def _margin(
    held: Position, order: Order, quantity: Fraction, opened: Fraction, gross_opened: Fraction
) -> None:
    """Set at the price of the fill, released pro rata on closing, all of it when flat."""
    if order.premium:
        return
    closed = quantity - opened
    if closed:
        left = ZERO if opened else abs(held.quantity)
        held.margin = upward(held.margin * left / (left + closed))
    held.margin += upward(gross_opened * order.rate)

"""The books of one account as an auditor keeps them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from adapters.invariants.corrected import Retold
from adapters.invariants.holdings import Complaint, Holding
from adapters.invariants.tickets import LEGAL, Ticket
from domain.base import Event
from domain.money import ZERO
from domain.trading import (
    LONG_ONLY,
    AccountOpened,
    Balance,
    Execution,
    OrderAccepted,
    OrderFilledLate,
    OrderHeld,
    OrderPlaced,
    OrderRejected,
    Origin,
    PositionConverted,
    Product,
    Side,
)
from domain.trading.correction_events import PositionRestated, TradeAnnulled, TradeCorrected
from domain.trading.day_events import (
    AccountEpochClosed,
    HoldingAfter,
    MarginRemarked,
)
from domain.trading.risk import TradingState, TradingStateChanged

Key = tuple[str, Product]
#: The kind of account whose orders leave the house, and the venue of all others.
LIVE, PAPER = "LIVE", "paper"


class Books:
    def __init__(self) -> None:
        self.balance = Balance()
        self.ledgers: Counter[str] = Counter()
        self.holdings: dict[Key, Holding] = {}
        self.tickets: dict[UUID, Ticket] = {}
        self.working: set[UUID] = set()
        self.execs: set[UUID] = set()
        self.holds: dict[str, tuple[TradingState, datetime | None]] = {}
        self.paid_in_full = True
        self.brought = ZERO
        self.kind = ""
        self.retold: dict[Key, Retold] = {}

    def take(self, event: Event, at: datetime) -> Iterator[Complaint]:
        """One more fact of the account; what it breaks."""
        told: Any = event
        before = self.balance
        postings = getattr(event, "postings", None)
        if postings is not None:
            yield from self._post(postings)
        self.balance = getattr(event, "balance", before)
        if self.kind != LIVE:
            yield from _only_on_paper(event)
        match event:
            case AccountOpened():
                self.kind = event.kind
            case OrderPlaced():
                self.tickets[event.order_id] = Ticket(
                    event.order, event.origin, event.order.quantity
                )
                self.working.add(event.order_id)
                self.paid_in_full &= event.order.product in LONG_ONLY
            case OrderRejected() if event.order_id not in self.tickets:
                pass
            case Execution():
                yield from self._execute(event, before)
            case PositionConverted():
                self._convert(event)
                self._anchor()
            case TradeCorrected() | TradeAnnulled():
                self._retelling((event.symbol, event.product)).change(event)
            case _ if type(event).__name__ in LEGAL:
                if isinstance(event, OrderAccepted):
                    yield from self._halted(event, at)
                yield from self._order(told.order_id, event)
            case _:
                yield from self._retold(event)
        yield from self._money()

    # ── orders ─────────────────────────────────────────────────────────────────

    def _order(self, order_id: UUID, event: Event) -> Iterator[Complaint]:
        ticket = self.tickets.get(order_id)
        if ticket is None:
            yield "I-09", f"{type(event).__name__} of an order that was never placed"
            return
        yield from ticket.take(event)
        if not ticket.works:
            self.working.discard(order_id)

    def _halted(self, event: OrderAccepted, at: datetime) -> Iterator[Complaint]:
        ticket = self.tickets.get(event.order_id)
        halts = [until for state, until in self.holds.values() if state is TradingState.HALTED]
        if ticket is None or not any(until is None or at < until for until in halts):
            return
        if ticket.origin is not Origin.SYSTEM or not ticket.order.reduce_only:
            yield "I-18", f"order {event.order_id} accepted while trading is halted"

    # ── holdings ───────────────────────────────────────────────────────────────

    def _execute(self, fill: Execution, before: Balance) -> Iterator[Complaint]:
        key = (fill.symbol, fill.product)
        held = self.holdings.setdefault(key, Holding(style=fill.style, multiplier=fill.multiplier))
        if fill.exec_id in self.execs:
            yield "I-10", f"execution {fill.exec_id} is booked twice"
        self.execs.add(fill.exec_id)
        power = self._power(before, key, fill.last_px)
        yield from self._order(fill.order_id, fill)
        yield from held.take(fill)
        self._retelling(key).take(fill)
        ticket = self.tickets.get(fill.order_id)
        expected = key[1] in LONG_ONLY or (ticket and ticket.within_reserve(fill.last_px))
        if expected and self._power(self.balance, key, fill.last_px) < power:
            yield "I-06", f"a fill at {fill.last_px:f} lowers the buying power at that price"
        if fill.product in LONG_ONLY and held.quantity < 0:
            yield "I-08", f"{fill.symbol} is held short as {fill.product}"
        yield from self._on_offer(key, held)
        value = sum((each.value for each in self.holdings.values()), ZERO)
        if value != self.balance.positions:
            yield "I-03", f"positions are worth {value:f}, recorded {self.balance.positions:f}"

    def _power(self, balance: Balance, key: Key, price: Decimal) -> Decimal:
        """
        Buying power with this position valued at ``price`` and the others where they were.

        A gain elsewhere covers no loss here: once the loss is taken it would not either.
        """
        lost = sum(
            (
                min(ZERO, held.at_risk(price if other == key else held.last_price))
                for other, held in self.holdings.items()
            ),
            ZERO,
        )
        held = self.holdings[key]
        return balance.available - held.dearer_by(price) + lost

    def _on_offer(self, key: Key, held: Holding) -> Iterator[Complaint]:
        if key[1] not in LONG_ONLY:
            return
        offered = ZERO
        for order_id in self.working:
            ticket = self.tickets[order_id]
            order = ticket.order
            counts = not order.reduce_only and order.group is None
            if counts and order.side is Side.SELL and (order.symbol, order.product) == key:
                offered += ticket.leaves
        if offered > held.quantity:
            yield "I-08", f"{offered:f} of {key[0]} on offer, {held.quantity:f} held"

    def _convert(self, event: PositionConverted) -> None:
        """Layers go along at cost: what is left and what has come is taken as recorded."""
        source = self.holdings[event.symbol, event.from_product]
        target = self.holdings.setdefault(
            (event.symbol, event.to_product), Holding(multiplier=event.multiplier)
        )
        self._retelling((event.symbol, event.from_product)).plain = False
        self._retelling((event.symbol, event.to_product)).plain = False
        for held, after, style in (
            (source, event.source, event.from_style),
            (target, event.target, event.to_style),
        ):
            held.quantity, held.cost, held.style = after.quantity, after.cost_basis, style
            held.realised_wac, held.realised_fifo = after.realised_wac, after.realised_fifo
            held.margin, held.loan, held.last_price = after.margin, after.loan, event.price
        for lot in event.lots:
            quantity, amount = source.lots[lot.exec_id]
            if lot.quantity == quantity:
                del source.lots[lot.exec_id]
            else:
                source.lots[lot.exec_id] = (quantity - lot.quantity, amount - lot.amount)
            target.lots[lot.exec_id] = (lot.quantity, lot.amount)

    def _retold(self, event: Event) -> Iterator[Complaint]:
        """Facts that are no fills tell positions as they stand: splits, expiry, corrections."""
        told: Any = event
        if isinstance(event, PositionRestated):
            key = (event.holding.symbol, event.holding.product)
            yield from self._retelling(key).agrees(event)
        for after in (*getattr(told, "holdings", ()), getattr(told, "holding", None)):
            if isinstance(after, HoldingAfter):
                held = self.holdings.setdefault((after.symbol, after.product), Holding())
                held.retell(after)
                if not isinstance(event, PositionRestated):
                    self._retelling((after.symbol, after.product)).plain = False
                yield from held.sound()
                self._anchor()
        match event:
            case MarginRemarked():
                for mark in event.marks:
                    held = self.holdings[mark.symbol, mark.product]
                    held.last_price, held.margin = mark.price, mark.margin
            case TradingStateChanged():
                self.holds[event.party] = event.new, event.until
            case AccountEpochClosed():
                self.holdings.clear()
                self.retold.clear()
                self._anchor()
            case _:
                pass

    def _retelling(self, key: Key) -> Retold:
        return self.retold.setdefault(key, Retold())

    def _anchor(self) -> None:
        """From here on what trading brings is reckoned anew."""
        self.brought = -self._ledger("house:trading") - self._brought()

    def _brought(self) -> Decimal:
        return sum((held.brought for held in self.holdings.values()), ZERO)

    # ── money ──────────────────────────────────────────────────────────────────

    def _post(self, postings: Any) -> Iterator[Complaint]:
        total = sum((line.amount for line in postings if line.ledger != "loan"), ZERO)
        lent = sum((line.amount for line in postings if line.ledger == "loan"), ZERO)
        if total + lent:
            yield "I-14", f"the postings of a fact add up to {total + lent:f}"
        for line in postings:
            self.ledgers[line.ledger] += line.amount

    def _money(self) -> Iterator[Complaint]:
        balance = self.balance
        if self._ledger("cash") != balance.cash:
            yield "I-03", f"postings make {self._ledger('cash'):f} cash, not {balance.cash:f}"
        if -self._ledger("loan") != balance.loan:
            yield "I-03", f"postings make a loan of {-self._ledger('loan'):f}, not {balance.loan:f}"
        brought = self.brought + self._brought()
        if brought != -self._ledger("house:trading"):
            yield "I-03", f"trading brought {brought:f} by its P&L, not what was posted"
        margin = sum((held.margin for held in self.holdings.values()), ZERO)
        if margin != balance.margin:
            yield "I-07", f"positions hold a margin of {margin:f}, not {balance.margin:f}"
        if not self.working and balance.reserved:
            yield "I-07", f"no order works, and {balance.reserved:f} is reserved"
        if balance.reserved < 0:
            yield "I-07", f"{balance.reserved:f} is reserved"
        if self.paid_in_full and (balance.cash < 0 or balance.available < 0):
            yield "I-05", f"cash {balance.cash:f}, available {balance.available:f}"

    def _ledger(self, name: str) -> Decimal:
        return Decimal(self.ledgers[name])


def _only_on_paper(event: Event) -> Iterator[Complaint]:
    """What is only played with never leaves the house."""
    if isinstance(event, OrderAccepted | OrderHeld) and event.venue != PAPER:
        yield "I-17", f"order {event.order_id} went to {event.venue}"
    elif isinstance(event, OrderFilledLate):
        yield "I-17", f"order {event.order_id} was filled late, as only a live one is"

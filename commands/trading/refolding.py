"""
The history of one position told again, with some of its executions as they should have been.

Every execution goes through the very function that booked it, so a history told again without
changes comes to what is on the books, to the last digit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from decimal import Decimal
from uuid import UUID

from immutables import Map
from msgspec import Struct, json
from msgspec.structs import replace

from commands.trading.corporate import converted
from commands.trading.execution import Report, executed
from domain.base import Event
from domain.errors import Illegal
from domain.money import ZERO, tidy
from domain.trading import (
    Account,
    AccountEpochOpened,
    CorporateAction,
    CorporateActionApplied,
    Execution,
    Lot,
    MarginRemarked,
    Order,
    OrderFilled,
    OrderPlaced,
    Position,
    PositionConverted,
    PositionExpired,
    PositionRestated,
    Posting,
    Product,
    Working,
    holding,
)
from domain.trading.correction_events import Terms, TradeAnnulled, TradeCorrected

#: What was restated before is told by ``changes``.
_CHANGES = (TradeCorrected, TradeAnnulled, PositionRestated)
#: What counts for a trade: other terms, or None where it never counted.
Changes = Mapping[UUID, Terms | None]


class Told(Struct, frozen=True):
    """What a history comes to; ``ledgers`` are sums of postings, ``done`` is by order."""

    position: Position
    ledgers: Map[str, Decimal]
    fees: Decimal
    done: Map[UUID, tuple[Decimal, Decimal]]


class Trade(Struct, frozen=True):
    """One execution and what has become of it; ``terms`` None when it was annulled."""

    fill: Execution
    version: int
    exec_id: UUID
    terms: Terms | None


def trades_of(history: Iterable[Event]) -> dict[UUID, Trade]:
    """The executions of the present life of an account, each as it counts now."""
    trades: dict[UUID, Trade] = {}
    for event in history:
        match event:
            case AccountEpochOpened():
                trades.clear()
            case Execution():
                terms = Terms(event.last_qty, event.last_px, event.executed_at)
                trades[event.exec_id] = Trade(event, 1, event.exec_id, terms)
            case TradeCorrected() if event.trade_id in trades:
                fill = trades[event.trade_id].fill
                trades[event.trade_id] = Trade(fill, event.version, event.exec_id, event.after)
            case TradeAnnulled() if event.trade_id in trades:
                fill = trades[event.trade_id].fill
                trades[event.trade_id] = Trade(fill, event.version, event.exec_id, None)
    return trades


class Teller:
    """Tells the history of one position; ``changes`` are by the id of the trade."""

    def __init__(self, symbol: str, product: Product, changes: Changes) -> None:
        self._symbol = symbol
        self._product = product
        self._changes = changes
        self._begin()

    def _begin(self) -> None:
        self._account = Account()
        self._orders: dict[UUID, Working] = {}
        self._ledgers: dict[str, Decimal] = {}
        self._fees = ZERO
        self._done: dict[UUID, tuple[Decimal, Decimal]] = {}

    def tell(self, history: Iterable[Event]) -> Told:
        for event in history:
            self._take(event)
        return Told(
            self._account.position(self._symbol, self._product),
            Map(self._ledgers),
            tidy(self._fees),
            Map(self._done),
        )

    def _take(self, event: Event) -> None:
        match event:
            case AccountEpochOpened():
                self._begin()
            case MarginRemarked():
                self._mark(event)
            case OrderPlaced():
                if self._is_mine(event.order):
                    self._order(event, event.order_id)
            case Execution() | CorporateActionApplied() | PositionExpired() | PositionConverted():
                self._book(event)
            case _ if not isinstance(event, _CHANGES):
                order_id = getattr(event, "order_id", None)
                if order_id in self._orders:
                    self._order(event, order_id)

    def _book(
        self, event: Execution | CorporateActionApplied | PositionExpired | PositionConverted
    ) -> None:
        match event:
            case PositionConverted() | PositionExpired():
                if event.symbol == self._symbol:
                    detail = "the position was converted or has expired since"
                    raise Illegal("TRADE_NOT_CORRECTABLE", detail, symbol=self._symbol)
            case Execution():
                if self._is_mine(event):
                    self._fill(event)
            case CorporateActionApplied():
                if self._is_mine(event):
                    self._action(event)

    def _is_mine(self, what: Order | Execution | CorporateActionApplied) -> bool:
        return what.symbol == self._symbol and what.product == self._product

    def _order(self, event: Event, order_id: UUID) -> None:
        self._account = self._account.evolve(event)
        working = self._account.orders.get(order_id)
        if working is not None:
            self._orders[order_id] = working

    def _fill(self, event: Execution) -> None:
        terms: Terms | None = Terms(event.last_qty, event.last_px, event.executed_at)
        if event.exec_id in self._changes:
            terms = self._changes[event.exec_id]
        if terms is None:
            return
        working = self._orders[event.order_id]
        report = Report(
            account_id=event.account_id,
            order_id=event.order_id,
            exec_id=event.exec_id,
            quantity=terms.quantity,
            price=terms.price,
            evidence=event.evidence,
            executed_at=terms.executed_at,
            liquidity=event.liquidity,
        )
        fact = executed(OrderFilled, self._account, working, report)
        self._account = self._account.evolve(fact)
        self._orders[event.order_id] = working.filled(fact)
        self._fees += fact.fee
        quantity, turnover = self._done.get(event.order_id, (ZERO, ZERO))
        self._done[event.order_id] = quantity + terms.quantity, tidy(turnover + fact.gross)
        self._post(fact.postings)

    def _action(self, event: CorporateActionApplied) -> None:
        if event.into != event.symbol:
            detail = "the instrument was replaced since"
            raise Illegal("TRADE_NOT_CORRECTABLE", detail, symbol=self._symbol)
        action = CorporateAction(
            action_id=event.action_id,
            kind=event.kind,
            symbol=event.symbol,
            ex_at=event.ex_at,
            numerator=event.numerator,
            denominator=event.denominator,
            cash_per_unit=event.cash_per_unit,
            reference_price=event.reference_price,
            step=event.step,
        )
        held = self._account.position(self._symbol, self._product)
        after, _, cash = converted(held, action)
        self._place(after)
        counter = next(posting.ledger for posting in event.postings if posting.ledger != "cash")
        self._post((Posting("cash", cash), Posting(counter, -cash)))

    def _mark(self, event: MarginRemarked) -> None:
        for mark in event.marks:
            if (mark.symbol, mark.product) == (self._symbol, self._product):
                held = self._account.position(self._symbol, self._product)
                self._place(replace(held, last_price=mark.price))

    def _place(self, after: Position) -> None:
        key = holding(self._symbol, self._product)
        self._account = replace(self._account, positions=self._account.positions.set(key, after))

    def _post(self, postings: Iterable[Posting]) -> None:
        for posting in postings:
            total = self._ledgers.get(posting.ledger, ZERO) + posting.amount
            self._ledgers[posting.ledger] = tidy(total)


def same_book(one: Position, other: Position) -> bool:
    """Units, cost, profit and layers agree (what they are valued at is another matter)."""
    return (
        one.quantity == other.quantity
        and one.cost_basis == other.cost_basis
        and one.realised_wac == other.realised_wac
        and one.realised_fifo == other.realised_fifo
        and one.lots == other.lots
    )


def digest(lots: tuple[Lot, ...]) -> str:
    return hashlib.sha256(json.encode(lots, enc_hook=str)).hexdigest()

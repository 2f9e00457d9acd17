"""
How an account takes in the facts of its days: what each of them changes, one function a fact.

``Day`` is what the account remembers for the processes that may ask twice.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from immutables import Map
from msgspec import Struct
from msgspec.structs import replace

from domain.base import Event
from domain.money import ZERO, tidy
from domain.trading.correction_events import PositionRestated
from domain.trading.day_events import (
    AccountClosed,
    AccountEpochClosed,
    AccountEpochOpened,
    BorrowFeeCharged,
    CorporateActionApplied,
    HoldingAfter,
    InterestCharged,
    LotHeld,
    MarginCallCleared,
    MarginCallIssued,
    MarginRemarked,
    PositionExpired,
    SessionClosed,
    SessionOpened,
    TradesSettled,
)
from domain.trading.events import Balance
from domain.trading.order import Product
from domain.trading.position import Lot, Position
from domain.trading.risk import (
    KillSwitchActivated,
    KillSwitchReleased,
    Risk,
    RiskLimitsSet,
    TradingStateChanged,
)

if TYPE_CHECKING:
    from domain.trading.account import Account

FLAT = Position()


class Day(Struct, frozen=True):
    """
    Where the processes of an account stand.

    ``opened`` and ``closed`` are session dates, ``settled`` the one up to which trades are
    delivered, ``charged`` the day up to which each kind of charge was made on a position.
    """

    opened: date | None = None
    closed: date | None = None
    settled: date | None = None
    charged: Map[str, date] = Map()
    actions: Map[UUID, bool] = Map()
    margin_call: str = ""
    epoch_no: int = 1
    epochs_on: date | None = None
    epochs_that_day: int = 0
    over: bool = False


def position_after(held: Position, after: HoldingAfter) -> Position:
    """The position as the fact says it is; what leans on it goes on leaning."""
    return replace(
        held,
        quantity=after.quantity,
        cost_basis=after.cost_basis,
        realised_wac=after.realised_wac,
        realised_fifo=after.realised_fifo,
        last_price=after.last_price,
        multiplier=after.multiplier,
        style=after.style,
        margin=after.margin,
        loan=after.loan,
        settled_qty=after.settled_qty,
        lots=tuple(Lot(m.exec_id, m.quantity, m.amount, m.opened_at) for m in after.lots),
    )


def holding_after(symbol: str, product: Product, held: Position, before: Position) -> HoldingAfter:
    """How a fact tells of a position that was ``before``."""
    kept = {lot.exec_id for lot in held.lots}
    return HoldingAfter(
        symbol=symbol,
        product=product,
        quantity=held.quantity,
        cost_basis=held.cost_basis,
        realised_wac=held.realised_wac,
        realised_fifo=held.realised_fifo,
        last_price=held.last_price,
        lots=tuple(LotHeld(x.exec_id, x.quantity, x.amount, x.opened_at) for x in held.lots),
        multiplier=held.multiplier,
        style=held.style,
        margin=held.margin,
        loan=held.loan,
        settled_qty=held.settled_qty,
        gone=tuple(lot.exec_id for lot in before.lots if lot.exec_id not in kept),
    )


def revalued(balance: Balance, before: Position, after: Position, cash: Decimal) -> Balance:
    """The balance once one position is another, and ``cash`` has come in (or gone, below zero)."""
    return Balance(
        tidy(balance.cash + cash),
        balance.reserved,
        tidy(balance.positions - before.value + after.value),
        tidy(balance.margin - before.margin + after.margin),
        tidy(balance.loan - before.loan + after.loan),
        tidy(balance.unrealised - before.variation + after.variation),
    )


def _with(account: Account, *holdings: HoldingAfter) -> Map[str, Position]:
    positions = account.positions
    for after in holdings:
        key = f"{after.symbol}/{after.product}"
        positions = positions.set(key, position_after(positions.get(key, FLAT), after))
    return positions


def _opened(account: Account, event: SessionOpened) -> Account:
    return replace(
        account,
        day=replace(account.day, opened=event.session_date),
        risk=account.risk.session_opened(event.session_date, event.equity),
    )


def _closed(account: Account, event: SessionClosed) -> Account:
    return replace(account, day=replace(account.day, closed=event.session_date))


def _settled(account: Account, event: TradesSettled) -> Account:
    positions = account.positions
    for each in event.settled:
        key = f"{each.symbol}/{each.product}"
        held = positions.get(key, FLAT)
        positions = positions.set(key, replace(held, settled_qty=each.settled_qty))
    return replace(
        account, positions=positions, day=replace(account.day, settled=event.session_date)
    )


def _charged(account: Account, event: InterestCharged | BorrowFeeCharged) -> Account:
    key = charge_key(type(event).__name__, event.symbol, event.product)
    charged = account.day.charged.set(key, event.through)
    return replace(account, balance=event.balance, day=replace(account.day, charged=charged))


def charge_key(kind: str, symbol: str, product: str) -> str:
    return f"{kind}/{symbol}/{product}"


def _remarked(account: Account, event: MarginRemarked) -> Account:
    positions = account.positions
    for mark in event.marks:
        key = f"{mark.symbol}/{mark.product}"
        held = positions.get(key, FLAT)
        positions = positions.set(key, replace(held, last_price=mark.price, margin=mark.margin))
    return replace(account, positions=positions, balance=event.balance)


def _called(account: Account, event: MarginCallIssued) -> Account:
    return replace(
        account, day=replace(account.day, margin_call="FORCED" if event.forced else "ISSUED")
    )


def _cleared(account: Account, event: MarginCallCleared) -> Account:
    return replace(account, day=replace(account.day, margin_call=""))


def _acted(account: Account, event: CorporateActionApplied) -> Account:
    actions = account.day.actions.set(event.action_id, True)
    return replace(
        account,
        positions=_with(account, *event.holdings),
        balance=event.balance,
        day=replace(account.day, actions=actions),
    )


def _expired(account: Account, event: PositionExpired) -> Account:
    return replace(
        account,
        positions=_with(account, event.holding),
        balance=event.balance,
        fees=account.fees + event.fee,
    )


def _restated(account: Account, event: PositionRestated) -> Account:
    return replace(
        account,
        positions=_with(account, event.holding),
        balance=event.balance,
        fees=tidy(account.fees + event.deltas.fees),
    )


def _epoch_closed(account: Account, event: AccountEpochClosed) -> Account:
    """Everything but who owns it, and which order ids were used, is over."""
    return replace(
        account, fees=ZERO, positions=Map(), orders=Map(), groups=Map(), balance=event.balance
    )


def _epoch_opened(account: Account, event: AccountEpochOpened) -> Account:
    before, today = account.day, event.session_date
    day = Day(
        epoch_no=event.epoch_no,
        epochs_on=today,
        epochs_that_day=before.epochs_that_day + 1 if before.epochs_on == today else 1,
    )
    capital = event.opening_capital
    risk = Risk(
        holds=account.risk.holds,
        limits=account.risk.limits,
        phases=account.risk.phases,
        switch=account.risk.switch,
        orders_today=account.risk.orders_today,
        trades_today=account.risk.trades_today,
        capital=capital,
        day_equity=capital,
        peak=capital,
    )
    return replace(account, balance=event.balance, day=day, risk=risk)


def _over(account: Account, event: AccountClosed) -> Account:
    return replace(account, day=replace(account.day, over=True))


def _risk(account: Account, event: Event) -> Account:
    return replace(account, risk=account.risk.evolve(event))


#: What each fact changes.
DAY_FOLDS: dict[type[Event], Callable[[Any, Any], Any]] = {
    SessionOpened: _opened,
    SessionClosed: _closed,
    TradesSettled: _settled,
    InterestCharged: _charged,
    BorrowFeeCharged: _charged,
    MarginRemarked: _remarked,
    MarginCallIssued: _called,
    MarginCallCleared: _cleared,
    CorporateActionApplied: _acted,
    PositionExpired: _expired,
    AccountEpochClosed: _epoch_closed,
    AccountEpochOpened: _epoch_opened,
    AccountClosed: _over,
    PositionRestated: _restated,
    TradingStateChanged: _risk,
    RiskLimitsSet: _risk,
    KillSwitchActivated: _risk,
    KillSwitchReleased: _risk,
}

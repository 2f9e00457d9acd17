"""
The day of an account: its session opens, its trades settle, its orders expire, it closes.

The clock asks for all of it, and may ask twice: what was done for a session date is not done
again.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from commands.trading.base import AccountCommand
from commands.trading.groups import Course
from commands.trading.reserving import expired
from domain.base import Events, Role
from domain.money import ZERO
from domain.trading import (
    Account,
    Position,
    Product,
    SessionClosed,
    SessionOpened,
    Settled,
    Tif,
    TradesSettled,
    Working,
)

_DELIVERED = frozenset({Product.CNC, Product.MTF})


class OpenSession(AccountCommand, frozen=True, kw_only=True):
    """Begin the counters of the day anew; its profit is counted from here."""

    allowed = Role.SYSTEM

    session_date: date

    def decide(self, account: Account) -> Events:
        last = account.day.opened
        if account.day.over or (last is not None and last >= self.session_date):
            return ()
        balance = account.balance
        return (SessionOpened(self.account_id, self.session_date, balance.cash, balance.equity),)


class CloseSession(AccountCommand, frozen=True, kw_only=True):
    """
    Close the books of the day: what is carried over, and what the day has brought.

    It is the day that was opened last, if that is ``session_date`` or before it.
    """

    allowed = Role.SYSTEM

    session_date: date

    def decide(self, account: Account) -> Events:
        day, balance = account.day, account.balance
        if day.opened is None or day.opened > self.session_date or day.closed == day.opened:
            return ()
        held = [position for position in account.positions.values() if position.quantity]
        return (
            SessionClosed(
                account_id=self.account_id,
                session_date=day.opened,
                cash=balance.cash,
                equity=balance.equity,
                day_pnl=balance.equity - account.risk.day_equity,
                positions=len(held),
                orders=len(account.orders),
            ),
        )


class ExpireOrders(AccountCommand, frozen=True, kw_only=True):
    """
    The session of these instruments is over: DAY orders end, and GTD orders whose time has come.

    An after-market order waits for the next session and stays.
    """

    allowed = Role.SYSTEM

    symbols: frozenset[str]

    def decide(self, account: Account) -> Events:
        course = Course(account, self.account_id)
        for order_id, working in sorted(account.orders.items(), key=lambda item: item[0]):
            now, reason = course.account.orders.get(order_id), self._over(working)
            if now is not None and reason is not None:
                course.add(expired(course.account, self.account_id, order_id, now, reason))
        return tuple(course.facts)

    def _over(self, working: Working) -> str | None:
        order = working.order
        if order.symbol not in self.symbols:
            return None
        if order.expires_at is not None:
            return "GTD" if order.expires_at <= self.at else None
        if order.tif is Tif.DAY and order.group is None and not order.after_market:
            return "SESSION_END"
        return None


class SettleTrades(AccountCommand, frozen=True, kw_only=True):
    """
    What was bought in earlier sessions is delivered (T+1).

    ``opens_at`` is when the session opens: whatever was bought before it is settled by it.
    """

    allowed = Role.SYSTEM

    session_date: date
    opens_at: datetime

    def decide(self, account: Account) -> Events:
        last = account.day.settled
        if last is not None and last >= self.session_date:
            return ()
        settled = tuple(
            Settled(symbol, Product(product), delivered - held.settled_qty, delivered)
            for key, held in sorted(account.positions.items())
            for symbol, _, product in (key.rpartition("/"),)
            if product in _DELIVERED and (delivered := self._delivered(held)) > held.settled_qty
        )
        if not settled:
            return ()
        return (TradesSettled(self.account_id, self.session_date, settled),)

    def _delivered(self, held: Position) -> Decimal:
        old = (lot.quantity for lot in held.lots if lot.opened_at < self.opens_at)
        return min(held.quantity, sum(old, ZERO))

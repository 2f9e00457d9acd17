"""Taking orders back: one, or all of a kind; by their trader, by the venue, or by time."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from commands.trading.base import AccountCommand, working_order
from commands.trading.groups import Course, after_end
from commands.trading.reserving import canceled, expired
from domain.base import Events, Role
from domain.errors import Illegal
from domain.trading import Account, Product, Side, Working

Reason = Literal[
    "USER",
    "USER_SUSPENDED",
    "IOC",
    "FOK",
    "OPG",
    "PRICE_PROTECTION",
    "ORDER_WOULD_TAKE",
    "REDUCE_ONLY_NO_POSITION",
    "CORPORATE_ACTION",
    "SQUARE_OFF",
    "KILL_SWITCH",
    "MARGIN_CALL",
]


class CancelOrder(AccountCommand, frozen=True, kw_only=True):
    """Take an order back: by its trader, or by the venue for the reason it names."""

    allowed = Role.TRADER | Role.VENUE | Role.SYSTEM
    urgent = True

    order_id: UUID
    reason: Reason = "USER"

    def decide(self, account: Account) -> Events:
        working = working_order(account, self.order_id)
        if self.reason == "USER" and working.status.is_pending:
            raise Illegal("ORDER_ALREADY_PENDING", status=str(working.status))
        ended = canceled(account, self.account_id, self.order_id, working, self.reason)
        return after_end(account, self.account_id, self.order_id, ended)


class CancelAll(AccountCommand, frozen=True, kw_only=True):
    """Take back every order that works, or those of a symbol, a side or a product."""

    allowed = Role.TRADER | Role.SYSTEM
    urgent = True

    symbol: str | None = None
    side: Side | None = None
    product: Product | None = None
    reason: Reason = "USER"

    def decide(self, account: Account) -> Events:
        course = Course(account, self.account_id)
        for order_id, working in sorted(account.orders.items(), key=lambda item: item[0]):
            if self._means(working) and not working.status.is_pending:
                course.cancel(order_id, self.reason)
        return tuple(course.facts)

    def _means(self, working: Working) -> bool:
        order = working.order
        return (
            self.symbol in (None, order.symbol)
            and self.side in (None, order.side)
            and self.product in (None, order.product)
        )


class ExpireOrder(AccountCommand, frozen=True, kw_only=True):
    """The time of the order is over."""

    allowed = Role.VENUE | Role.SYSTEM

    order_id: UUID
    reason: Literal["SESSION_END", "EXPIRES_AT"] = "SESSION_END"

    def decide(self, account: Account) -> Events:
        working = working_order(account, self.order_id)
        ended = expired(account, self.account_id, self.order_id, working, self.reason)
        return after_end(account, self.account_id, self.order_id, ended)

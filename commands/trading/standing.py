"""How an order stands with its venue: asked to change or end, suspended, done for the day."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from commands.trading.base import AccountCommand, working_order
from domain.base import Event, Events, Role
from domain.errors import Illegal
from domain.market import Evidence
from domain.trading import (
    Account,
    Move,
    OrderCancelRejected,
    OrderCancelRequested,
    OrderDoneForDay,
    OrderFillDeferred,
    OrderReleased,
    OrderReplaceRejected,
    OrderReplaceRequested,
    OrderSuspended,
)


def moved(account: Account, order_id: UUID, move: Move, fact: Event) -> Events:
    """The fact, if the table of order states allows it."""
    working = working_order(account, order_id)
    if working.may(move):
        return (fact,)
    asks = move in (Move.REQUEST_CANCEL, Move.REQUEST_REPLACE)
    code = "ORDER_INVALID_STATE"
    if asks and working.status.is_pending:
        code = "ORDER_ALREADY_PENDING"
    raise Illegal(code, status=str(working.status))


class StandingCommand(AccountCommand, frozen=True, kw_only=True):
    """What the venue, or the house, says of one order."""

    allowed = Role.VENUE | Role.SYSTEM

    order_id: UUID
    reason: str

    def told(self) -> dict[str, Any]:
        return {"account_id": self.account_id, "order_id": self.order_id, "reason": self.reason}


class SuspendOrder(StandingCommand, frozen=True, kw_only=True):
    """Its instrument or its account is halted: it is not filled until it is released."""

    def decide(self, account: Account) -> Events:
        return moved(account, self.order_id, Move.SUSPEND, OrderSuspended(**self.told()))


class ReleaseOrder(StandingCommand, frozen=True, kw_only=True):
    """Let a suspended order, or one that was done for the day, work again."""

    def decide(self, account: Account) -> Events:
        return moved(account, self.order_id, Move.RELEASE, OrderReleased(**self.told()))


class FinishOrderDay(StandingCommand, frozen=True, kw_only=True):
    """An order good for longer rests until the next session."""

    def decide(self, account: Account) -> Events:
        return moved(account, self.order_id, Move.FINISH_DAY, OrderDoneForDay(**self.told()))


class RejectCancel(StandingCommand, frozen=True, kw_only=True):
    """The venue would not take the order back."""

    def decide(self, account: Account) -> Events:
        return moved(account, self.order_id, Move.REJECT_CANCEL, OrderCancelRejected(**self.told()))


class RejectReplace(StandingCommand, frozen=True, kw_only=True):
    """The venue would not change the order."""

    def decide(self, account: Account) -> Events:
        fact = OrderReplaceRejected(**self.told())
        return moved(account, self.order_id, Move.REJECT_REPLACE, fact)


class RequestCancel(AccountCommand, frozen=True, kw_only=True):
    """Ask a venue that answers later to take an order back."""

    allowed = Role.TRADER | Role.SYSTEM
    urgent = True

    order_id: UUID
    by: str = "USER"

    def decide(self, account: Account) -> Events:
        asked = OrderCancelRequested(account_id=self.account_id, order_id=self.order_id, by=self.by)
        return moved(account, self.order_id, Move.REQUEST_CANCEL, asked)


class RequestReplace(AccountCommand, frozen=True, kw_only=True):
    """Ask a venue that answers later to change an order."""

    order_id: UUID
    quantity: Decimal | None = None
    price: Decimal | None = None
    stop_price: Decimal | None = None
    client_order_id: str | None = None

    def decide(self, account: Account) -> Events:
        asked = OrderReplaceRequested(
            account_id=self.account_id,
            order_id=self.order_id,
            quantity=self.quantity,
            price=self.price,
            stop_price=self.stop_price,
            client_order_id=self.client_order_id,
        )
        return moved(account, self.order_id, Move.REQUEST_REPLACE, asked)


class DeferFill(StandingCommand, frozen=True, kw_only=True):
    """Say why an order is not filled; once for each reason, as long as nothing else happens."""

    allowed = Role.VENUE

    quote_age_ms: int | None = None
    evidence: Evidence | None = None

    def decide(self, account: Account) -> Events:
        working = working_order(account, self.order_id)
        if working.deferred == self.reason:
            return ()
        age_ms, evidence = self.quote_age_ms, self.evidence
        return (OrderFillDeferred(**self.told(), quote_age_ms=age_ms, evidence=evidence),)

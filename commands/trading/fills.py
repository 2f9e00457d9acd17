"""Fills: the one way in which an execution changes an account, whatever venue reports it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from commands.trading.base import AccountCommand, demand_amount, working_order
from commands.trading.breaches import after_trading
from commands.trading.execution import Report, executed
from commands.trading.groups import after_fill
from commands.trading.reserving import canceled
from domain.base import Events, Role, fold
from domain.errors import Illegal
from domain.market import Evidence
from domain.trading import (
    Account,
    Liquidity,
    Move,
    OrderFilled,
    OrderFilledLate,
    Side,
    Working,
)


class ApplyFill(AccountCommand, frozen=True, kw_only=True):
    """
    Book one execution: cash, position, lots and reservation in one fact.

    The account checks the venue: a repeated ``exec_id`` changes nothing, an overfill and a
    price beyond the order's limit are refused.  What may only reduce is filled up to the
    position and no further.
    """

    allowed = Role.VENUE

    order_id: UUID
    exec_id: UUID
    quantity: Decimal
    price: Decimal
    evidence: Evidence
    executed_at: datetime
    liquidity: Liquidity = Liquidity.TAKER

    def __post_init__(self) -> None:
        demand_amount("quantity", self.quantity)
        demand_amount("price", self.price)

    def decide(self, account: Account) -> Events:
        late = account.late.get(self.order_id)
        if late is not None:
            return self._late(account, late)
        working = working_order(account, self.order_id)
        if str(self.exec_id) in working.execs:
            return ()
        self._demand_within(working)
        quantity = self.quantity
        if not working.counted:
            order = working.order
            held = account.position(order.symbol, order.product)
            quantity = min(quantity, held.closable(order.side))
            if not quantity:
                reason = "REDUCE_ONLY_NO_POSITION"
                return (canceled(account, self.account_id, self.order_id, working, reason),)
        filled = executed(OrderFilled, account, working, self._report(quantity))
        facts: Events = (filled,)
        if not working.counted or working.order.group is not None:
            facts = after_fill(account, working, filled)
        phase = account.risk.phase_at(self.at)
        if phase is None or not phase.limits.watches_equity:
            return facts
        return (*facts, *after_trading(fold(account, facts), self.account_id, self.at))

    def _late(self, account: Account, ended: Working) -> Events:
        """Its order is over, but a live venue has the last word."""
        if str(self.exec_id) in ended.execs:
            return ()
        if self.quantity > ended.leaves_qty:
            raise Illegal("EXEC_OVERFILL", leaves=f"{ended.leaves_qty:f}")
        return (executed(OrderFilledLate, account, ended, self._report(self.quantity)),)

    def _report(self, quantity: Decimal) -> Report:
        return Report(
            account_id=self.account_id,
            order_id=self.order_id,
            exec_id=self.exec_id,
            quantity=quantity,
            price=self.price,
            evidence=self.evidence,
            executed_at=self.executed_at,
            liquidity=self.liquidity,
        )

    def _demand_within(self, working: Working) -> None:
        order = working.order
        if not working.may(Move.FILL_PART):
            raise Illegal("ORDER_INVALID_STATE", status=str(working.status))
        if self.quantity > working.leaves_qty:
            raise Illegal("EXEC_OVERFILL", leaves=f"{working.leaves_qty:f}")
        beyond = (
            self.price > working.limit if order.side is Side.BUY else self.price < working.limit
        )
        if beyond and working.limit:
            raise Illegal("EXEC_PRICE_OUTSIDE_LIMIT", limit=f"{working.limit:f}")

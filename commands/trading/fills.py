"""Fills: the one way in which an execution changes an account, whatever venue reports it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from commands.trading.base import AccountCommand, demand_amount
from commands.trading.orders import working_order
from domain.base import Events, Role
from domain.errors import Illegal
from domain.market import Evidence
from domain.money import ZERO, tidy
from domain.trading import (
    Account,
    Balance,
    OrderFilled,
    Posting,
    Side,
    Working,
    bought,
    reservation,
    sold,
)


class ApplyFill(AccountCommand, frozen=True, kw_only=True):
    """
    Book one execution: cash, position, lots and reservation in one fact.

    The account checks the venue: a repeated ``exec_id`` changes nothing, an overfill and a
    price beyond the order's limit are refused.
    """

    allowed = Role.VENUE

    order_id: UUID
    exec_id: UUID
    quantity: Decimal
    price: Decimal
    evidence: Evidence
    executed_at: datetime

    def __post_init__(self) -> None:
        demand_amount("quantity", self.quantity)
        demand_amount("price", self.price)

    def decide(self, account: Account) -> Events:
        working = working_order(account, self.order_id)
        if str(self.exec_id) in working.execs:
            return ()
        self._demand_within(working)
        order = working.order
        held = account.position(order.symbol, order.product)
        gross = tidy(self.quantity * self.price * order.multiplier)
        if order.side is Side.BUY:
            effect = bought(held, self.exec_id, self.quantity, gross)
            cash = -gross
        else:
            effect = sold(held, self.quantity, gross)
            cash = gross
        value = effect.position.quantity * self.price * order.multiplier
        leaves = working.leaves_qty - self.quantity
        reserved = reservation(order, leaves, working.limit)
        return (
            OrderFilled(
                account_id=self.account_id,
                order_id=self.order_id,
                exec_id=self.exec_id,
                symbol=order.symbol,
                product=order.product,
                side=order.side,
                last_qty=self.quantity,
                last_px=self.price,
                multiplier=order.multiplier,
                cum_qty=working.cum_qty + self.quantity,
                leaves_qty=leaves,
                gross=gross,
                fee=ZERO,
                realised_wac=effect.realised_wac,
                realised_fifo=effect.realised_fifo,
                reserved=reserved,
                position=effect.position,
                lots=effect.lots,
                executed_at=self.executed_at,
                evidence=self.evidence,
                postings=(Posting("cash", cash), Posting("house:trading", -cash)),
                balance=Balance(
                    cash=tidy(account.balance.cash + cash),
                    reserved=tidy(account.balance.reserved + reserved - working.reserved),
                    positions=tidy(account.balance.positions - held.value + value),
                ),
            ),
        )

    def _demand_within(self, working: Working) -> None:
        order = working.order
        if self.quantity > working.leaves_qty:
            raise Illegal("EXEC_OVERFILL", leaves=f"{working.leaves_qty:f}")
        beyond = (
            self.price > working.limit if order.side is Side.BUY else self.price < working.limit
        )
        if beyond:
            raise Illegal("EXEC_PRICE_OUTSIDE_LIMIT", limit=f"{working.limit:f}")

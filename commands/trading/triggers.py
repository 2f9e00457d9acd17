"""Triggers: what a held order waited for has come, or its stop has moved."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from msgspec.structs import replace

from commands.trading.base import AccountCommand, demand_amount, working_order
from commands.trading.groups import after_trigger
from commands.trading.place import VENUE, PlaceOrder, judged
from commands.trading.refusal import Refusal
from commands.trading.reserving import need_of, reserving
from commands.trading.rules import insufficient_funds
from domain.base import Events, Role
from domain.errors import Illegal, Invalid
from domain.market import MAX_AGE, Evidence, Instrument, Quote
from domain.money import ZERO
from domain.trading import (
    Account,
    Condition,
    GroupKind,
    Order,
    OrderHeld,
    OrderTriggered,
    OrderType,
    Side,
    Status,
    Terms,
    Tif,
    TradingState,
    TrailingStopAdjusted,
    Working,
    first_stop,
    schedule,
    terms_of,
    trailed,
)


class RecordTrigger(AccountCommand, frozen=True, kw_only=True):
    """
    Let a held order work: its price was reached, or its market opened.

    It is priced anew by the quote that set it off, as far as there is money for that.  A
    trigger good for a year meets every check only now, and may be refused.
    """

    allowed = Role.VENUE | Role.SYSTEM

    order_id: UUID
    instrument: Instrument
    quote: Quote | None = None
    quote_max_age: timedelta = MAX_AGE
    price: Decimal | None = None
    evidence: Evidence | None = None
    underlying: Decimal | None = None

    def decide(self, account: Account) -> Events:
        working = working_order(account, self.order_id)
        if working.status is not Status.HELD or self._halted(account):
            return ()
        order = working.order
        group = order.group
        if group is not None and group.kind is GroupKind.GTT:
            return after_trigger(account, self.account_id, self.order_id, self._gtt(account, order))
        if order.after_market and working.stop is None and order.is_conditional:
            return (self._held(account, working),)
        return (self._triggered(account, working),)

    def _halted(self, account: Account) -> bool:
        """While trading is halted nothing begins to work; it may when it goes on."""
        return account.risk.state_at(self.at) is TradingState.HALTED

    def _gtt(self, account: Account, order: Order) -> Events:
        works = at_work(order)
        asked = PlaceOrder(
            at=self.at,
            account_id=self.account_id,
            order_id=self.order_id,
            order=replace(works, group=None, tif=Tif.DAY, expires_at=None),
            instrument=self.instrument,
            quote=self.quote,
            quote_max_age=self.quote_max_age,
            underlying=self.underlying,
        )
        try:
            verdict = judged(asked, account)
        except Invalid as error:  # the rules of the instrument have changed since
            context = {name: str(value) for name, value in error.context.items()}
            verdict = Refusal(error.code, error.detail, context)
        if isinstance(verdict, Refusal):
            return (replace(asked.rejected(verdict), order=order, was_placed=True),)
        terms, need = verdict.terms, verdict.need
        return (
            OrderTriggered(
                account_id=self.account_id,
                order_id=self.order_id,
                reason=Condition.GTT,
                works_as=works.order_type,
                limit=terms.limit,
                reserved=need.reserved,
                balance=reserving(account, need.more),
                price=self.price,
                evidence=self.evidence,
                counted=verdict.counted,
                unit=terms.unit,
                reserve_price=terms.price,
                risk=terms.risk,
                fee_schedule=verdict.fee_schedule,
            ),
        )

    def _triggered(self, account: Account, working: Working) -> OrderTriggered:
        works = at_work(working.order)
        price = working.reserve_price or working.limit
        terms = Terms(working.limit, price, working.unit, working.risk)
        reserved, more = working.reserved, ZERO
        fresh = terms_of(works, self.instrument, self.quote, self.underlying, on=self.at.date())
        if fresh is not None and works.order_type is OrderType.MARKET:
            need = need_of(account, works, fresh, schedule(working.fee_schedule), working)
            if not working.counted:
                terms = fresh
            elif insufficient_funds(account, works, need) is None:
                terms, reserved, more = fresh, need.reserved, need.more
        waited = Condition.STOP if working.order.is_conditional else Condition.MARKET_OPEN
        return OrderTriggered(
            account_id=self.account_id,
            order_id=self.order_id,
            reason=waited,
            works_as=works.order_type,
            limit=terms.limit,
            reserved=reserved,
            balance=reserving(account, more),
            price=self.price,
            evidence=self.evidence,
            counted=working.counted,
            unit=terms.unit if working.counted else None,
            reserve_price=terms.price,
            risk=terms.risk,
        )

    def _held(self, account: Account, working: Working) -> OrderHeld:
        return OrderHeld(
            account_id=self.account_id,
            order_id=self.order_id,
            venue=VENUE,
            model=working.model,
            condition=Condition.STOP,
            limit=working.limit,
            reserved=working.reserved,
            balance=account.balance,
            stop=first_stop(working.order, self.instrument, self.quote),
            counted=working.counted,
            unit=working.unit,
            reserve_price=working.reserve_price,
            risk=working.risk,
            fee_schedule=working.fee_schedule,
        )


def at_work(order: Order) -> Order:
    """The order as it works once its condition is met."""
    if not order.is_conditional:
        return order
    kind = OrderType.MARKET if order.price is None else OrderType.LIMIT
    return replace(order, order_type=kind, stop_price=None, trail_amount=None, trail_pct=None)


class AdjustTrail(AccountCommand, frozen=True, kw_only=True):
    """Let a trailing stop follow the best price seen; it never moves back."""

    allowed = Role.VENUE

    order_id: UUID
    instrument: Instrument
    watermark: Decimal

    def __post_init__(self) -> None:
        demand_amount("watermark", self.watermark)

    def decide(self, account: Account) -> Events:
        working = working_order(account, self.order_id)
        order = working.order
        if order.order_type is not OrderType.TRAILING_STOP or working.status is not Status.HELD:
            raise Illegal("ORDER_INVALID_STATE", status=str(working.status))
        stop, before = trailed(order, self.watermark, self.instrument), working.stop
        if before is not None and (stop <= before if order.side is Side.SELL else stop >= before):
            return ()
        return (
            TrailingStopAdjusted(
                account_id=self.account_id,
                order_id=self.order_id,
                stop=stop,
                watermark=self.watermark,
            ),
        )

"""Baskets: several orders at once, all or none of them if so wished."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from msgspec import Struct

from commands.trading.base import AccountCommand
from commands.trading.place import PlaceOrder
from commands.trading.refusal import Refusal
from domain.base import Event, Events, fold
from domain.errors import Invalid
from domain.market import MAX_AGE, Instrument, Quote
from domain.trading import Account, Bound, Order, OrderRejected, Origin, Side

LEGS_MAX = 20


class Leg(Struct, frozen=True, kw_only=True):
    """One order of a basket, and what the edge knew of its instrument."""

    order_id: UUID
    order: Order
    instrument: Instrument
    quote: Quote | None = None
    client_order_id: str | None = None
    underlying: Decimal | None = None
    open_now: bool = True
    next_open: datetime | None = None
    bounds: tuple[Bound, ...] = ()


def leg_order(asked: AccountCommand, leg: Leg, order: Order, **more: Any) -> PlaceOrder:
    """The order of one leg, for the account that is asked."""
    return PlaceOrder(
        at=asked.at,
        account_id=asked.account_id,
        order_id=leg.order_id,
        order=order,
        instrument=leg.instrument,
        quote=leg.quote,
        client_order_id=leg.client_order_id,
        underlying=leg.underlying,
        open_now=leg.open_now,
        next_open=leg.next_open,
        bounds=leg.bounds,
        **more,
    )


class PlaceBasket(AccountCommand, frozen=True, kw_only=True):
    """
    Place up to 20 orders together, the buys first, so that a hedge counts for what it hedges.

    ``all_or_none``: every order is accepted, or none is and the first refusal is on record
    (acceptance only: the market fills each by itself).
    """

    legs: tuple[Leg, ...]
    all_or_none: bool = False
    quote_max_age: timedelta = MAX_AGE
    origin: Origin = Origin.USER

    def __post_init__(self) -> None:
        if not 1 <= len(self.legs) <= LEGS_MAX:
            rule = f"1 to {LEGS_MAX}"
            raise Invalid("GROUP_INVALID", f"a basket has {rule} legs", field="legs", rule=rule)

    def decide(self, account: Account) -> Events:
        facts: list[Event] = []
        legs = sorted(enumerate(self.legs), key=lambda leg: leg[1].order.side is Side.SELL)
        for index, leg in legs:
            asked = self._order(index, leg)
            new = _decided(index, asked, account)
            refused = new[0]
            if self.all_or_none and isinstance(refused, OrderRejected):
                context = {"index": str(index), "code": refused.code, **refused.context}
                detail = f"leg {index}: {refused.detail}"
                return (asked.rejected(Refusal("BASKET_LEG_REJECTED", detail, context)),)
            account = fold(account, new)
            facts += new
        return tuple(facts)

    def _order(self, index: int, leg: Leg) -> PlaceOrder:
        try:
            return leg_order(
                self, leg, leg.order, quote_max_age=self.quote_max_age, origin=self.origin
            )
        except Invalid as error:
            raise in_leg(index, error) from None


def _decided(index: int, asked: PlaceOrder, account: Account) -> Events:
    try:
        return asked.decide(account)
    except Invalid as error:
        raise in_leg(index, error) from None


def in_leg(index: int, error: Invalid) -> Invalid:
    """The same, with the leg in the pointer to the field."""
    context = dict(error.context)
    if "field" in context:
        context["field"] = f"legs/{index}/{context['field']}"
    return Invalid(error.code, error.detail, **context)

"""Good till triggered: one or two orders that wait up to a year for their price."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid5

from msgspec import Struct

from commands.trading.base import AccountCommand, demand_amount
from commands.trading.place import PlaceOrder
from commands.trading.refusal import Refusal
from domain.base import Events, fold
from domain.errors import Invalid
from domain.market import MAX_AGE, Instrument, Quality, Quote, mark, quality
from domain.trading import (
    Account,
    Bound,
    Group,
    GroupKind,
    GroupRole,
    Order,
    OrderRejected,
    OrderType,
    Origin,
    Product,
    Side,
    Tif,
)

DAYS_MAX = 365


class Trigger(Struct, frozen=True, forbid_unknown_fields=True):
    """At which price of the market to hand in an order, and the worst price it will take."""

    trigger_price: Decimal
    quantity: Decimal
    price: Decimal | None = None


class PlaceGtt(AccountCommand, frozen=True, kw_only=True):
    """
    Have an order handed in when the market gets to a price; of two, the first cancels the other.

    Nothing is set aside until then, so it may then be refused for want of money.
    """

    gtt_id: UUID
    side: Side
    product: Product
    instrument: Instrument
    triggers: tuple[Trigger, ...]
    quote: Quote | None = None
    quote_max_age: timedelta = MAX_AGE
    expires_at: datetime | None = None
    client_order_id: str | None = None
    bounds: tuple[Bound, ...] = ()

    def __post_init__(self) -> None:
        if len(self.triggers) not in (1, 2):
            rule = "1, or 2 of which the first cancels the other"
            raise Invalid("GROUP_INVALID", f"give {rule}", field="triggers", rule=rule)
        for trigger in self.triggers:
            demand_amount("trigger_price", trigger.trigger_price)
        last = self.at + timedelta(days=DAYS_MAX)
        if self.expires_at is not None and not self.at < self.expires_at <= last:
            rule = f"in the future, within {DAYS_MAX} days"
            raise Invalid(
                "ORDER_EXPIRY_INVALID", f"expires_at must be {rule}", field="expires_at", rule=rule
            )

    def decide(self, account: Account) -> Events:
        price = mark(self.quote)
        facts: Events = ()
        for number, trigger in enumerate(self.triggers):
            asked = self._asked(number, trigger, price)
            if price is None:
                verdict = quality(self.quote, self.at, self.quote_max_age)
                return (asked.rejected(_unpriced(verdict)),)
            new = asked.decide(account)
            if isinstance(new[0], OrderRejected):
                return new
            account = fold(account, new)
            facts += new
        return facts

    def _asked(self, number: int, trigger: Trigger, price: Decimal | None) -> PlaceOrder:
        return PlaceOrder(
            at=self.at,
            account_id=self.account_id,
            order_id=self.gtt_id if not number else uuid5(self.gtt_id, f"leg:{number}"),
            order=Order(
                symbol=self.instrument.symbol,
                side=self.side,
                quantity=trigger.quantity,
                order_type=kind_of(self.side, trigger, price or trigger.trigger_price),
                product=self.product,
                price=trigger.price,
                tif=Tif.GTD,
                multiplier=self.instrument.multiplier,
                asset=self.instrument.type,
                stop_price=trigger.trigger_price,
                expires_at=self.expires_at or self.at + timedelta(days=DAYS_MAX),
                group=Group(self.gtt_id, GroupKind.GTT, GroupRole.LEG),
            ),
            instrument=self.instrument,
            client_order_id=self.client_order_id if not number else None,
            origin=Origin.USER,
            bounds=self.bounds,
        )


def kind_of(side: Side, trigger: Trigger, price: Decimal) -> OrderType:
    """A stop where the market has to get worse for this side, else an order if touched."""
    worse = trigger.trigger_price >= price if side is Side.BUY else trigger.trigger_price <= price
    if not worse:
        return OrderType.MIT
    return OrderType.STOP if trigger.price is None else OrderType.STOP_LIMIT


def _unpriced(verdict: Quality) -> Refusal:
    context = {"quality": str(verdict)}
    return Refusal("MARKET_NO_REFERENCE_PRICE", "no quote to tell which way it triggers", context)

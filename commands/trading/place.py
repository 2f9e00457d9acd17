"""Placing an order: the one way in which an order comes into being, whoever asks for it."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID, uuid5

from msgspec.structs import replace

from commands.trading.base import AccountCommand
from commands.trading.refusal import Refusal
from commands.trading.reserving import Need, need_of, reserving
from commands.trading.rules import (
    FIRST,
    PRICING,
    REFUSALS,
    first_refusal,
    insufficient_funds,
    is_counted,
    unpriced,
)
from commands.trading.tickets import demand_fields, demand_product, demand_sense, invalid
from domain.base import Event, Events, fold
from domain.market import MAX_AGE, Evidence, Instrument, Quality, Quote, quality, witness
from domain.money import ZERO, round_down_to, round_up_to, tidy_up
from domain.trading import (
    Account,
    Bound,
    Condition,
    GroupKind,
    GroupRole,
    Order,
    OrderAccepted,
    OrderHeld,
    OrderPlaced,
    OrderRejected,
    OrderType,
    Origin,
    Side,
    Terms,
    first_stop,
    in_force,
    terms_of,
)
from domain.trading.reservation import collared, touch

VENUE = "paper"
#: Into how many orders one above the freeze quantity may be cut.
SLICES_MAX = 20


class PlaceOrder(AccountCommand, frozen=True, kw_only=True):
    """
    Buy or sell, reserving at once the most that the order may cost.

    ``underlying`` is the price of what a derivative is derived from; ``open_now`` says whether
    the market is open; ``auto_slice`` cuts an order above the freeze quantity; ``bounds``
    are the limits of scopes wider than the account.
    """

    order_id: UUID
    order: Order
    instrument: Instrument
    quote: Quote | None = None
    quote_max_age: timedelta = MAX_AGE
    client_order_id: str | None = None
    underlying: Decimal | None = None
    open_now: bool = True
    next_open: datetime | None = None
    origin: Origin = Origin.USER
    strategy: str | None = None
    auto_slice: bool = False
    slice_of: UUID | None = None
    bot_id: UUID | None = None
    bounds: tuple[Bound, ...] = ()

    def __post_init__(self) -> None:
        if self.slice_of is None:
            demand_fields(self.order, self.client_order_id, self.at)

    @property
    def quality(self) -> Quality:
        return quality(self.quote, self.at, self.quote_max_age)

    @property
    def forced(self) -> bool:
        """Whether the house itself closes something, which nothing may hold up."""
        return self.origin is Origin.SYSTEM and self.order.reduce_only

    def decide(self, account: Account) -> Events:
        if self.order.notional is not None and not self.order.quantity:
            return for_money(self, account)
        if self.auto_slice and self.order.quantity > self.instrument.max_qty:
            return sliced(self, account)
        verdict = judged(self, account)
        if isinstance(verdict, Refusal):
            return (self.rejected(verdict),)
        return self._placed(account, verdict)

    def rejected(self, refusal: Refusal) -> OrderRejected:
        return OrderRejected(
            account_id=self.account_id,
            order_id=self.order_id,
            order=self.order,
            code=refusal.code,
            detail=refusal.detail,
            context=refusal.context,
            client_order_id=self.client_order_id,
        )

    def _placed(self, account: Account, verdict: Verdict) -> Events:
        condition = condition_of(self.order, self.open_now)
        return (
            OrderPlaced(
                account_id=self.account_id,
                order_id=self.order_id,
                order=self.order,
                client_order_id=self.client_order_id,
                reference=self._reference(account),
                origin=self.origin,
                strategy=self.strategy,
                slice_of=self.slice_of,
                placed_at=self.at,
                bot_id=self.bot_id,
            ),
            self._accepted(account, verdict)
            if condition is None
            else self._held(account, verdict, condition),
        )

    def _accepted(self, account: Account, verdict: Verdict) -> OrderAccepted:
        terms = verdict.terms
        return OrderAccepted(
            account_id=self.account_id,
            order_id=self.order_id,
            venue=VENUE,
            model=account.fill_model,
            limit=terms.limit,
            reserved=verdict.need.reserved,
            balance=reserving(account, verdict.need.more),
            counted=verdict.counted,
            unit=terms.unit if verdict.counted else None,
            reserve_price=None if terms.price == terms.limit else terms.price,
            risk=terms.risk or ZERO,
            fee_schedule=verdict.fee_schedule,
            margin_schedule=terms.margins if verdict.counted else None,
        )

    def _held(self, account: Account, verdict: Verdict, condition: Condition) -> OrderHeld:
        accepted = self._accepted(account, verdict)
        return OrderHeld(
            account_id=accepted.account_id,
            order_id=accepted.order_id,
            venue=accepted.venue,
            model=accepted.model,
            condition=condition,
            limit=accepted.limit,
            reserved=accepted.reserved,
            balance=accepted.balance,
            stop=first_stop(self.order, self.instrument, self.quote)
            if condition in (Condition.STOP, Condition.GTT)
            else None,
            counted=accepted.counted,
            unit=accepted.unit,
            reserve_price=accepted.reserve_price,
            risk=accepted.risk,
            fee_schedule=accepted.fee_schedule,
            margin_schedule=accepted.margin_schedule,
        )

    def _reference(self, account: Account) -> Evidence | None:
        if self.quote is None or self.order.order_type is not OrderType.MARKET:
            return None
        return witness(self.quote, self.at, rule="REFERENCE", model=account.fill_model)


class Verdict(NamedTuple):
    """The order may be placed, on these terms; ``counted`` if money is set aside for it."""

    terms: Terms
    need: Need
    counted: bool
    fee_schedule: str


NOTHING = Need(ZERO, ZERO, False)


def judged(asked: PlaceOrder, account: Account) -> Verdict | Refusal:
    """Every check of an order, in the order of the rejection catalogue."""
    order, instrument = asked.order, asked.instrument
    refusal = first_refusal(FIRST, account, asked)
    if refusal is not None:
        return refusal
    demand_sense(order, instrument, asked.quote)
    refusal = first_refusal(REFUSALS, account, asked)
    if refusal is not None:
        return refusal
    today = asked.at.date()
    terms = terms_of(order, instrument, asked.quote, asked.underlying, on=today)
    if terms is None:
        return unpriced(asked)
    fees = in_force(account.fee_schedule, today)
    if not is_counted(order):
        return Verdict(terms, NOTHING, False, fees.name)
    need = need_of(account, order, terms, fees)
    return insufficient_funds(account, order, need) or Verdict(terms, need, True, fees.name)


def for_money(asked: PlaceOrder, account: Account) -> Events:
    """An order for an amount of money: as much as it buys at the worst price there may be."""
    order, instrument = asked.order, asked.instrument
    refusal = first_refusal(FIRST, account, asked)
    if refusal is None:
        demand_product(order, instrument)
        refusal = first_refusal(PRICING, account, asked)
    price = touch(asked.quote, Side.BUY)
    if refusal is not None or price is None:
        return (asked.rejected(refusal or unpriced(asked)),)
    unit = collared(price, Side.BUY, instrument) * order.multiplier
    quantity = round_down_to((order.notional or ZERO) / unit, instrument.step)
    if quantity < instrument.min_qty:
        least = f"{tidy_up(unit * instrument.min_qty):f}"
        raise invalid("notional", f"at least {least}", "ORDER_NOTIONAL_BELOW_MIN", min=least)
    return replace(asked, order=replace(order, quantity=quantity)).decide(account)


def condition_of(order: Order, open_now: bool) -> Condition | None:
    """What the order waits for before the venue may work it; None if it need not wait."""
    group = order.group
    if group is not None and group.kind is GroupKind.GTT:
        return Condition.GTT
    if group is not None and group.kind is GroupKind.BRACKET and group.role is not GroupRole.ENTRY:
        return Condition.ENTRY
    if order.after_market and not open_now:
        return Condition.MARKET_OPEN
    if order.is_conditional:
        return Condition.STOP
    return None


def sliced(asked: PlaceOrder, account: Account) -> Events:
    """
    One order for each part of at most the freeze quantity: all are accepted, or none.

    The first bears the order's own id, and each client id ends with the number of its part.
    """
    order, most = asked.order, asked.instrument.max_qty
    most -= most % asked.instrument.step
    parts = round_up_to(order.quantity, most) / most
    if parts > SLICES_MAX:
        rule = f"at most {most * SLICES_MAX:f} in {SLICES_MAX} orders"
        raise invalid("quantity", rule, "ORDER_QTY_ABOVE_FREEZE", max=f"{most * SLICES_MAX:f}")
    facts: list[Event] = []
    left = order.quantity
    for number in range(int(parts)):
        part = replace(
            asked,
            order_id=asked.order_id if not number else uuid5(asked.order_id, f"slice:{number}"),
            order=replace(order, quantity=min(left, most)),
            client_order_id=asked.client_order_id and f"{asked.client_order_id}#{number + 1}",
            auto_slice=False,
            slice_of=asked.order_id,
        )
        new = part.decide(account)
        if isinstance(new[0], OrderRejected):
            refusal = Refusal(new[0].code, new[0].detail, new[0].context)
            return (asked.rejected(refusal),)
        account = fold(account, new)
        facts += new
        left -= most
    return tuple(facts)

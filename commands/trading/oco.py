"""One cancels the other: two orders of which as much is filled as of one."""

from __future__ import annotations

from datetime import timedelta

from msgspec.structs import replace

from commands.trading.base import AccountCommand
from commands.trading.baskets import Leg, in_leg, leg_order
from domain.base import Events, fold
from domain.errors import Invalid
from domain.market import MAX_AGE
from domain.trading import (
    Account,
    Group,
    GroupKind,
    GroupRole,
    Order,
    OrderRejected,
    Origin,
    Tif,
)
from domain.trading.order import AUCTIONS


class PlaceOco(AccountCommand, frozen=True, kw_only=True):
    """
    Place two orders of which one cancels the other: what one fills the other has less.

    They are for the same quantity on the same side, say a limit above the market and a stop
    below.  Where both only close what is held nothing is set aside for either; else the money
    for both is, because both may be at work.
    """

    legs: tuple[Leg, ...]
    quote_max_age: timedelta = MAX_AGE
    origin: Origin = Origin.USER

    def __post_init__(self) -> None:
        if len(self.legs) != 2:
            raise _invalid("legs", "two orders")
        one, other = (leg.order for leg in self.legs)
        for field in ("symbol", "side", "quantity", "product"):
            if getattr(one, field) != getattr(other, field):
                raise _invalid(f"legs/1/{field}", "the same in both")
        for index, order in enumerate((one, other)):
            if order.tif in (Tif.IOC, Tif.FOK, *AUCTIONS):
                raise _invalid(f"legs/{index}/tif", "one that lets the order wait")
            if order.notional is not None:
                raise _invalid(f"legs/{index}/notional", "absent: the legs share a quantity")

    def decide(self, account: Account) -> Events:
        closing = all(_closes(account, leg.order) for leg in self.legs)
        group = Group(self.legs[0].order_id, GroupKind.OCO, GroupRole.LEG)
        facts: Events = ()
        for index, leg in enumerate(self.legs):
            reduce_only = closing or leg.order.reduce_only
            new = self._decided(
                index, leg, replace(leg.order, group=group, reduce_only=reduce_only), account
            )
            if isinstance(new[0], OrderRejected):
                return new
            account = fold(account, new)
            facts += new
        return facts

    def _decided(self, index: int, leg: Leg, order: Order, account: Account) -> Events:
        try:
            asked = leg_order(
                self, leg, order, quote_max_age=self.quote_max_age, origin=self.origin
            )
            return asked.decide(account)
        except Invalid as error:
            raise in_leg(index, error) from None


def _closes(account: Account, order: Order) -> bool:
    held = account.position(order.symbol, order.product)
    return order.quantity <= held.closable(order.side)


def _invalid(field: str, rule: str) -> Invalid:
    return Invalid("GROUP_INVALID", f"{field} must be {rule}", field=field, rule=rule)

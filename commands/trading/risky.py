"""What a rule of risk looks at: one order before one scope, and what that scope has counted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from msgspec import Struct

from commands.trading.refusal import Refusal
from domain.market import Instrument, Quality, Quote, mark
from domain.money import ZERO
from domain.trading import LONG_ONLY, Account, Bound, Limits, Order, Risk, Side


class Risky(Protocol):
    """What a rule of risk may look at."""

    @property
    def at(self) -> datetime: ...
    @property
    def order(self) -> Order: ...
    @property
    def instrument(self) -> Instrument: ...
    @property
    def quote(self) -> Quote | None: ...
    @property
    def quality(self) -> Quality: ...
    @property
    def bounds(self) -> tuple[Bound, ...]: ...
    @property
    def forced(self) -> bool: ...


class Case(Struct, frozen=True):
    """One order before one scope: its limits, and what the scope has counted."""

    account: Account
    asked: Risky
    scope: str
    limits: Limits
    risk: Risk

    @property
    def price(self) -> Decimal:
        """What one unit is taken to cost: as asked, or as the market has it."""
        order = self.asked.order
        return order.price or order.stop_price or mark(self.asked.quote) or ZERO

    @property
    def after(self) -> Decimal:
        """The position, if this and every working order on its side were filled."""
        order = self.asked.order
        held = self.account.position(order.symbol, order.product)
        if order.side is Side.SELL:
            return held.quantity - held.selling - order.quantity
        if order.product not in LONG_ONLY:
            return held.quantity + held.buying + order.quantity
        buying = (
            working.leaves_qty
            for working in self.account.orders.values()
            if working.order.side is Side.BUY
            and working.order.symbol == order.symbol
            and working.order.product is order.product
        )
        return held.quantity + sum(buying, ZERO) + order.quantity

    @property
    def notional(self) -> Decimal:
        return self.asked.order.quantity * self.price * self.asked.order.multiplier

    def beyond(
        self, code: str, limit: Decimal | int | None, value: Decimal | int
    ) -> Refusal | None:
        if limit is None or value <= limit:
            return None
        context = {"limit": f"{limit:f}" if isinstance(limit, Decimal) else str(limit)}
        context["value"] = f"{value:f}" if isinstance(value, Decimal) else str(value)
        context["scope"] = self.scope
        return Refusal(code, "a limit of risk would be passed", context)


Rule = Callable[[Case], Refusal | None]

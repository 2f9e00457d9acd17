"""Smart orders: not how much to trade, but how much to hold in the end."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from commands.trading.base import AccountCommand
from commands.trading.place import PlaceOrder
from domain.base import Events
from domain.errors import Invalid
from domain.market import MAX_AGE, Instrument, Quote
from domain.money import ZERO
from domain.trading import Account, Bound, Order, OrderType, Origin, Product, Side, Tif


class PlaceSmartOrder(AccountCommand, frozen=True, kw_only=True):
    """
    Trade what is missing to a target position, beside what is on its way already.

    Below zero is short.  Where nothing is missing, nothing happens.
    """

    order_id: UUID
    instrument: Instrument
    product: Product
    target_position: Decimal
    price: Decimal | None = None
    tif: Tif = Tif.DAY
    quote: Quote | None = None
    quote_max_age: timedelta = MAX_AGE
    client_order_id: str | None = None
    underlying: Decimal | None = None
    open_now: bool = True
    next_open: datetime | None = None
    bounds: tuple[Bound, ...] = ()
    origin: Origin = Origin.USER
    strategy: str | None = None

    def __post_init__(self) -> None:
        if not self.target_position.is_finite():
            rule = "a number"
            raise Invalid(
                "VALIDATION", f"target_position must be {rule}", field="target_position", rule=rule
            )

    def decide(self, account: Account) -> Events:
        held = account.position(self.instrument.symbol, self.product).quantity
        missing = self.target_position - held
        side = Side.BUY if missing > 0 else Side.SELL
        quantity = abs(missing) - self._on_its_way(account, side)
        if quantity <= 0:
            return ()
        return PlaceOrder(
            at=self.at,
            account_id=self.account_id,
            order_id=self.order_id,
            order=Order(
                symbol=self.instrument.symbol,
                side=side,
                quantity=quantity,
                order_type=OrderType.MARKET if self.price is None else OrderType.LIMIT,
                product=self.product,
                price=self.price,
                tif=self.tif,
                multiplier=self.instrument.multiplier,
                asset=self.instrument.type,
            ),
            instrument=self.instrument,
            quote=self.quote,
            quote_max_age=self.quote_max_age,
            client_order_id=self.client_order_id,
            underlying=self.underlying,
            open_now=self.open_now,
            next_open=self.next_open,
            bounds=self.bounds,
            origin=self.origin,
            strategy=self.strategy,
        ).decide(account)

    def _on_its_way(self, account: Account, side: Side) -> Decimal:
        """The leaves of working orders of the same side."""
        symbol, product = self.instrument.symbol, self.product
        return sum(
            (
                working.leaves_qty
                for working in account.orders.values()
                if working.counted
                and working.order.side is side
                and working.order.symbol == symbol
                and working.order.product is product
            ),
            ZERO,
        )

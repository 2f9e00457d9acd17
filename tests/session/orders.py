"""Orders of every kind that can be asked for, written at random around the last quote."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from commands.base import Command
from commands.trading import (
    Leg,
    PlaceBasket,
    PlaceBracket,
    PlaceGtt,
    PlaceOrder,
    PlaceSmartOrder,
    Trigger,
)
from domain.market import Instrument, Quote, mark
from domain.money import round_down_to
from domain.trading import (
    Group,
    GroupKind,
    GroupRole,
    Order,
    OrderType,
    Product,
    Side,
    Tif,
    TriggerBy,
)
from domain.trading.order import AUCTIONS, CONDITIONAL, PRICED

QUOTE_AGE = timedelta(minutes=5)
LONG_LIVED = (Product.CNC, Product.SPOT)
TIFS = (Tif.DAY, Tif.DAY, *Tif)


class Orders:
    def __init__(
        self,
        dice: Random,
        listed: Mapping[str, Instrument],
        quotes: Mapping[str, Quote],
        new_id: Callable[[], UUID],
    ) -> None:
        self.dice = dice
        self.listed = listed
        self.quotes = quotes
        self.new_id = new_id

    def any(self, common: dict[str, Any]) -> Command:
        """A ticket, or several that belong together; DomainError where none can be written."""
        one = self.dice.choice(list(self.listed.values()))
        quote = self.quotes[one.symbol]
        seen: dict[str, Any] = {"instrument": one, "quote": quote, "quote_max_age": QUOTE_AGE}
        below: dict[str, Any] = {
            "underlying": mark(self.quotes[one.underlying]) if one.underlying else None
        }
        dice = self.dice.random()
        if dice < 0.07:
            return self._bracket(one, quote, common | seen | below)
        if dice < 0.12:
            return self._gtt(one, quote, common | seen)
        if dice < 0.17:
            return self._pair(one, quote, common, below)
        if dice < 0.20:
            return PlaceSmartOrder(
                **common,
                **seen,
                **below,
                order_id=self.new_id(),
                product=self.product(one),
                target_position=self.quantity(one) * self.dice.choice((1, 1, -1)),
            )
        order, held = self.order(one, quote, common["at"]), self.dice.random() < 0.02
        if held:
            order = replace(order, after_market=True)
        return PlaceOrder(
            **common, **seen, **below, order_id=self.new_id(), order=order, open_now=not held
        )

    def order(self, one: Instrument, quote: Quote, at: Any) -> Order:
        dice = self.dice
        kind, side, product = (
            dice.choice(list(OrderType)),
            dice.choice(list(Side)),
            self.product(one),
        )
        tif = self._tif(kind, product)
        last = quote.last or quote.ask or Decimal(1)
        away = max(one.tick_size, Decimal(dice.randint(1, 40)) / 10_000 * last)
        rising = (side is Side.BUY) is not (kind is OrderType.MIT)
        stop = round_down_to(last + away if rising else last - away, one.tick_size)
        better = last - away if side is Side.BUY else last + away
        price = round_down_to(dice.choice((better, 2 * last - better)), one.tick_size)
        trailing, quantity = kind is OrderType.TRAILING_STOP, self.quantity(one)
        return Order(
            symbol=one.symbol,
            side=side,
            quantity=quantity,
            order_type=kind,
            product=product,
            price=(stop if kind is OrderType.STOP_LIMIT else price) if kind in PRICED else None,
            tif=tif,
            multiplier=one.multiplier,
            asset=one.type,
            stop_price=stop if kind in CONDITIONAL and not trailing else None,
            trail_amount=Decimal("0.05") if trailing else None,
            trigger_by=dice.choice((TriggerBy.LAST, *TriggerBy)),
            expires_at=at + timedelta(hours=1) if tif is Tif.GTD else None,
            post_only=kind is OrderType.LIMIT and tif is Tif.DAY and dice.random() < 0.1,
            reduce_only=dice.random() < 0.05,
            display_qty=quantity if dice.random() < 0.05 else None,
        )

    def _tif(self, kind: OrderType, product: Product) -> Tif:
        tif = self.dice.choice(TIFS)
        if tif in (Tif.GTC, Tif.GTD) and product not in LONG_LIVED:
            return Tif.DAY
        if product is Product.CNC and kind not in CONDITIONAL and self.dice.random() < 0.2:
            return self.dice.choice(AUCTIONS)
        at_once = kind in CONDITIONAL and tif in (Tif.IOC, Tif.FOK)
        return Tif.DAY if at_once or tif in AUCTIONS else tif

    def product(self, one: Instrument) -> Product:
        return Product(self.dice.choice(one.products))

    def quantity(self, one: Instrument) -> Decimal:
        return self.dice.randint(1, 60) * max(one.step, Decimal(1))

    # ── what belongs together ──────────────────────────────────────────────────

    def _pair(
        self, one: Instrument, quote: Quote, common: dict[str, Any], below: dict[str, Any]
    ) -> Command:
        """A basket; half of them are two orders of which one takes the other off."""
        group = Group(self.new_id(), GroupKind.OCO, GroupRole.LEG)
        together = self.dice.random() < 0.5
        legs = []
        for _ in range(2):
            order = self.order(one, quote, common["at"])
            order = replace(order, group=group, reduce_only=False) if together else order
            legs.append(
                Leg(order_id=self.new_id(), order=order, instrument=one, quote=quote, **below)
            )
        return PlaceBasket(
            **common,
            legs=tuple(legs),
            all_or_none=self.dice.random() < 0.5,
            quote_max_age=QUOTE_AGE,
        )

    def _bracket(self, one: Instrument, quote: Quote, common: dict[str, Any]) -> Command:
        side = self.dice.choice(list(Side))
        sign = 1 if side is Side.BUY else -1
        price = (quote.ask if side is Side.BUY else quote.bid) or mark(quote) or Decimal(1)
        price = round_down_to(price, one.tick_size)
        wide = sign * max(3, int(price / one.tick_size / 2000)) * one.tick_size
        return PlaceBracket(
            **common,
            order_id=self.new_id(),
            order=Order(
                symbol=one.symbol,
                side=side,
                quantity=self.quantity(one),
                order_type=OrderType.LIMIT,
                product=self.product(one),
                price=price,
                multiplier=one.multiplier,
                asset=one.type,
            ),
            take_profit=price + wide,
            stop_loss=price - wide,
        )

    def _gtt(self, one: Instrument, quote: Quote, common: dict[str, Any]) -> Command:
        price = mark(quote) or Decimal(1)
        far = max(one.tick_size, price / 1000)
        at = [round_down_to(price + way * far, one.tick_size) for way in (-1, 2)]
        self.dice.shuffle(at)
        return PlaceGtt(
            **common,
            gtt_id=self.new_id(),
            side=self.dice.choice(list(Side)),
            product=self.product(one),
            triggers=tuple(
                Trigger(trigger, self.quantity(one)) for trigger in at[: self.dice.randint(1, 2)]
            ),
        )

"""Orders of every kind on every product, written at random around where each instrument began."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from commands.base import Command
from commands.trading import PlaceBracket, PlaceGtt, PlaceOrder, Trigger
from domain.market import Instrument, InstrumentType, Quote
from domain.trading import (
    Group,
    GroupKind,
    GroupRole,
    Order,
    OrderType,
    Product,
    Side,
    Tif,
)


def _instrument(symbol: str, kind: InstrumentType, tick: str, **more: Any) -> Instrument:
    return Instrument(
        symbol=symbol,
        name=symbol,
        exchange="TEST",
        type=kind,
        currency="INR",
        tick_size=Decimal(tick),
        **more,
    )


_DERIVED = {"underlying": "SHARE", "expiry": date(2026, 12, 31), "lot_size": Decimal(5)}
SHARE = _instrument("SHARE", InstrumentType.EQ, "0.05", mtf_own_funds_rate=Decimal("0.27"))
FUND = _instrument("FUND", InstrumentType.ETF, "0.01", multiplier=Decimal(10))
COIN = _instrument(
    "COIN", InstrumentType.SPOT, "0.0001", qty_step=Decimal("0.001"), min_qty=Decimal("0.001")
)
FUTURE = _instrument("FUTURE", InstrumentType.FUT, "0.05", **_DERIVED)
CALL = _instrument("CALL", InstrumentType.CE, "0.05", strike=Decimal(100), **_DERIVED)
PUT = _instrument(
    "PUT", InstrumentType.PE, "0.05", strike=Decimal(105), multiplier=Decimal(2), **_DERIVED
)
PRICES = {
    "SHARE": Decimal("101.35"),
    "FUND": Decimal("7.03"),
    "COIN": Decimal("3.3333"),
    "FUTURE": Decimal("102.05"),
    "CALL": Decimal("6.35"),
    "PUT": Decimal("8.10"),
}
LISTED = {one.symbol: one for one in (SHARE, FUND, COIN, FUTURE, CALL, PUT)}
CONTRACTS = (FUTURE, CALL, PUT)


class Tickets:
    def __init__(self, dice: Random) -> None:
        self.dice = dice
        self._count = 1000

    def new_id(self) -> UUID:
        self._count += 1
        return UUID(int=self._count)

    def any(self, common: dict[str, Any]) -> Command:
        """An order, or a group of orders."""
        listed = self.dice.choice((SHARE, *LISTED.values()))
        seen: dict[str, Any] = {
            "instrument": listed,
            "quote": self.quote(listed, common["at"]),
        }
        below: dict[str, Any] = {"underlying": self.underlying(listed)}
        dice = self.dice.random()
        if dice < 0.10:
            return self._gtt(common | seen, listed)
        if dice < 0.22:
            return self._bracket(common | seen | below, listed)
        order = self._order(listed)
        if dice < 0.30:
            order = self._leg(order)
        return PlaceOrder(**common, **seen, **below, order_id=self.new_id(), order=order)

    def _order(self, listed: Instrument) -> Order:
        kind = self.dice.choice((OrderType.LIMIT, OrderType.MARKET, *OrderType))
        side = self.dice.choice((Side.BUY, Side.BUY, Side.SELL))
        rising = (side is Side.BUY) is not (kind is OrderType.MIT)
        trailing = kind is OrderType.TRAILING_STOP
        stopped = kind in (OrderType.STOP, OrderType.STOP_LIMIT, OrderType.MIT)
        stop = self._away(listed, rising)
        price = self.price(listed) if kind is OrderType.LIMIT else None
        if kind is OrderType.STOP_LIMIT:
            price = stop + (1 if side is Side.BUY else -1) * 2 * listed.tick_size
        return Order(
            symbol=listed.symbol,
            side=side,
            quantity=self.quantity(listed),
            order_type=kind,
            product=self.product(listed),
            price=price,
            tif=Tif.DAY,
            multiplier=listed.multiplier,
            asset=listed.type,
            stop_price=stop if stopped else None,
            trail_pct=Decimal("2.5") if trailing else None,
            reduce_only=self.dice.random() < 0.08,
        )

    def _leg(self, order: Order) -> Order:
        """One of two orders of which the first to be filled takes the other off."""
        pair = UUID(int=self._count // 8)
        return replace(order, group=Group(pair, GroupKind.OCO, GroupRole.LEG))

    def _bracket(self, common: dict[str, Any], listed: Instrument) -> Command:
        side = self.dice.choice(list(Side))
        sign = 1 if side is Side.BUY else -1
        price = self.price(listed)
        wide = sign * self.dice.randint(20, 60) * listed.tick_size
        both = self.dice.random()
        limited = self.dice.random() < 0.3
        stop = price - wide if both < 0.8 else None
        return PlaceBracket(
            **common,
            order_id=self.new_id(),
            order=Order(
                symbol=listed.symbol,
                side=side,
                quantity=self.quantity(listed),
                order_type=OrderType.LIMIT,
                product=self.product(listed),
                price=price,
                multiplier=listed.multiplier,
                asset=listed.type,
            ),
            take_profit=price + wide if both > 0.2 else None,
            stop_loss=stop,
            stop_limit=stop - sign * listed.tick_size if stop is not None and limited else None,
        )

    def _gtt(self, common: dict[str, Any], listed: Instrument) -> Command:
        product = self.product(listed)
        legs = self.dice.choice((1, 2))
        return PlaceGtt(
            **common,
            gtt_id=self.new_id(),
            side=self.dice.choice(list(Side)),
            product=product,
            triggers=tuple(self._trigger(listed, bool(number)) for number in range(legs)),
        )

    def _trigger(self, listed: Instrument, up: bool) -> Trigger:
        at = self._away(listed, up)
        limited = self.dice.random() < 0.5
        return Trigger(at, self.quantity(listed), self.price(listed) if limited else None)

    # ── numbers ────────────────────────────────────────────────────────────────

    def product(self, listed: Instrument) -> Product:
        """As it may be held; what is margined may be sold short."""
        return Product(self.dice.choice(listed.products))

    def quantity(self, listed: Instrument) -> Decimal:
        return self.dice.randint(1, 30) * listed.step

    def price(self, listed: Instrument) -> Decimal:
        ticks = int(PRICES[listed.symbol] / listed.tick_size)
        return (ticks + self.dice.randint(-ticks // 20, ticks // 20)) * listed.tick_size

    def _away(self, listed: Instrument, up: bool) -> Decimal:
        """Beyond every price that a quote shows."""
        ticks = int(PRICES[listed.symbol] / listed.tick_size)
        far = ticks // 20 + self.dice.randint(1, 5 + ticks // 20)
        return (ticks + far if up else ticks - far) * listed.tick_size

    def underlying(self, listed: Instrument) -> Decimal | None:
        """What the share is worth that a contract is derived from."""
        return None if listed.underlying is None else self.price(SHARE)

    def quote(self, listed: Instrument, at: datetime) -> Quote:
        middle = self.price(listed)
        return Quote(
            symbol=listed.symbol,
            source="test",
            seq=self._count,
            at=at,
            received_at=at,
            bid=middle - listed.tick_size,
            bid_size=Decimal(1000),
            ask=middle + listed.tick_size,
            ask_size=Decimal(1000),
            last=middle,
        )

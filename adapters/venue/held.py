"""
Held orders: those that wait for a price, for the market to open, or for another order.

They work once the account says so; what is sent from here is only that their time has come.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from msgspec import Struct, field
from msgspec.structs import replace

from adapters.venue.ticket import Standing
from adapters.venue.triggers import Moved, Triggers, Watch
from commands.trading import AdjustTrail, RecordTrigger
from domain.market import Instrument, Quote, witness
from domain.trading import Condition, OrderType, Side

Sent = RecordTrigger | AdjustTrail


class Line(Struct):
    """The held orders of one symbol: by price, and those that wait for the market to open."""

    triggers: Triggers = field(default_factory=Triggers)
    opening: dict[UUID, Standing] = field(default_factory=dict)


class Scene(NamedTuple):
    """What was seen when a time had come."""

    quote: Quote
    listed: Instrument
    underlying: Decimal | None
    now: datetime

    def trigger(self, order: Standing, price: Decimal | None) -> RecordTrigger:
        return RecordTrigger(
            at=self.now,
            account_id=order.account_id,
            order_id=order.order_id,
            instrument=self.listed,
            quote=self.quote,
            price=price,
            evidence=witness(self.quote, self.now, rule="TRIGGER", model=order.model),
            underlying=self.underlying,
        )


class Held:
    def __init__(self) -> None:
        self._orders: dict[UUID, Standing] = {}
        self._watches: dict[UUID, Watch] = {}
        self._lines: dict[str, Line] = {}
        self._paused: dict[UUID, Standing] = {}

    def __len__(self) -> int:
        return len(self._orders) + len(self._paused)

    def get(self, order_id: UUID) -> Standing | None:
        """The order, if it is held or paused."""
        return self._orders.get(order_id) or self._paused.get(order_id)

    def pause(self, order: Standing) -> None:
        """Keep an order that is suspended, or rests over night."""
        self.release(order.order_id)
        self._paused[order.order_id] = order

    def resume(self, order_id: UUID) -> Standing | None:
        """Give back a paused order as it was."""
        order = self._paused.pop(order_id, None)
        return None if order is None else replace(order, paused=False)

    def take(self, order: Standing) -> None:
        """Hold this order from now on, for what it now waits for."""
        self.release(order.order_id)
        self._orders[order.order_id] = order
        line = self._lines.setdefault(order.symbol, Line())
        match order.condition:
            case Condition.STOP | Condition.GTT if order.stop is not None:
                watch = Watch(order=order, stop=order.stop, told=order.stop)
                self._watches[order.order_id] = watch
                line.triggers.add(watch)
            case Condition.MARKET_OPEN:
                line.opening[order.order_id] = order
            case _:
                pass  # its entry lets it go, and that the account sees by itself

    def release(self, order_id: UUID) -> Standing | None:
        """It is held no longer."""
        self._paused.pop(order_id, None)
        order = self._orders.pop(order_id, None)
        if order is None:
            return None
        line = self._lines[order.symbol]
        line.opening.pop(order_id, None)
        watch = self._watches.pop(order_id, None)
        if watch is not None:
            line.triggers.remove(watch)
        return order

    def change(self, order_id: UUID, **fields: object) -> None:
        """The order as it now stands, if it is held; a stop that trails stays where it is."""
        order, before = self._orders.get(order_id), self._watches.get(order_id)
        if order is None:
            return
        self.take(replace(order, **fields))
        watch = self._watches.get(order_id)
        if watch is None or before is None or order.order_type is not OrderType.TRAILING_STOP:
            return
        triggers = self._lines[order.symbol].triggers
        triggers.remove(watch)
        watch.stop, watch.watermark, watch.told = before.stop, before.watermark, before.told
        triggers.add(watch)

    def trailed(self, order_id: UUID, stop: Decimal) -> None:
        """The account knows of this stop; ours may have followed the market further since."""
        order, watch = self._orders.get(order_id), self._watches.get(order_id)
        if order is None or watch is None or order.stop == stop:
            return
        self._orders[order_id] = watch.order = replace(order, stop=stop)
        behind = watch.stop < stop if order.side is Side.SELL else watch.stop > stop
        if behind:
            triggers = self._lines[order.symbol].triggers
            triggers.remove(watch)
            watch.stop = watch.told = stop
            triggers.add(watch)

    def again(self, order_id: UUID) -> None:
        """Its trigger came to nothing: the next slice may set it off again."""
        order, watch = self._orders.get(order_id), self._watches.get(order_id)
        if order is None:
            return
        line = self._lines[order.symbol]
        if order.condition is Condition.MARKET_OPEN:
            line.opening[order_id] = order
        elif watch is not None and watch.going_off:
            watch.going_off = False
            line.triggers.add(watch)

    def waits(self, symbol: str) -> bool:
        """Whether a slice of this symbol may concern anybody here."""
        line = self._lines.get(symbol)
        return line is not None and bool(line.triggers or line.opening)

    def seen(
        self, quote: Quote, listed: Instrument, underlying: Decimal | None, now: datetime
    ) -> Iterator[Sent]:
        """What a sound slice of an open market sets off."""
        line = self._lines[quote.symbol]
        scene = Scene(quote, listed, underlying, now)
        opening, line.opening = line.opening, {}
        for order in opening.values():
            yield scene.trigger(order, None)
        for happened in line.triggers.seen(quote, listed, now):
            order = happened.watch.order
            if isinstance(happened, Moved):
                yield AdjustTrail(
                    at=now,
                    account_id=order.account_id,
                    order_id=order.order_id,
                    instrument=listed,
                    watermark=happened.watch.watermark or happened.watch.stop,
                )
            else:
                yield scene.trigger(order, happened.price)

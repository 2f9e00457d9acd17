"""
Triggers: the held orders of one symbol, and which of them a slice sets off.

A stop waits for a worse price than the market's, an order if touched for a better one.  Those
that wait for a rise stand lowest first, those that wait for a fall highest first, so that a
slice that reaches nobody costs one comparison each.  A trailing stop follows the best price
seen since it was accepted.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from msgspec import Struct

from adapters.venue.ticket import Standing
from domain.market import Instrument, Quote
from domain.trading import Order, OrderType, Product, Side, TriggerBy, trailed

#: A trailing stop is told where it stands at most so often, and when it goes off.
TOLD_EVERY = timedelta(minutes=1)

Rank = tuple[Decimal, datetime, UUID]


class Watch(Struct, kw_only=True, eq=False):
    """A held order and where it stands; ``going_off`` once its trigger is on its way."""

    order: Standing
    stop: Decimal
    watermark: Decimal | None = None
    told: Decimal | None = None
    told_at: datetime | None = None
    going_off: bool = False

    @property
    def waits_for_a_rise(self) -> bool:
        return (self.order.side is Side.BUY) is not (self.order.order_type is OrderType.MIT)

    @property
    def rank(self) -> Rank:
        key = self.stop if self.waits_for_a_rise else -self.stop
        return key, self.order.since, self.order.order_id

    def price(self, quote: Quote) -> Decimal | None:
        """What it looks at in a slice (FIX 1107)."""
        match self.order.trigger_by:
            case TriggerBy.BID_ASK:
                return quote.ask if self.order.side is Side.BUY else quote.bid
            case TriggerBy.MID:
                if quote.bid is None or quote.ask is None:
                    return None
                return (quote.bid + quote.ask) / 2
            case TriggerBy.LAST:
                if quote.last_size is not None:
                    return quote.last
                # Where nothing ever prints the other side of the book has to do.
                book = quote.ask if self.order.side is Side.BUY else quote.bid
                return book if quote.last is None else None

    def reached(self, price: Decimal) -> bool:
        return price >= self.stop if self.waits_for_a_rise else price <= self.stop


class Reached(NamedTuple):
    """It goes off at this price."""

    watch: Watch
    price: Decimal


class Moved(NamedTuple):
    """A trailing stop has followed the market far enough, or long enough, to be told."""

    watch: Watch


class Triggers:
    def __init__(self) -> None:
        self._rising: list[tuple[Rank, Watch]] = []
        self._falling: list[tuple[Rank, Watch]] = []
        self._trailing: dict[UUID, Watch] = {}

    def __len__(self) -> int:
        return len(self._rising) + len(self._falling)

    def add(self, watch: Watch) -> None:
        insort(self._side(watch), (watch.rank, watch), key=_rank)
        if watch.order.order_type is OrderType.TRAILING_STOP:
            self._trailing[watch.order.order_id] = watch

    def remove(self, watch: Watch) -> None:
        line = self._side(watch)
        place = bisect_left(line, watch.rank, key=_rank)
        if place < len(line) and line[place][1] is watch:
            del line[place]
        self._trailing.pop(watch.order.order_id, None)

    def seen(
        self, quote: Quote, listed: Instrument | None, now: datetime
    ) -> Iterator[Reached | Moved]:
        """What a sound slice does; whoever goes off is out of the line when it is told."""
        if self._trailing and listed is not None:
            yield from self._follow(quote, listed, now)
        prices = [price for price in (quote.bid, quote.ask, quote.last) if price is not None]
        if not prices:
            return
        high, low = max(prices), min(prices)
        for line, furthest in ((self._rising, high), (self._falling, -low)):
            for watch in [watch for rank, watch in _until(line, furthest)]:
                price = watch.price(quote)
                if price is None or quote.received_at < watch.order.since:
                    continue
                if watch.reached(price):
                    if (
                        watch.order.order_type is OrderType.TRAILING_STOP
                        and watch.told != watch.stop
                    ):
                        watch.told_at, watch.told = now, watch.stop
                        yield Moved(watch)
                    self.remove(watch)
                    watch.going_off = True
                    yield Reached(watch, price)

    def _follow(self, quote: Quote, listed: Instrument, now: datetime) -> Iterator[Moved]:
        for watch in tuple(self._trailing.values()):
            price = watch.price(quote)
            if price is None or quote.received_at < watch.order.since:
                continue
            selling = watch.order.side is Side.SELL
            best = watch.watermark
            if best is not None and (price <= best if selling else price >= best):
                continue
            stop = trailed(_trail_of(watch.order), price, listed)
            if stop == watch.stop or (stop < watch.stop) is selling:
                watch.watermark = price
                continue
            self.remove(watch)
            watch.watermark, watch.stop = price, stop
            self.add(watch)
            if watch.told_at is None or now - watch.told_at >= TOLD_EVERY:
                watch.told_at, watch.told = now, stop
                yield Moved(watch)

    def _side(self, watch: Watch) -> list[tuple[Rank, Watch]]:
        return self._rising if watch.waits_for_a_rise else self._falling


def _trail_of(held: Standing) -> Order:
    """The part of the ticket that says how far a stop trails."""
    return Order(
        symbol=held.symbol,
        side=held.side,
        quantity=held.quantity,
        order_type=held.order_type,
        product=Product.CNC,
        trail_amount=held.trail_amount,
        trail_pct=held.trail_pct,
    )


def _until(line: list[tuple[Rank, Watch]], furthest: Decimal) -> Iterator[tuple[Rank, Watch]]:
    for entry in line:
        if entry[0][0] > furthest:
            return
        yield entry


def _rank(entry: tuple[Rank, Watch]) -> Rank:
    return entry[0]

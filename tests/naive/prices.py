"""Limits, stops, collars and reservation prices, from the text of §4.5.5 and §4.6."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

COLLAR = Fraction(3, 100)
OPTION_COLLAR = Fraction(10, 100)
#: An option's collar is never narrower than so many ticks.
OPTION_TICKS = 5
#: A sale that opens is reckoned to fill so much above the market.
CUSHION = Fraction(103, 100)


@dataclass(frozen=True)
class Market:
    """What was seen of the market when an order was handed in, changed or set off."""

    tick: Fraction
    option: bool = False
    bid: Fraction | None = None
    ask: Fraction | None = None
    last: Fraction | None = None
    underlying: Fraction | None = None

    def touch(self, side: str) -> Fraction | None:
        near = self.ask if side == "BUY" else self.bid
        return near if near is not None else self.last


@dataclass(frozen=True)
class Ticket:
    """The words of an order that say at which price it may be filled."""

    side: str
    price: Fraction | None = None
    stop: Fraction | None = None
    trail: Fraction | None = None
    trail_pct: Fraction | None = None
    market: bool = False


def on_tick(value: Fraction, tick: Fraction, *, up: bool) -> Fraction:
    steps = value / tick
    return (-(-steps // 1) if up else steps // 1) * tick


def limit_of(ticket: Ticket, seen: Market) -> Fraction | None:
    """The worst price the venue may fill at: the order's own, or a collar around its start."""
    if ticket.price is not None:
        return ticket.price
    start = seen.touch(ticket.side) if ticket.market else stop_of(ticket, seen)
    if start is None:
        return None
    width = start * COLLAR
    if seen.option:
        width = max(start * OPTION_COLLAR, OPTION_TICKS * seen.tick)
    if ticket.side == "BUY":
        return on_tick(start + width, seen.tick, up=True)
    return max(seen.tick, on_tick(start - width, seen.tick, up=False))


def stop_of(ticket: Ticket, seen: Market) -> Fraction | None:
    """What it waits for at first; a trailing stop trails what it first sees."""
    if ticket.trail is None and ticket.trail_pct is None:
        return ticket.stop
    start = seen.last if seen.last is not None else seen.touch(ticket.side)
    return None if start is None else trailed(ticket, start, seen.tick)


def trailed(ticket: Ticket, best: Fraction, tick: Fraction) -> Fraction:
    away = ticket.trail if ticket.trail is not None else best * (ticket.trail_pct or 0) / 100
    if ticket.side == "SELL":
        return max(tick, on_tick(best - away, tick, up=False))
    return on_tick(best + away, tick, up=True)


def reserve_price(limit: Fraction, side: str, seen: Market, *, may_open: bool) -> Fraction:
    """What a purchase costs at worst; what a sale that opens may be filled at: x 1.03."""
    if side == "BUY" or not may_open:
        return limit
    ask = seen.ask if seen.ask is not None else seen.last
    best = limit if ask is None else max(limit, ask)
    return on_tick(best * CUSHION, seen.tick, up=True)

"""Quotes: what a symbol was quoted at, and whether that may be traded on."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal, NamedTuple

from msgspec import Struct

CLOCK_SKEW_MAX = timedelta(seconds=1)
MAX_AGE = timedelta(seconds=5)
#: A print further outside the book than this is not of the same market.
INCOHERENT_SPREADS = 10
INCOHERENT_SHARE = Decimal("0.005")


class Level(NamedTuple):
    """What is displayed at one price of a book."""

    price: Decimal
    size: Decimal


#: Of a print under a special condition (FIX 277): what it still counts for.
Counts = Literal["PRICE", "VOLUME", "NOTHING"]


class Quote(Struct, frozen=True, gc=False):
    """
    A slice of the market in one symbol: the best of each side and the last trade, as known.

    ``last`` stays until the next trade; ``last_size`` is there only in the slice in which a
    trade printed.  A side that nobody quotes is None, never zero.  ``source`` and ``seq`` name
    the slice for ever; ``at`` is the exchange's time, ``received_at`` ours.  ``bids`` and
    ``asks`` are all levels shown, best first and the touch included, where a source has them.
    ``counts`` is what the print counts for where the exchange says that it does not count for
    both the price and the volume of its day (None).  ``volume`` is that of the day so far and
    ``open_interest`` the contracts' units outstanding, where a source tells them.
    """

    symbol: str
    source: str
    seq: int
    at: datetime
    received_at: datetime
    bid: Decimal | None = None
    bid_size: Decimal | None = None
    ask: Decimal | None = None
    ask_size: Decimal | None = None
    last: Decimal | None = None
    last_size: Decimal | None = None
    bids: tuple[Level, ...] = ()
    asks: tuple[Level, ...] = ()
    counts: Counts | None = None
    volume: Decimal | None = None
    open_interest: Decimal | None = None


class Quality(StrEnum):
    """FRESH may be traded on; each of the others is the reason why not."""

    FRESH = "FRESH"
    NO_QUOTE = "NO_QUOTE"
    STALE_QUOTE = "STALE_QUOTE"
    CROSSED_QUOTE = "CROSSED_QUOTE"
    INCOHERENT_QUOTE = "INCOHERENT_QUOTE"
    CLOCK_SKEW = "CLOCK_SKEW"


def quality(quote: Quote | None, now: datetime, max_age: timedelta = MAX_AGE) -> Quality:
    """
    Whether a quote may be traded on at ``now``.

    Age counts from ``received_at``: a recorded day is old news, freshly delivered.
    """
    if quote is None or (quote.bid is None and quote.ask is None and quote.last is None):
        return Quality.NO_QUOTE
    if max(quote.at, quote.received_at) - now > CLOCK_SKEW_MAX:
        return Quality.CLOCK_SKEW
    if now - quote.received_at > max_age:
        return Quality.STALE_QUOTE
    return _coherence(quote)


def _coherence(quote: Quote) -> Quality:
    """Whether the sides of a book, and the trade that printed with it, agree with each other."""
    if quote.bid is None or quote.ask is None:
        return Quality.FRESH
    if quote.bid > quote.ask:
        return Quality.CROSSED_QUOTE
    if quote.last is not None and quote.last_size is not None:
        reach = max(INCOHERENT_SPREADS * (quote.ask - quote.bid), INCOHERENT_SHARE * quote.ask)
        if not quote.bid - reach <= quote.last <= quote.ask + reach:
            return Quality.INCOHERENT_QUOTE
    return Quality.FRESH


def mark(quote: Quote | None) -> Decimal | None:
    """
    The price at which a position is valued: the middle of the book, else the last trade.

    A crossed book has no middle that anybody trades at.
    """
    if quote is None:
        return None
    if quote.bid is not None and quote.ask is not None and quote.bid <= quote.ask:
        return (quote.bid + quote.ask) / 2
    return quote.last


Kind = Literal["QUOTE", "DEPTH", "TRADE", "BAR", "CLOSE_PRICE"]


class Evidence(Struct, frozen=True, omit_defaults=True):
    """
    The slice that a price was taken from, kept with what was done at that price.

    ``rule`` and ``model`` (name@version) say how the price was taken; ``quality`` is FRESH, or
    DEGRADED where no book was there to trade against.  ``level`` (1 is the touch) and
    ``level_size`` tell what was taken of a book's depth, ``u`` the chance that decided (0 to 1).
    """

    kind: Kind
    source: str
    seq: int
    at: datetime
    received_at: datetime
    age_ms: int
    bid: Decimal | None
    bid_size: Decimal | None
    ask: Decimal | None
    ask_size: Decimal | None
    last: Decimal | None
    last_size: Decimal | None
    rule: str
    model: str
    quality: Literal["FRESH", "DEGRADED"]
    level: int | None = None
    level_size: Decimal | None = None
    u: Decimal | None = None


def witness(
    quote: Quote,
    now: datetime,
    *,
    rule: str,
    model: str,
    kind: Kind = "QUOTE",
    quality: Literal["FRESH", "DEGRADED"] = "FRESH",
    **more: Any,
) -> Evidence:
    """This slice as evidence, as old as it is at ``now``; ``more`` are fields with defaults."""
    return Evidence(
        kind=kind,
        source=quote.source,
        seq=quote.seq,
        at=quote.at,
        received_at=quote.received_at,
        age_ms=max(0, (now - quote.received_at) // timedelta(milliseconds=1)),
        bid=quote.bid,
        bid_size=quote.bid_size,
        ask=quote.ask,
        ask_size=quote.ask_size,
        last=quote.last,
        last_size=quote.last_size,
        rule=rule,
        model=model,
        quality=quality,
        **more,
    )

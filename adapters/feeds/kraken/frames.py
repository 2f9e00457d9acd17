"""
Kraken's public WebSocket v2, as it is documented: what it says, and what it is asked.

Numbers are JSON numbers, read as decimals exactly as they are written.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Raw, Struct

Time = Annotated[datetime, Meta(tz=True)]


def _demand_numbers(*amounts: Decimal) -> None:
    """JSON has no NaN, but a string may say it."""
    if not all(amount.is_finite() for amount in amounts):
        raise ValueError("not a number")


class Frame(Struct):
    """Any frame: of a channel with its data, or the answer to a method."""

    channel: str = ""
    type: str = ""
    data: Raw = Raw(b"null")
    method: str = ""
    success: bool = True
    error: str = ""


class Row(Struct):
    """A level of a book; none is left there when ``qty`` is 0."""

    price: Decimal
    qty: Decimal

    def __post_init__(self) -> None:
        _demand_numbers(self.price, self.qty)


class Book(Struct):
    symbol: str
    checksum: int
    bids: list[Row] = []
    asks: list[Row] = []
    timestamp: Time | None = None


class Trade(Struct):
    symbol: str
    price: Decimal
    qty: Decimal
    trade_id: int
    timestamp: Time

    def __post_init__(self) -> None:
        _demand_numbers(self.price, self.qty)


class Ticker(Struct):
    symbol: str
    last: Decimal

    def __post_init__(self) -> None:
        _demand_numbers(self.last)


class Status(Struct):
    """``system`` is online, or why nothing trades: maintenance, cancel_only, post_only."""

    system: str


class Pair(Struct):
    symbol: str
    base: str
    quote: str
    price_precision: int
    price_increment: Decimal
    qty_precision: int
    qty_min: Decimal
    cost_min: Decimal | None = None


class _Listing(Struct):
    pairs: list[Raw] = []


frame_of = msgspec.json.Decoder(Frame).decode
books_of = msgspec.json.Decoder(list[Book]).decode
trades_of = msgspec.json.Decoder(list[Trade]).decode
tickers_of = msgspec.json.Decoder(list[Ticker]).decode
statuses_of = msgspec.json.Decoder(list[Status]).decode
_listing_of = msgspec.json.Decoder(_Listing).decode
_pair_of = msgspec.json.Decoder(Pair).decode


def pairs_of(data: Raw) -> dict[str, Pair]:
    """Every pair of the list that makes sense to us, by Kraken's name for it."""
    found: dict[str, Pair] = {}
    for row in _listing_of(data).pairs:
        try:
            pair = _pair_of(row)
        except msgspec.ValidationError:
            continue
        found[pair.symbol] = pair
    return found


def request(method: str, channel: str, **params: Any) -> str:
    asked = {"method": method, "params": {"channel": channel, **params}}
    return msgspec.json.encode(asked).decode()


def ours(symbol: str) -> str:
    """BTC/USD is BTC-USD to us."""
    return symbol.replace("/", "-")

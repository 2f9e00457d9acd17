"""What TradingView's UDF says: the shapes of its answers, with the protocol's own names."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct


class Kind(Struct, frozen=True):
    """A type of symbol that may be searched for."""

    name: str
    value: str


class Exchange(Struct, frozen=True):
    """An exchange whose symbols may be searched for."""

    value: str
    name: str
    desc: str


class Config(Struct, frozen=True):
    """What the datafeed can do."""

    supported_resolutions: list[str]
    exchanges: list[Exchange]
    symbols_types: list[Kind]
    supports_search: bool = True
    supports_group_request: bool = False
    supports_marks: bool = True
    supports_timescale_marks: bool = False
    supports_time: bool = True


class SymbolInfo(Struct, frozen=True):
    """One symbol as the charting library wants to know it; a price is n x minmov / pricescale."""

    name: str
    ticker: str
    description: str
    type: str
    session: str
    timezone: str
    exchange: str
    listed_exchange: str
    minmov: int
    pricescale: int
    currency_code: str
    supported_resolutions: list[str]
    volume_precision: int
    format: str = "price"
    has_intraday: bool = True
    has_seconds: bool = True
    seconds_multipliers: tuple[str, ...] = ("1", "5", "15", "30")
    has_daily: bool = True
    has_weekly_and_monthly: bool = True
    data_status: str = "streaming"


class NoSymbol(Struct, frozen=True):
    """How the protocol says no: with a 200, as its clients look nowhere else."""

    errmsg: str
    s: Literal["error"] = "error"


class FoundSymbol(Struct, frozen=True):
    """One line of a search."""

    symbol: str
    full_name: str
    description: str
    exchange: str
    ticker: str
    type: str


class History(Struct, frozen=True, omit_defaults=True):
    """
    ``s`` is ok, no_data (``nextTime`` is the last candle before) or error (``errmsg`` says why).

    Columns of one length: times, opens, highs, lows, closes, volumes.
    """

    s: Literal["ok", "no_data", "error"]
    t: list[int] = []
    o: list[Any] = []
    h: list[Any] = []
    l: list[Any] = []  # noqa: E741 - the protocol's name
    c: list[Any] = []
    v: list[Any] = []
    nextTime: int | None = None  # noqa: N815 - the protocol's name
    errmsg: str | None = None


class QuoteOf(Struct, frozen=True):
    """``n`` is the symbol, ``v`` its values; ``s`` is error where it has no quote."""

    s: Literal["ok", "error"]
    n: str
    v: dict[str, Any]


class QuotesOf(Struct, frozen=True):
    """The quotes of several symbols."""

    d: list[QuoteOf]
    s: Literal["ok", "error"] = "ok"


class Marks(Struct, frozen=True):
    """What is marked on a chart, in columns of one length."""

    id: list[str]
    time: list[int]
    color: list[str]
    text: list[str]
    label: list[str]
    labelFontColor: list[str]  # noqa: N815 - the protocol's name
    minSize: list[int]  # noqa: N815 - the protocol's name

"""The symbols of the datafeed: what it can do, what is listed, and where one finds it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated
from zoneinfo import ZoneInfo

from litestar import get
from litestar.params import FromQuery, QueryParameter

from api.problems import documented
from api.udf.shapes import Config, Exchange, FoundSymbol, Kind, NoSymbol, SymbolInfo
from api.wiring import Request
from domain.errors import NotFound
from domain.market import Instrument, InstrumentType
from domain.market.candle import DAY, Timeframe

RESOLUTIONS = {
    "1S": Timeframe.S1, "5S": Timeframe.S5, "15S": Timeframe.S15, "30S": Timeframe.S30,
    "1": Timeframe.M1, "3": Timeframe.M3, "5": Timeframe.M5, "10": Timeframe.M10,
    "15": Timeframe.M15, "30": Timeframe.M30, "60": Timeframe.H1, "120": Timeframe.H2,
    "240": Timeframe.H4, "1D": Timeframe.D1, "D": Timeframe.D1, "1W": Timeframe.W1,
    "W": Timeframe.W1, "1M": Timeframe.MONTH, "M": Timeframe.MONTH,
}  # fmt: skip
SUPPORTED = [name for name in RESOLUTIONS if name[0].isdigit()]
TYPES = {
    InstrumentType.EQ: "stock", InstrumentType.ETF: "fund", InstrumentType.IDX: "index",
    InstrumentType.FUT: "futures", InstrumentType.SPOT: "crypto", InstrumentType.CE: "option",
    InstrumentType.PE: "option",
}  # fmt: skip
FOUND_MAX = 30


@get("/config")
async def show_config(request: Request) -> Config:
    """What this datafeed can do."""
    names = sorted({one.exchange for one in request.house.instruments.values()})
    exchanges = [Exchange(name, name, name) for name in names]
    kinds = [Kind(name.capitalize(), name) for name in sorted(set(TYPES.values()))]
    return Config(SUPPORTED, [Exchange("", "All", "All"), *exchanges], [Kind("All", ""), *kinds])


@get("/time")
async def show_time(request: Request) -> int:
    """Our time, in seconds since 1970."""
    return int(request.now.timestamp())


@get("/symbols", responses=documented(422))
async def show_symbol(request: Request, symbol: FromQuery[str]) -> SymbolInfo | NoSymbol:
    """One symbol; ``EXCHANGE:SYMBOL`` is understood as well."""
    one = known(request, symbol)
    if one is None:
        return NoSymbol("unknown symbol")
    calendar = request.calendar(one.symbol)
    session = calendar.current_or_next(request.now)
    places = _places(one.tick_size)
    return SymbolInfo(
        name=one.symbol,
        ticker=one.symbol,
        description=one.name,
        type=TYPES[one.type],
        session=_hours(session.opens, session.closes, calendar.zone) if session else "24x7",
        timezone="Etc/UTC" if calendar.zone == "UTC" else calendar.zone,
        exchange=one.exchange,
        listed_exchange=one.exchange,
        minmov=int(one.tick_size.scaleb(places)),
        pricescale=10**places,
        currency_code=one.currency,
        supported_resolutions=SUPPORTED,
        volume_precision=_places(one.step),
    )


@get("/search", responses=documented(422))
async def search_symbols(
    request: Request,
    *,
    text: Annotated[str, QueryParameter(name="query")] = "",
    kind: Annotated[str, QueryParameter(name="type")] = "",
    exchange: FromQuery[str] = "",
    limit: FromQuery[int] = FOUND_MAX,
) -> list[FoundSymbol]:
    """Symbols with this text in their name or symbol; those that begin with it come first."""
    sought = text.casefold()
    found = [
        one
        for one in request.house.instruments.values()
        if (sought in one.symbol.casefold() or sought in one.name.casefold())
        and exchange in ("", one.exchange)
        and kind in ("", TYPES[one.type])
    ]
    found.sort(key=lambda one: (not one.symbol.casefold().startswith(sought), one.symbol))
    return [
        FoundSymbol(
            symbol=one.symbol,
            full_name=f"{one.exchange}:{one.symbol}",
            description=one.name,
            exchange=one.exchange,
            ticker=one.symbol,
            type=TYPES[one.type],
        )
        for one in found[: max(1, min(limit, FOUND_MAX))]
    ]


def known(request: Request, symbol: str) -> Instrument | None:
    """What this is to us; None when nothing is listed as that."""
    try:
        return request.instrument(symbol.rpartition(":")[2])
    except NotFound:
        return None


def _places(step: Decimal) -> int:
    return max(0, -int(step.normalize().as_tuple().exponent))


def _hours(opens: datetime, closes: datetime, zone: str) -> str:
    """0930-1600 on the exchange's clock; 24x7 where it never closes."""
    if closes - opens >= DAY:
        return "24x7"
    clock = ZoneInfo(zone)
    return f"{opens.astimezone(clock):%H%M}-{closes.astimezone(clock):%H%M}"

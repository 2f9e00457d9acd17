"""Indicators: what charts and bots draw over candles."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from litestar import get
from litestar.params import FromQuery, QueryParameter
from msgspec import Struct

from adapters.candles import Asked, Point, studied
from adapters.candles.query import LAST
from api import wire
from api.candles import asked_of, moment
from api.problems import documented
from api.wiring import Request
from domain.market.candle import Level, Timeframe
from domain.market.indicators import INTRADAY_ONLY, Indicator, Study, lines, study_faults
from domain.money import tidy
from domain.trading.statement import plain

LIMIT, LIMIT_MAX = 100, 1000


class Drawn(Struct, frozen=True):
    """The values after the candle that begins at ``time``, by the name of their line."""

    time: datetime
    values: dict[str, str]
    complete: bool


class Indicators(Struct, frozen=True):
    """
    Oldest first; ``lines`` are sma, ema, rsi, atr or vwap, the three of MACD (macd, signal,
    histogram) or those of Bollinger (middle, upper, lower).
    """

    symbol: str
    timeframe: Timeframe
    indicator: Indicator
    lines: list[str]
    adjusted: bool
    items: list[Drawn]


#: What counts from the day's first candle needs candles of a minute to four hours.
FRAMES_OF_A_DAY = tuple(each for each in Timeframe if each.level is Level.MINUTE)


@get("/market/indicators", responses=documented(404, 422, 503))
async def list_indicators(
    request: Request,
    *,
    symbol: FromQuery[str],
    indicator: FromQuery[Indicator],
    timeframe: FromQuery[str] = "1m",
    period: FromQuery[int | None] = None,
    fast: FromQuery[int] = 12,
    slow: FromQuery[int] = 26,
    signal: FromQuery[int] = 9,
    deviations: FromQuery[str] = "2",
    until: Annotated[str | None, QueryParameter(name="to")] = None,
    limit: FromQuery[int] = LIMIT,
    adjusted: FromQuery[bool] = False,
) -> Indicators:
    """
    SMA, EMA, RSI, MACD, ATR, BOLLINGER or VWAP after each of the newest candles before ``to``.

    Periods count candles (20, but 14 for RSI and ATR); ``fast``, ``slow`` and ``signal`` are
    those of MACD, ``deviations`` that of the bands.  A value whose candle is not ``complete``
    may still change.
    """
    study = sound(Study(indicator, period, fast, slow, signal, _plain(deviations)), "query")
    if not 1 <= limit <= LIMIT_MAX:
        raise wire.invalid("/limit", f"1 to {LIMIT_MAX}", "query")
    before = moment("/to", until, LAST)
    asked = asked_of(request, symbol, timeframe, until=before, limit=limit, adjusted=adjusted)
    demand_frame(asked.timeframe, study, "query")
    async with request.house.views.connection() as db:
        points = await studied(db, asked, study)
    return _told(asked, study, points)


def sound(study: Study, where: str) -> Study:
    """The study, or Invalid naming the first number of it that makes no sense."""
    for name, rule in study_faults(study):
        raise wire.invalid(f"/{name}", rule, where)
    return study


def demand_frame(frame: Timeframe, study: Study, where: str) -> None:
    if study.indicator in INTRADAY_ONLY and frame not in FRAMES_OF_A_DAY:
        raise wire.invalid("/timeframe", "one of " + ", ".join(FRAMES_OF_A_DAY), where)


def _plain(text: str) -> Decimal:
    try:
        return wire.to_amount(text)
    except ValueError as error:
        raise wire.invalid("/deviations", str(error), "query") from None


def _told(asked: Asked, study: Study, points: list[Point]) -> Indicators:
    names = lines(study)
    items = [
        Drawn(
            candle.time,
            dict(zip(names, (plain(tidy(value)) for value in values), strict=True)),
            candle.complete,
        )
        for candle, values in points
    ]
    return Indicators(
        asked.symbol, asked.timeframe, study.indicator, list(names), asked.adjusted, items
    )


ROUTES = (list_indicators,)

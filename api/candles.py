"""Candles: what traded in any stretch of time, for charts and for programs."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any

from litestar import Response, get
from litestar.params import FromQuery, QueryParameter
from msgspec import Raw

from adapters.candles import Answer, Asked, Candles, Remembered
from adapters.candles.query import FIRST, LAST, LIMIT, LIMIT_MAX
from api import wire
from api.asgi import Json, Unchanged, header
from api.problems import documented
from api.wiring import Request
from domain.market.candle import Timeframe, timeframe

FRAMES = "one of " + ", ".join(Timeframe)


@get("/market/candles", responses=documented(404, 422, 503))
async def list_candles(
    request: Request,
    *,
    symbol: FromQuery[str],
    timeframe: FromQuery[str] = "1m",
    since: Annotated[str | None, QueryParameter(name="from")] = None,
    until: Annotated[str | None, QueryParameter(name="to")] = None,
    limit: FromQuery[int] = LIMIT,
    extended: FromQuery[bool] = False,
    adjusted: FromQuery[bool] = False,
) -> Response[Candles]:
    """
    The newest candles that begin in [from, to), oldest first, at most ``limit`` of them.

    Timeframes are 1s, 5s, 15s, 30s, 1m, 3m, 5m, 10m, 15m, 30m, 1h, 2h, 4h (counted from the
    opening of the session), 1D, 1W, 1M.  ``extended`` adds what traded before and after the
    session, ``adjusted`` tells prices in the shares of today.  Answers have an ETag.
    """
    asked = asked_of(
        request,
        symbol,
        timeframe,
        since=moment("/from", since, FIRST),
        until=moment("/to", until, LAST),
        limit=limit,
        extended=extended,
        adjusted=adjusted,
    )
    return known(request, await answer(request, asked))


@get("/market/ohlc", responses=documented(404, 422, 503))
async def list_ohlc(
    request: Request,
    symbol: FromQuery[str],
    timeframe: FromQuery[str] = "1m",
    limit: FromQuery[int] = LIMIT,
) -> Response[Candles]:
    """The newest candles of a symbol: ``/market/candles`` under another name."""
    asked = asked_of(request, symbol, timeframe, limit=limit)
    return known(request, await answer(request, asked))


async def answer(request: Request, asked: Asked) -> Answer:
    remembered: Remembered = request.house.candles
    async with request.house.views.connection() as db:
        return await remembered.answer(db, asked)


def known(request: Request, found: Answer) -> Response[Candles]:
    """The answer, or 304 to whoever has it already."""
    request.say("etag", found.etag)
    request.say("cache-control", "private, no-cache")
    given = header(request.scope, b"if-none-match")
    tags = [tag.strip().removeprefix("W/") for tag in (given or "").split(",")]
    return Unchanged() if found.etag in tags or "*" in tags else Json(Raw(found.body))


def asked_of(request: Request, symbol: str, text: str, **more: Any) -> Asked:
    """What is asked for; Invalid names the parameter that makes no sense."""
    frame = timeframe(text)
    if frame is None:
        raise wire.invalid("/timeframe", FRAMES, "query")
    asked = Asked(request.instrument(symbol).symbol, frame, **more)
    if not 1 <= asked.limit <= LIMIT_MAX:
        raise wire.invalid("/limit", f"1 to {LIMIT_MAX}", "query")
    return asked


def moment(pointer: str, text: str | None, default: datetime) -> datetime:
    """A time that somebody asks for; Invalid when it is none, or has no zone."""
    if text is None:
        return default
    with suppress(ValueError):
        at = datetime.fromisoformat(text.replace(" ", "+"))  # a plus that was not escaped
        if at.tzinfo is not None and FIRST <= at <= LAST:
            return at
    raise wire.invalid(pointer, "an RFC 3339 time with its zone", "query")


ROUTES = (list_candles, list_ohlc)

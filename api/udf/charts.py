"""What a chart is drawn of: candles, quotes, and marks where its owner has traded."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Annotated, Any

from litestar import get
from litestar.params import FromQuery, QueryParameter
from msgspec import Raw

from adapters.candles import Asked
from adapters.candles.query import FIRST, LAST, LIMIT_MAX, Candle, candles
from api.problems import documented
from api.quotes import Quoted, quoted
from api.udf.shapes import History, Marks, QuoteOf, QuotesOf
from api.udf.symbols import RESOLUTIONS, known
from api.wiring import Request
from domain.market import Instrument
from domain.market.candle import DAY, Timeframe
from domain.trading import Side
from projections import fills

QUOTES_MAX = 50
COLORS = {Side.BUY: "green", Side.SELL: "red"}


@get("/history", responses=documented(422, 503))
async def show_history(
    request: Request,
    *,
    symbol: FromQuery[str],
    resolution: FromQuery[str],
    since: Annotated[int | None, QueryParameter(name="from")] = None,
    to: FromQuery[int | None] = None,
    countback: FromQuery[int | None] = None,
) -> History:
    """Candles before ``to``: as many as ``countback`` says, else those since ``from``."""
    frame, one = RESOLUTIONS.get(resolution), known(request, symbol)
    if frame is None or one is None:
        unknown = "resolution" if frame is None else "symbol"
        return History("error", errmsg=f"unknown {unknown}")
    until = _moment(to, LAST)
    limit = max(1, min(countback or LIMIT_MAX, LIMIT_MAX))
    first = FIRST if countback else _moment(since, FIRST)
    async with request.house.views.connection() as db:
        found = await candles(db, Asked(one.symbol, frame, first, until, limit))
        before = found or await candles(db, Asked(one.symbol, frame, FIRST, until, 1))
    if not found:
        return History("no_data", nextTime=_begins(before[0], frame) if before else None)
    return History(
        "ok",
        t=[_begins(bar, frame) for bar in found],
        o=[_number(bar.open) for bar in found],
        h=[_number(bar.high) for bar in found],
        l=[_number(bar.low) for bar in found],
        c=[_number(bar.close) for bar in found],
        v=[_number(bar.volume) for bar in found],
    )


@get("/quotes", responses=documented(422))
async def show_udf_quotes(request: Request, symbols: FromQuery[str]) -> QuotesOf:
    """The last quotes of a comma list of symbols; one without a quote is an error of its own."""
    asked = [name for name in symbols.split(",") if name][:QUOTES_MAX]
    return QuotesOf([_quote_of(request, name) for name in asked])


@get("/marks", responses=documented(422, 503))
async def show_marks(
    request: Request,
    *,
    symbol: FromQuery[str],
    since: Annotated[int | None, QueryParameter(name="from")] = None,
    to: FromQuery[int | None] = None,
) -> Marks:
    """Where the caller has bought and sold this symbol, in all accounts."""
    one = known(request, symbol)
    made: list[fills.Fill] = []
    if one is not None:
        span = _moment(since, FIRST), _moment(to, LAST)
        made = await request.read(fills.of_symbol, one.symbol, *span)
    return Marks(
        id=[str(fill.exec_id) for fill in made],
        time=[_seconds(fill.executed_at) for fill in made],
        color=[COLORS[fill.side] for fill in made],
        text=[f"{fill.side.capitalize()} {fill.quantity} at {fill.price}" for fill in made],
        label=[fill.side[0] for fill in made],
        labelFontColor=["white"] * len(made),
        minSize=[14] * len(made),
    )


def _quote_of(request: Request, name: str) -> QuoteOf:
    one = known(request, name)
    quote = None if one is None else quoted(request, one.symbol)
    if one is None or quote is None or quote.last is None:
        return QuoteOf("error", name, {})
    return QuoteOf("ok", name, _values(one, quote))


def _values(one: Instrument, quote: Quoted) -> dict[str, Any]:
    told = {
        "lp": quote.last, "bid": quote.bid, "ask": quote.ask, "open_price": quote.open,
        "high_price": quote.high, "low_price": quote.low, "prev_close_price": quote.previous_close,
        "volume": quote.volume, "ch": quote.change, "chp": quote.change_pct,
    }  # fmt: skip
    return {
        "short_name": one.symbol,
        "exchange": one.exchange,
        "description": one.name,
        **{name: _number(value) for name, value in told.items() if value is not None},
    }


def _begins(bar: Candle, frame: Timeframe) -> int:
    """When a candle begins; the library wants days, weeks and months at midnight of UTC."""
    return _midnight(bar.day) if frame.length >= DAY else _seconds(bar.time)


def _midnight(day: date) -> int:
    return _seconds(datetime.combine(day, time(), UTC))


def _number(text: str) -> Raw:
    """Written exactly, as a JSON number: the protocol knows no other, and nobody decides on it."""
    return Raw(text.encode())


def _seconds(at: datetime) -> int:
    return int(at.timestamp())


def _moment(seconds: int | None, default: datetime) -> datetime:
    if seconds is None:
        return default
    return datetime.fromtimestamp(max(_seconds(FIRST), min(seconds, _seconds(LAST))), UTC)

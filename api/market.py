"""The market: what it is quoted at."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from litestar import get
from litestar.params import FromQuery
from msgspec import Struct

from api import indicators, listing, options, wire
from api.problems import documented
from api.wiring import Request
from domain.market import Quality, Quote, mark, quality
from domain.trading.statement import plain
from projections.query import Page

SYMBOLS_MAX = 200


class Quoted(Struct, frozen=True):
    """
    The last quote of a symbol; a side nobody quotes is null.

    ``quality`` is FRESH, or the reason why it may not be traded on; ``age_ms`` is counted from
    when it was received.
    """

    symbol: str
    quality: Quality
    age_ms: int | None = None
    bid: str | None = None
    bid_size: str | None = None
    ask: str | None = None
    ask_size: str | None = None
    last: str | None = None
    last_size: str | None = None
    mark: str | None = None
    at: datetime | None = None
    received_at: datetime | None = None
    source: str | None = None
    seq: int | None = None


@get("/market/quotes", responses=documented(404, 422))
async def list_quotes(request: Request, symbols: FromQuery[str] = "") -> Page[Quoted]:
    """The last quotes of a comma list of symbols (of all by default)."""
    house = request.house
    asked = [symbol for symbol in symbols.split(",") if symbol] or sorted(house.instruments)
    if symbols and len(asked) > SYMBOLS_MAX:
        raise wire.invalid("/symbols", f"at most {SYMBOLS_MAX} symbols", "query")
    now, max_age = request.now, request.quote_max_age
    known = [request.instrument(symbol).symbol for symbol in asked]
    return Page([_quoted(symbol, request.quote(symbol), now, max_age) for symbol in known])


def _quoted(symbol: str, quote: Quote | None, now: datetime, max_age: timedelta) -> Quoted:
    if quote is None:
        return Quoted(symbol, Quality.NO_QUOTE)
    return Quoted(
        symbol=symbol,
        quality=quality(quote, now, max_age),
        age_ms=max(0, (now - quote.received_at) // timedelta(milliseconds=1)),
        bid=_shown(quote.bid),
        bid_size=_shown(quote.bid_size),
        ask=_shown(quote.ask),
        ask_size=_shown(quote.ask_size),
        last=_shown(quote.last),
        last_size=_shown(quote.last_size),
        mark=_shown(mark(quote)),
        at=quote.at,
        received_at=quote.received_at,
        source=quote.source,
        seq=quote.seq,
    )


def _shown(amount: Decimal | None) -> str | None:
    return None if amount is None else plain(amount)


ROUTES = (*listing.ROUTES, *options.ROUTES, *indicators.ROUTES, list_quotes)

"""Quotes: what a symbol is quoted at, how its day has been, and what traded last."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from uuid import UUID

from litestar import get
from litestar.params import FromPath, FromQuery
from msgspec import Struct
from msgspec.structs import replace

from adapters.feeds.sheets import TRADES, Print, Sheet
from api import wire
from api.problems import documented
from api.wiring import Request
from domain.market import InstrumentType, Level, Quality, mark, quality
from domain.trading.statement import plain
from projections import wallets
from projections.query import Page

SYMBOLS_MAX = 200
#: Levels of depth that are shown.
DEPTH = 5
_PERCENT = Decimal("0.01")


class Depth(Struct, frozen=True):
    """What is displayed at one price."""

    price: str
    size: str


class Quoted(Struct, frozen=True):
    """
    The last quote of a symbol; a side nobody quotes is null.

    ``quality`` is FRESH, or the reason why it may not be traded on; ``age_ms`` is counted from
    when it was received.  ``open``, ``high``, ``low`` and ``volume`` (in units) are of the session
    so far, ``change`` and ``change_pct`` are from the close of the session before.  ``bids`` and
    ``asks`` are at most five levels, best first: the touch alone where the source shows no depth;
    ``open_interest`` is in units, where the source tells it.
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
    bids: list[Depth] = []
    asks: list[Depth] = []
    open: str | None = None
    high: str | None = None
    low: str | None = None
    volume: str | None = None
    previous_close: str | None = None
    change: str | None = None
    change_pct: str | None = None
    open_interest: str | None = None


class Traded(Struct, frozen=True):
    """One print; ``counts`` is PRICE, VOLUME or NOTHING where it does not count for both."""

    at: datetime
    price: str
    size: str
    source: str
    seq: int
    counts: str | None


class Pair(Struct, frozen=True):
    """A currency or a coin against another: ``base`` is bought with ``quote``."""

    symbol: str
    name: str
    base: str
    quote: str
    tick_size: str
    qty_step: str
    min_qty: str
    max_qty: str
    status: str


class Balance(Struct, frozen=True):
    """What a broker holds for an account in one currency; ``available`` is free to use."""

    account_id: UUID
    broker: str
    currency: str
    total: str
    available: str


@get("/market/quotes", responses=documented(404, 422))
async def list_quotes(request: Request, symbols: FromQuery[str] = "") -> Page[Quoted]:
    """The last quotes of a comma list of symbols (of all by default)."""
    asked = [symbol for symbol in symbols.split(",") if symbol] or sorted(request.house.instruments)
    if symbols and len(asked) > SYMBOLS_MAX:
        raise wire.invalid("/symbols", f"at most {SYMBOLS_MAX} symbols", "query")
    return Page([quoted(request, request.instrument(symbol).symbol) for symbol in asked])


@get("/market/ticker/{symbol:str}", responses=documented(404, 422))
async def show_ticker(request: Request, symbol: FromPath[str]) -> Quoted:
    """The last quote of one symbol, with its day."""
    return quoted(request, request.instrument(symbol).symbol)


@get("/market/trades/{symbol:str}", responses=documented(404, 422))
async def list_market_trades(
    request: Request, symbol: FromPath[str], limit: FromQuery[int] = TRADES
) -> Page[Traded]:
    """What traded last in a symbol, newest first, as far as this process has seen it."""
    if not 1 <= limit <= TRADES:
        raise wire.invalid("/limit", f"1 to {TRADES}", "query")
    sheet = _sheet(request, request.instrument(symbol).symbol)
    return Page([_traded(print_) for print_ in sheet.trades[: -limit - 1 : -1]])


@get("/market/pairs", responses=documented(422))
async def list_pairs(request: Request) -> Page[Pair]:
    """What is traded at spot, one currency or coin against another."""
    spot = (one for one in request.house.instruments.values() if one.type is InstrumentType.SPOT)
    return Page(
        [
            Pair(
                symbol=one.symbol,
                name=one.name,
                base=one.symbol.removesuffix(one.currency).rstrip("-_."),
                quote=one.currency,
                tick_size=plain(one.tick_size),
                qty_step=plain(one.qty_step),
                min_qty=plain(one.min_qty),
                max_qty=plain(one.max_qty),
                status=one.status,
            )
            for one in sorted(spot, key=lambda one: one.symbol)
        ]
    )


@get("/broker/balance", responses=documented(404, 422, 503))
async def show_balance(request: Request, account_id: FromQuery[UUID]) -> Page[Balance]:
    """What the account's broker holds for it; of a paper account, its virtual money."""
    wallet = await request.read(wallets.of_account, account_id, request.marks)
    return Page([Balance(account_id, "paper", wallet.currency, wallet.cash, wallet.available)])


def quoted(request: Request, symbol: str) -> Quoted:
    """What is known of a symbol now; of one that nobody quotes, how its day has been."""
    now, quote, sheet = request.now, request.quote(symbol), _sheet(request, symbol)
    known = Quoted(
        symbol,
        Quality.NO_QUOTE,
        open=_shown(sheet.open),
        high=_shown(sheet.high) if sheet.open is not None else None,
        low=_shown(sheet.low) if sheet.open is not None else None,
        volume=_shown(sheet.volume or None),
        previous_close=_shown(sheet.previous_close),
    )
    if quote is None:
        return known
    return replace(
        known,
        quality=quality(quote, now, request.quote_max_age),
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
        bids=_depth(quote.bids, quote.bid, quote.bid_size),
        asks=_depth(quote.asks, quote.ask, quote.ask_size),
        volume=known.volume if quote.volume is None else plain(quote.volume),
        **_change(quote.last, sheet.previous_close),
        open_interest=_shown(quote.open_interest),
    )


def _sheet(request: Request, symbol: str) -> Sheet:
    """The sheet of the day that the market is in, which in a recording is not today."""
    quote = request.quote(symbol)
    return request.house.sheets.of(symbol, request.now if quote is None else quote.at)


def _change(last: Decimal | None, before: Decimal | None) -> dict[str, str]:
    if last is None or before is None:
        return {}
    share = ((last / before - 1) * 100).quantize(_PERCENT, ROUND_HALF_EVEN)
    return {"change": plain(last - before), "change_pct": plain(share)}


def _depth(levels: tuple[Level, ...], touch: Decimal | None, size: Decimal | None) -> list[Depth]:
    """Of a source that shows no depth, the touch is all that is known of it."""
    if not levels and touch is not None and size is not None:
        levels = (Level(touch, size),)
    return [Depth(plain(level.price), plain(level.size)) for level in levels[:DEPTH]]


def _traded(trade: Print) -> Traded:
    return Traded(**{**trade._asdict(), "price": plain(trade.price), "size": plain(trade.size)})


def _shown(amount: Decimal | None) -> str | None:
    return None if amount is None else plain(amount)


ROUTES = (list_quotes, show_ticker, list_market_trades, list_pairs, show_balance)

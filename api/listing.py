"""What is listed: the instruments that the feed quotes, and those that brokers list."""

from __future__ import annotations

from datetime import date

from litestar import get
from litestar.params import FromQuery
from msgspec import Struct

from adapters.masters import Found
from api.problems import documented
from api.wiring import Request
from domain.market import Instrument, InstrumentType
from domain.trading.statement import plain
from projections.query import LIMIT, Page


class Listed(Struct, frozen=True):
    """
    An instrument, and the steps in which its price and quantity move.

    ``quoted`` says that the feed quotes it, so that it can be traded here; ``brokers`` is what
    each broker's API calls it.
    """

    symbol: str
    name: str
    exchange: str
    type: str
    currency: str
    product: str | None
    tick_size: str
    lot_size: str
    qty_step: str
    min_qty: str
    max_qty: str
    multiplier: str
    status: str
    quoted: bool
    underlying: str | None = None
    expiry: date | None = None
    strike: str | None = None
    isin: str | None = None
    brokers: dict[str, str] = {}


@get("/market/instruments", responses=documented(422))
async def list_instruments(
    request: Request,
    *,
    q: FromQuery[str] = "",
    type: FromQuery[InstrumentType | None] = None,
    exchange: FromQuery[str | None] = None,
    limit: FromQuery[int] = LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Page[Listed]:
    """
    Look for instruments by symbol, words, ISIN or ``q`` mistyped.

    The first page begins with all that the feed quotes and has a part of ``q`` in symbol or name.
    """
    found = await request.house.listed(
        q=q, type=type, exchange=exchange, limit=limit, cursor=cursor
    )
    quoted = request.house.instruments
    ours = [] if cursor else [one for one in quoted.values() if _is_meant(one, q, type, exchange)]
    names = {(one.exchange, one.symbol) for one in quoted.values()}
    items = [_quoted(one) for one in sorted(ours, key=lambda one: one.symbol)]
    for other in found.items:
        if (other.instrument.exchange, other.instrument.symbol) not in names:
            items.append(_listed(other))
    return Page(items, found.next)


def _is_meant(one: Instrument, q: str, type_: InstrumentType | None, exchange: str | None) -> bool:
    sought = q.casefold()
    named = sought in one.symbol.casefold() or sought in one.name.casefold() or q == one.isin
    return named and type_ in (None, one.type) and exchange in (None, one.exchange)


def _quoted(one: Instrument) -> Listed:
    return _shown(one, status=one.status, quoted=True, brokers={})


def _listed(found: Found) -> Listed:
    return _shown(found.instrument, status=found.status, quoted=False, brokers=found.brokers)


def _shown(one: Instrument, *, status: str, quoted: bool, brokers: dict[str, str]) -> Listed:
    return Listed(
        symbol=one.symbol,
        name=one.name,
        exchange=one.exchange,
        type=one.type,
        currency=one.currency,
        product=one.product,
        tick_size=plain(one.tick_size),
        lot_size=plain(one.lot_size),
        qty_step=plain(one.qty_step),
        min_qty=plain(one.min_qty),
        max_qty=plain(one.max_qty),
        multiplier=plain(one.multiplier),
        status=status,
        quoted=quoted,
        underlying=one.underlying,
        expiry=one.expiry,
        strike=None if one.strike is None else plain(one.strike),
        isin=one.isin,
        brokers=brokers,
    )


ROUTES = (list_instruments,)

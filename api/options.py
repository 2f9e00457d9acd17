"""The option chain of an underlying that the feed quotes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from litestar import get
from litestar.params import FromPath, FromQuery
from msgspec import Struct

from api import wire
from api.problems import documented
from api.wiring import Request
from domain.errors import NotFound
from domain.market import Instrument, InstrumentType, Quote, mark
from domain.market.options import Chain, Contract, IvQuality, Leg, Model, Strike, chain
from domain.trading.statement import plain

OPTIONS = (InstrumentType.CE, InstrumentType.PE)
EACH_SIDE, EACH_SIDE_MAX = 10, 200
#: What money costs a year where the caller does not say, by currency.
RATES = {"INR": Decimal("0.065"), "USD": Decimal("0.04")}
#: When an expiry ends where the exchange's calendar does not say: 15:30 in India.
CLOSE = time(10, 0, tzinfo=UTC)


class OptionLeg(Struct, frozen=True):
    """
    One option: its quote, what it means, and how many contracts' units are open.

    ``iv`` is a fraction of one a year; ``iv_quality`` says what it was taken from, or why there
    is none.  ``vega`` per point of volatility, ``theta`` per calendar day, ``rho`` per point of
    the rate, ``gamma`` per unit.
    """

    symbol: str
    ltp: str | None
    bid: str | None
    bid_size: str | None
    ask: str | None
    ask_size: str | None
    volume: str | None
    oi: str | None
    iv: str | None
    iv_quality: IvQuality
    delta: str | None
    gamma: str | None
    vega: str | None
    theta: str | None
    rho: str | None
    intrinsic: str | None
    time_value: str | None
    moneyness: str | None
    quote_age_ms: int | None


class ChainRow(Struct, frozen=True):
    strike: str
    ce: OptionLeg | None
    pe: OptionLeg | None


class Underlying(Struct, frozen=True):
    """``source`` says what the options were valued on: SPOT, FUTURE or SYNTHETIC."""

    symbol: str
    ltp: str | None
    source: str | None


class OptionChain(Struct, frozen=True):
    """
    All options of an expiry around the money, and with what they were valued.

    ``rate`` and ``dividend_yield`` are continuous fractions of one a year, ``t_years`` of 365
    days; ratios and ``max_pain`` count every strike; ``expected_move`` is one standard deviation.
    """

    underlying: Underlying
    expiry: date
    expiries: list[date]
    t_years: str | None
    rate: str
    dividend_yield: str
    model: Model
    forward: str | None
    atm_strike: str | None
    pcr_oi: str | None
    pcr_volume: str | None
    max_pain: str | None
    expected_move: str | None
    rows: list[ChainRow]


@get("/market/options/chain", responses=documented(404, 422))
async def show_chain(
    request: Request,
    *,
    symbol: FromQuery[str],
    expiry: FromQuery[date | None] = None,
    strikes_each_side: FromQuery[int] = EACH_SIDE,
    model: FromQuery[Model | None] = None,
    rate: FromQuery[str | None] = None,
    dividend_yield: FromQuery[str] = "0",
) -> OptionChain:
    """The options of an underlying that expire on a day (the next by default)."""
    return _chain(request, symbol, expiry, strikes_each_side, (model, rate, dividend_yield))


@get("/market/options-chain/{symbol:str}", responses=documented(404, 422))
async def show_chain_of(
    request: Request,
    *,
    symbol: FromPath[str],
    expiry: FromQuery[date | None] = None,
    strikes: FromQuery[int] = EACH_SIDE,
) -> OptionChain:
    """The same, by the name of the underlying in the path."""
    return _chain(request, symbol, expiry, strikes, (None, None, "0"))


Said = tuple[Model | None, str | None, str]


def _chain(
    request: Request, symbol: str, expiry: date | None, each_side: int, said: Said
) -> OptionChain:
    if not 1 <= each_side <= EACH_SIDE_MAX:
        raise wire.invalid("/strikes_each_side", f"1 to {EACH_SIDE_MAX}", "query")
    underlying, now = request.instrument(symbol), request.now
    written = [one for one in request.house.instruments.values() if one.underlying == symbol]
    expiries = sorted({one.expiry for one in written if one.expiry and one.type in OPTIONS})
    wanted = expiry or _next(request, written, expiries, now)
    if wanted not in expiries:
        raise NotFound("OPTIONS_UNKNOWN", symbol=symbol, expiries=[str(day) for day in expiries])
    contracts = [one for one in written if one.expiry == wanted]
    model = said[0] or (Model.BLACK76 if underlying.type is InstrumentType.IDX else Model.BSM)
    given = RATES.get(underlying.currency, Decimal(0)) if said[1] is None else said[1]
    rate, dividend_yield = _fraction(given, "rate"), _fraction(said[2], "dividend_yield")
    found = chain(
        (Contract(one, request.quote(one.symbol)) for one in contracts if one.type in OPTIONS),
        expiry=wanted,
        expires_at=_expires_at(request, contracts[0]),
        now=now,
        spot=mark(request.quote(symbol)),
        future=next(_futures(request, contracts), None),
        model=model,
        rate=rate,
        dividend_yield=dividend_yield,
        each_side=each_side,
    )
    return OptionChain(
        underlying=Underlying(symbol, _shown(found.spot), found.source),
        expiry=wanted,
        expiries=expiries,
        t_years=_shown(found.setting.t_years) if found.setting else None,
        rate=plain(rate),
        dividend_yield=plain(dividend_yield),
        model=model,
        **_figures(found),
        rows=[_row(row, now) for row in found.rows],
    )


def _next(
    request: Request, written: list[Instrument], expiries: list[date], now: datetime
) -> date | None:
    """The first expiry that is not over."""
    for one in sorted(written, key=lambda one: one.expiry or date.max):
        if one.expiry in expiries and _expires_at(request, one) > now:
            return one.expiry
    return None


def _expires_at(request: Request, one: Instrument) -> datetime:
    assert one.expiry is not None
    session = request.house.calendars.of(one.exchange).session(one.expiry)
    return session.closes if session else datetime.combine(one.expiry, CLOSE)


def _futures(request: Request, contracts: list[Instrument]) -> Iterator[Decimal]:
    for one in contracts:
        price = mark(request.quote(one.symbol)) if one.type is InstrumentType.FUT else None
        if price is not None:
            yield price


def _fraction(said: Decimal | str, name: str) -> Decimal:
    try:
        value = Decimal(said)
    except ArithmeticError:
        value = Decimal("NaN")
    if not (value.is_finite() and abs(value) <= 1):
        raise wire.invalid(f"/{name}", "a fraction from -1 to 1", "query")
    return value


def _figures(found: Chain) -> dict[str, str | None]:
    names = ("forward", "atm_strike", "pcr_oi", "pcr_volume", "max_pain", "expected_move")
    return {name: _shown(getattr(found, name)) for name in names}


def _row(row: Strike, now: datetime) -> ChainRow:
    return ChainRow(plain(row.strike), _leg(row.ce, now), _leg(row.pe, now))


def _leg(leg: Leg | None, now: datetime) -> OptionLeg | None:
    if leg is None:
        return None
    quote, meaning = leg.contract.quote, leg.valued
    return OptionLeg(
        symbol=leg.contract.instrument.symbol,
        ltp=_of(quote, "last"),
        bid=_of(quote, "bid"),
        bid_size=_of(quote, "bid_size"),
        ask=_of(quote, "ask"),
        ask_size=_of(quote, "ask_size"),
        volume=_of(quote, "volume"),
        oi=_of(quote, "open_interest"),
        iv=_shown(meaning.iv),
        iv_quality=meaning.iv_quality,
        delta=_shown(meaning.delta),
        gamma=_shown(meaning.gamma),
        vega=_shown(meaning.vega),
        theta=_shown(meaning.theta),
        rho=_shown(meaning.rho),
        intrinsic=_shown(leg.intrinsic),
        time_value=_shown(leg.time_value),
        moneyness=leg.moneyness,
        quote_age_ms=max(0, (now - quote.received_at) // timedelta(milliseconds=1))
        if quote
        else None,
    )


def _of(quote: Quote | None, figure: str) -> str | None:
    return _shown(getattr(quote, figure, None))


def _shown(amount: Decimal | None) -> str | None:
    return None if amount is None else plain(amount)


ROUTES = (show_chain, show_chain_of)

"""
The option chain: all options of one expiry side by side, and what the market thinks of it.

Max pain is the strike at which the writers would pay least, were the underlying to expire there;
put-call ratios and max pain count every strike of the expiry, also those that are not shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal

from msgspec import Struct

from domain.market.instrument import Instrument, InstrumentType
from domain.market.options.valuation import (
    IvQuality,
    Model,
    Setting,
    Valued,
    forward_of,
    synthetic_forward,
    valued,
    years,
)
from domain.market.quote import Quote
from domain.money import ZERO

#: A wider spread says too little about the price between.
SPREAD_MAX = Decimal("0.20")
LAST_AGE_MAX = timedelta(seconds=60)
_RATIO = Decimal("0.0001")
_PRICE = Decimal("0.000001")


class Contract(Struct, frozen=True):
    """An option and its last quote, if there ever was one."""

    instrument: Instrument
    quote: Quote | None


class Leg(Struct, frozen=True):
    """One option of a chain; ``intrinsic`` is what exercising it now would pay."""

    contract: Contract
    valued: Valued
    intrinsic: Decimal | None
    time_value: Decimal | None
    moneyness: str | None


class Strike(Struct, frozen=True):
    strike: Decimal
    ce: Leg | None
    pe: Leg | None


class Chain(Struct, frozen=True, kw_only=True):
    """
    ``source`` says what the underlying's price is: SPOT, FUTURE or SYNTHETIC (a call less a put).

    ``expected_move`` is one standard deviation of the underlying until expiry, at the volatility
    of the money; ``setting`` is what everything was valued with, None without a price.
    """

    expiry: date
    spot: Decimal | None
    source: str | None
    setting: Setting | None
    forward: Decimal | None
    atm_strike: Decimal | None
    pcr_oi: Decimal | None
    pcr_volume: Decimal | None
    max_pain: Decimal | None
    expected_move: Decimal | None
    rows: tuple[Strike, ...]


def chain(
    contracts: Iterable[Contract],
    *,
    expiry: date,
    expires_at: datetime,
    now: datetime,
    spot: Decimal | None,
    future: Decimal | None,
    model: Model,
    rate: Decimal,
    dividend_yield: Decimal = ZERO,
    each_side: int = 10,
) -> Chain:
    """The chain of an expiry, with ``each_side`` strikes on each side of the money."""
    by_strike = _by_strike(contracts)
    strikes = sorted(by_strike)
    t = years(now, expires_at)
    source, setting = _setting(
        by_strike, spot, future, Setting(model, ZERO, t, rate, dividend_yield)
    )
    forward = forward_of(setting) if setting else None
    atm = _nearest(strikes, forward)
    shown = strikes if atm is None else _around(strikes, atm, each_side)
    rows = tuple(
        Strike(
            strike,
            *(
                _leg(by_strike[strike].get(kind), setting, spot or forward, atm, now)
                for kind in (InstrumentType.CE, InstrumentType.PE)
            ),
        )
        for strike in shown
    )
    return Chain(
        expiry=expiry,
        spot=spot,
        source=source,
        setting=setting,
        forward=forward,
        atm_strike=atm,
        pcr_oi=_ratio(by_strike, "open_interest"),
        pcr_volume=_ratio(by_strike, "volume"),
        max_pain=_max_pain(by_strike),
        expected_move=_expected_move(rows, atm, setting),
        rows=rows,
    )


Legs = Mapping[Decimal, Mapping[InstrumentType, Contract]]


def _by_strike(contracts: Iterable[Contract]) -> Legs:
    found: dict[Decimal, dict[InstrumentType, Contract]] = {}
    for contract in contracts:
        strike = contract.instrument.strike
        if strike is not None:
            found.setdefault(strike, {})[contract.instrument.type] = contract
    return found


def _setting(
    legs: Legs, spot: Decimal | None, future: Decimal | None, rest: Setting
) -> tuple[str | None, Setting | None]:
    """On a forward: the future's price, else what the options at the money imply, else carried."""

    def on(price: Decimal) -> Setting:
        return Setting(rest.model, price, rest.t_years, rest.rate, rest.dividend_yield)

    if rest.model is not Model.BLACK76:
        return ("SPOT", on(spot)) if spot else (None, None)
    if future:
        return "FUTURE", on(future)
    near = _nearest(sorted(legs), spot)
    pair = legs.get(near, {}) if near is not None else {}
    worth = [
        worth_of(pair[kind].quote)
        for kind in (InstrumentType.CE, InstrumentType.PE)
        if kind in pair
    ]
    if near is not None and len(worth) == 2 and worth[0] is not None and worth[1] is not None:
        return "SYNTHETIC", on(synthetic_forward(near, worth[0], worth[1], rest.rate, rest.t_years))
    if not spot:
        return None, None
    spotwise = Setting(Model.BSM, spot, rest.t_years, rest.rate, rest.dividend_yield)
    return "SPOT", on(forward_of(spotwise))


def worth_of(quote: Quote | None) -> Decimal | None:
    """The middle of a book that is neither one-sided, crossed nor too wide."""
    if quote is None or not quote.bid or not quote.ask or quote.bid > quote.ask:
        return None
    middle = (quote.bid + quote.ask) / 2
    return middle if quote.ask - quote.bid <= SPREAD_MAX * middle else None


def _price(quote: Quote | None, now: datetime) -> tuple[Decimal | None, IvQuality]:
    if (middle := worth_of(quote)) is not None:
        return middle, IvQuality.MID
    if quote is None:
        return None, IvQuality.NO_PRICE
    if quote.last and quote.last_size is not None and now - quote.received_at <= LAST_AGE_MAX:
        return quote.last, IvQuality.LAST
    wide = quote.bid and quote.ask and quote.bid <= quote.ask
    return None, IvQuality.WIDE_SPREAD if wide else IvQuality.NO_PRICE


def _leg(
    contract: Contract | None,
    setting: Setting | None,
    price: Decimal | None,
    atm: Decimal | None,
    now: datetime,
) -> Leg | None:
    if contract is None:
        return None
    one = contract.instrument
    strike, call = one.strike or ZERO, one.type is InstrumentType.CE
    worth, taken_from = _price(contract.quote, now)
    if setting is None:
        meaning = Valued(IvQuality.NO_UNDERLYING)
    elif worth is None:
        meaning = Valued(taken_from)
    else:
        meaning = valued(
            setting,
            call=call,
            strike=strike,
            worth=worth,
            tick=one.tick_size,
            taken_from=taken_from,
        )
    if price is None:
        return Leg(contract, meaning, None, None, None)
    inside = price - strike if call else strike - price
    intrinsic = max(inside, ZERO)
    time_value = None if worth is None else worth - intrinsic
    moneyness = "ATM" if strike == atm else "ITM" if inside > 0 else "OTM"
    return Leg(contract, meaning, intrinsic, time_value, moneyness)


def _nearest(strikes: list[Decimal], price: Decimal | None) -> Decimal | None:
    """The strike next to a price, the lower of two that are as near."""
    if price is None or not strikes:
        return None
    return min(strikes, key=lambda strike: (abs(strike - price), strike))


def _around(strikes: list[Decimal], atm: Decimal, each_side: int) -> list[Decimal]:
    at = strikes.index(atm)
    return strikes[max(0, at - each_side) : at + each_side + 1]


def _of(contract: Contract, figure: str) -> Decimal:
    value: Decimal | None = getattr(contract.quote, figure, None)
    return value or ZERO


def _ratio(legs: Legs, figure: str) -> Decimal | None:
    """Puts for each call; None when there is no call."""
    sums = {
        kind: sum((_of(pair[kind], figure) for pair in legs.values() if kind in pair), ZERO)
        for kind in (InstrumentType.CE, InstrumentType.PE)
    }
    calls, puts = sums[InstrumentType.CE], sums[InstrumentType.PE]
    return (puts / calls).quantize(_RATIO) if calls else None


def _max_pain(legs: Legs) -> Decimal | None:
    """The strike with the least open interest x intrinsic value; the lowest of several."""
    strikes = sorted(legs)
    held = {
        kind: [
            _of(legs[strike][kind], "open_interest") if kind in legs[strike] else ZERO
            for strike in strikes
        ]
        for kind in (InstrumentType.CE, InstrumentType.PE)
    }
    calls, puts = held[InstrumentType.CE], held[InstrumentType.PE]
    if not any(calls) and not any(puts):
        return None
    to_calls = _paid(strikes, calls)
    to_puts = _paid([-strike for strike in reversed(strikes)], puts[::-1])[::-1]
    paid = [to_call + to_put for to_call, to_put in zip(to_calls, to_puts, strict=True)]
    return strikes[paid.index(min(paid))]


def _paid(strikes: list[Decimal], held: list[Decimal]) -> list[Decimal]:
    """What the calls below each strike are paid at it, summed up on the way."""
    paid, units, total, before = [], ZERO, ZERO, strikes[0]
    for strike, interest in zip(strikes, held, strict=True):
        total += units * (strike - before)
        paid.append(total)
        units, before = units + interest, strike
    return paid


def _expected_move(
    rows: Iterable[Strike], atm: Decimal | None, setting: Setting | None
) -> Decimal | None:
    row = next((row for row in rows if row.strike == atm), None)
    if row is None or setting is None:
        return None
    known = [leg.valued.iv for leg in (row.ce, row.pe) if leg and leg.valued.iv is not None]
    if not known:
        return None
    volatility = sum(known, ZERO) / len(known)
    return (setting.price * volatility * setting.t_years.sqrt()).quantize(_PRICE)

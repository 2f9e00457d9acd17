"""
Derivatives of the simulated market: an index, and every day a future and options that expire.

The index is made of the index fund's price, so that it follows the same walk; with every slice
of the fund the index is told, and some of the contracts in turn.  Contracts expire at midnight
UTC, when the simulation's session ends.  What a slice tells depends on the seed and the time
alone, as in ``sim``; options are priced by Black-76 with a smile.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from hashlib import blake2b
from math import exp, log
from typing import Any

from msgspec import Struct

from adapters.feeds.sim import BEAT, CHAPTER, EPOCH, LISTINGS, SimFeed
from domain.market import Instrument, InstrumentType, Quote
from domain.market.options.greeks import Terms, price

INDEX, FUND = "NIFTY", "NIFTYBEES"
#: Units of the fund that make one of the index.
UNITS = 84
TICK, LOT = Decimal("0.05"), 75
#: Strikes on each side of the money, and how far apart.
EACH_SIDE, STEP = 2, 200
#: Contracts are listed a week ahead, and known for a week after, so that all are settled.
LISTED, KNOWN = timedelta(days=7), timedelta(days=7)
#: Of so many expiries contracts are quoted, so many of them with each slice of the fund.
QUOTED, AT_ONCE = 2, 6
RATE, VOLATILITY, SMILE = 0.065, 0.14, 1.5
YEAR_S = 365 * 86_400
T_MIN_S = 60
DAY = timedelta(days=1)
#: Slices of one beat follow each other by so much.
APART = timedelta(milliseconds=1)

_FUND = next(one for one in LISTINGS if one.instrument.symbol == FUND)


def _listed(symbol: str, name: str, type_: InstrumentType, **more: Any) -> Instrument:
    lot = Decimal(LOT)
    return Instrument(
        symbol=symbol,
        name=name,
        exchange="SIM",
        type=type_,
        currency="INR",
        tick_size=TICK,
        lot_size=lot,
        qty_step=lot,
        min_qty=lot,
        max_qty=lot * 24,
        **more,
    )


NIFTY = _listed(INDEX, "Nifty 50, simulated", InstrumentType.IDX)


class SimMarket(SimFeed):
    """The simulated market of one seed with its derivatives, listed around ``today``."""

    def __init__(self, seed: int, today: date) -> None:
        super().__init__(seed)
        days = range(-KNOWN.days, LISTED.days + 1)
        self._expiries = [today + timedelta(days=nth) for nth in days]
        self._contracts = {day: tuple(self._of(day)) for day in self._expiries}

    def instruments(self) -> tuple[Instrument, ...]:
        contracts = [one for day in self._expiries for one in self._contracts[day]]
        return (*super().instruments(), NIFTY, *contracts)

    def slices(self, since: datetime) -> Iterator[Quote]:
        for quote in super().slices(since):
            yield quote
            if quote.symbol == FUND and quote.bid is not None and quote.ask is not None:
                yield from self._derived(quote, (quote.bid + quote.ask) / 2 * UNITS)

    def _of(self, expiry: date) -> Iterator[Instrument]:
        """A future, and options around the price at which the index opens the day."""
        named = f"{INDEX}-{expiry:%y%m%d}"
        terms: dict[str, Any] = {"underlying": INDEX, "expiry": expiry}
        yield _listed(f"{named}-FUT", f"Nifty {expiry} future", InstrumentType.FUT, **terms)
        chapter = (_midnight(expiry) - EPOCH) // (CHAPTER * BEAT)
        opening = self.opening(_FUND, chapter) * _FUND.instrument.tick_size * UNITS
        middle = int(opening / STEP) * STEP
        for nth in range(-EACH_SIDE, EACH_SIDE + 1):
            strike = Decimal(middle + nth * STEP)
            for type_ in (InstrumentType.CE, InstrumentType.PE):
                name = f"Nifty {expiry} {strike} {type_}"
                yield _listed(f"{named}-{strike}-{type_}", name, type_, strike=strike, **terms)

    def _derived(self, fund: Quote, level: Decimal) -> Iterator[Quote]:
        index = _on_tick(float(level)) * TICK
        yield _quote(NIFTY.symbol, fund, 1, last=index)
        today = fund.at.date()
        quoted = [
            one for nth in range(QUOTED) for one in self._contracts.get(today + nth * DAY, ())
        ]
        turn = fund.seq // len(LISTINGS) * AT_ONCE
        for nth in range(min(AT_ONCE, len(quoted))):
            one = quoted[(turn + nth) % len(quoted)]
            yield self._told(one, fund, nth + 2, float(level))

    def _told(self, one: Instrument, fund: Quote, nth: int, level: float) -> Quote:
        assert one.expiry is not None, "a contract"
        ends = _midnight(one.expiry + DAY)
        t = max((ends - fund.at).total_seconds(), T_MIN_S) / YEAR_S
        forward = level * exp(RATE * t)
        worth = forward if one.strike is None else _option(one, forward, t)
        draw = _chance(f"{self._source} {one.symbol} {fund.seq}")
        half = 1 + int(worth) // 2000 + (draw & 1)
        bid = max(1, _on_tick(worth) - half)
        ask = bid + 2 * half
        lots = [1 + (draw >> shift & 0x1F) for shift in (1, 6, 11)]
        return _quote(
            one.symbol,
            fund,
            nth,
            bid=bid * TICK,
            bid_size=Decimal(lots[0] * LOT),
            ask=ask * TICK,
            ask_size=Decimal(lots[1] * LOT),
            last=(ask if draw >> 16 & 1 else bid) * TICK,
            last_size=Decimal(lots[2] * LOT),
            **_day_figures(one, fund.at, _weight(self._source, one.symbol)),
        )


class Figures(Struct, frozen=True):
    """What a contract is traded in: lots a day, lots held open at midnight."""

    traded: int
    held: int


@cache
def _weight(source: str, symbol: str) -> Figures:
    draw = _chance(f"{source} {symbol}")
    return Figures(2_000 + draw % 18_000, 4_000 + (draw >> 16) % 36_000)


def _day_figures(one: Instrument, at: datetime, figures: Figures) -> dict[str, Decimal]:
    """Volume since midnight and open interest, which grow as the day goes on."""
    share = (at - _midnight(at.date())) / DAY
    volume = int(figures.traded * share)
    held = figures.held + volume // 4
    return {"volume": Decimal(volume * LOT), "open_interest": Decimal(held * LOT)}


def _option(one: Instrument, forward: float, t: float) -> float:
    assert one.strike is not None, "an option"
    strike = float(one.strike)
    terms = Terms(
        call=one.type is InstrumentType.CE,
        s=forward, k=strike, t=t, r=RATE, b=0.0, on_forward=True,
    )  # fmt: skip
    return price(terms, VOLATILITY + SMILE * log(strike / forward) ** 2)


def _quote(symbol: str, fund: Quote, nth: int, **figures: Any) -> Quote:
    at = fund.at + nth * APART
    return Quote(symbol, fund.source, fund.seq, at, at, **figures)


def _on_tick(worth: float) -> int:
    return round(worth / float(TICK))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _chance(name: str) -> int:
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest())

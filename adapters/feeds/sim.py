"""
A market that is always open: a dozen instruments in rupees, quoted from a seed alone.

The slice numbered n belongs to the instant n x 50 ms since 1970 and is the same whenever, and
wherever, one starts to watch.  Time is cut into chapters of ten minutes.  The price at which a
chapter opens is a sum of slow waves; within it the price is a random walk bound to meet the
opening of the next one.  Everything is counted in whole ticks.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import blake2b
from random import Random

from msgspec import Struct
from msgspec.structs import replace

from adapters.feeds.port import Flaws
from domain.market import Instrument, InstrumentType, Quote

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BEAT = timedelta(milliseconds=50)
ROUNDS = 1000

#: (length in chapters, swing in parts per 10,000): a month, a day, an hour, ten minutes.
WAVES = ((4320, 600), (144, 150), (6, 40), (1, 20))


class Listing(Struct, frozen=True):
    """
    An instrument and its manners.

    ``price`` is in rupees, ``pace`` (the unit of a step) and the usual ``spread`` in ticks, the
    usual ``size`` in steps of quantity.
    """

    instrument: Instrument
    price: int
    pace: int
    spread: int
    size: int


def _share(symbol: str, name: str) -> Instrument:
    return Instrument(
        symbol=symbol,
        name=name,
        exchange="SIM",
        type=InstrumentType.EQ,
        currency="INR",
        tick_size=Decimal("0.05"),
        max_qty=Decimal(100_000),
    )


def _fund(symbol: str, name: str) -> Instrument:
    return replace(_share(symbol, name), type=InstrumentType.ETF, tick_size=Decimal("0.01"))


def _coin(symbol: str, name: str, step: Decimal) -> Instrument:
    return replace(
        _share(symbol, name),
        type=InstrumentType.SPOT,
        tick_size=Decimal(1),
        lot_size=step,
        qty_step=step,
        min_qty=step,
        max_qty=Decimal(100),
    )


LISTINGS = (
    Listing(_share("RELIANCE", "Reliance Industries"), 1420, pace=2, spread=2, size=400),
    Listing(_share("TCS", "Tata Consultancy Services"), 3060, pace=4, spread=4, size=150),
    Listing(_share("HDFCBANK", "HDFC Bank"), 985, pace=1, spread=2, size=800),
    Listing(_share("ICICIBANK", "ICICI Bank"), 1365, pace=2, spread=2, size=500),
    Listing(_share("INFY", "Infosys"), 1510, pace=2, spread=2, size=400),
    Listing(_share("SBIN", "State Bank of India"), 880, pace=1, spread=2, size=900),
    Listing(_share("BHARTIARTL", "Bharti Airtel"), 1940, pace=2, spread=3, size=250),
    Listing(_share("ITC", "ITC"), 405, pace=1, spread=1, size=2000),
    Listing(_share("LT", "Larsen & Toubro"), 3650, pace=5, spread=5, size=120),
    Listing(_fund("NIFTYBEES", "Nippon India ETF Nifty 50"), 285, pace=1, spread=2, size=3000),
    Listing(
        _coin("BTCINR", "Bitcoin", Decimal("0.00001")), 9_250_000, pace=900, spread=400, size=20_000
    ),
    Listing(_coin("ETHINR", "Ether", Decimal("0.0001")), 325_000, pace=40, spread=30, size=20_000),
)
CHAPTER = ROUNDS * len(LISTINGS)


class SimFeed:
    """The simulated market of one seed."""

    def __init__(self, seed: int = 1) -> None:
        self.flaws = Flaws()
        self._seed = seed
        self._source = f"sim:{seed}"

    def instruments(self) -> tuple[Instrument, ...]:
        return tuple(listing.instrument for listing in LISTINGS)

    def slices(self, since: datetime) -> Iterator[Quote]:
        """The slices from ``since`` on, without end."""
        first = -((EPOCH - since) // BEAT)
        chapter = first // CHAPTER
        for quote in self._chapter(chapter):  # from its start, to arrive at today's prices
            if quote.seq >= first:
                yield quote
        while True:
            chapter += 1
            yield from self._chapter(chapter)

    def opening(self, listing: Listing, chapter: int) -> int:
        """The price in ticks at which a chapter opens."""
        swing = sum(self._wave(listing, length, chapter) * high for length, high in WAVES)
        ticks = int(listing.price / listing.instrument.tick_size)
        return ticks + ticks * swing // 10_000_000

    def _wave(self, listing: Listing, length: int, chapter: int) -> int:
        """From -1000 to 1000, in straight lines between chance heights ``length`` apart."""
        turn, along = divmod(chapter, length)
        here, there = (self._chance(listing, length, nth) for nth in (turn, turn + 1))
        return here + (there - here) * along // length

    def _chance(self, listing: Listing, length: int, turn: int) -> int:
        name = f"{self._seed} {listing.instrument.symbol} {length} {turn}"
        return int.from_bytes(blake2b(name.encode(), digest_size=8).digest()) % 2001 - 1000

    def _chapter(self, chapter: int) -> Iterator[Quote]:
        bits = Random(f"{self._seed} {chapter}").getrandbits  # noqa: S311 - prices, not secrets
        walks = [
            Walk(listing, self.opening(listing, chapter), self.opening(listing, chapter + 1))
            for listing in LISTINGS
        ]
        seq = chapter * CHAPTER
        for left in range(ROUNDS, 0, -1):
            turn = bits(16) % len(walks)
            for walk in (*walks[turn:], *walks[:turn]):
                walk.step(left, bits(64))
                yield walk.quote(self._source, seq, EPOCH + seq * BEAT)
                seq += 1


class Walk:
    """One instrument on its way through a chapter: its middle, its spread, its last trade."""

    def __init__(self, listing: Listing, start: int, goal: int) -> None:
        self._listing = listing
        self._goal = goal
        self._middle = start
        self._spread = listing.spread
        self._last = start
        self._traded = 0
        self._sizes = (0, 0)

    def step(self, left: int, draw: int) -> None:
        """One step, drawn from 64 chance bits, with ``left`` steps to go to the goal."""
        usual = self._listing.spread
        stray = (draw & 0xFF).bit_count() - 4
        pull = (2 * (self._goal - self._middle) + left) // (2 * left)
        self._middle += pull + stray * self._listing.pace
        widen = (draw >> 8 & 1) - (draw >> 9 & 1)
        home = (draw >> 10 & 1) * ((self._spread < usual) - (self._spread > usual))
        self._spread = min(max(1, self._spread + widen + home), 4 * usual)
        self._sizes = (self._depth(draw >> 16), self._depth(draw >> 26))
        self._traded = 0
        if draw >> 11 & 1:
            buyer = draw >> 12 & 1
            self._last = self._ask if buyer else self._bid
            self._traded = 1 + self._sizes[buyer] * (draw >> 36 & 0xFF) // 512

    @property
    def _bid(self) -> int:
        return self._middle - self._spread // 2

    @property
    def _ask(self) -> int:
        return self._bid + self._spread

    def _depth(self, draw: int) -> int:
        return 1 + self._listing.size * (64 + (draw & 0x3FF)) // 512

    def quote(self, source: str, seq: int, at: datetime) -> Quote:
        tick, step = self._listing.instrument.tick_size, self._listing.instrument.qty_step
        return Quote(
            symbol=self._listing.instrument.symbol,
            source=source,
            seq=seq,
            at=at,
            received_at=at,
            bid=self._bid * tick,
            bid_size=self._sizes[0] * step,
            ask=self._ask * tick,
            ask_size=self._sizes[1] * step,
            last=self._last * tick,
            last_size=self._traded * step if self._traded else None,
        )

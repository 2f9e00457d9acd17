"""
The ``kraken`` feed: the public market of Kraken spot, over one WebSocket (no key needed).

A connection that breaks, or is silent for ``SILENCE_S``, is opened again, after a pause that
doubles; a book whose checksum does not fit is asked for again.  Meanwhile no book is shown, and
nothing is traded.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime
from pathlib import Path
from random import uniform
from time import monotonic

import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from adapters.feeds.kraken import frames
from adapters.feeds.kraken.book import DEPTH
from adapters.feeds.kraken.listing import ASK_S, FRAME_MAX, listed
from adapters.feeds.kraken.market import KrakenMarket, Withhold
from adapters.feeds.outbox import Outbox
from adapters.feeds.port import Flaws
from domain.market import Instrument, Quote

#: Seconds without a frame (a heartbeat comes about once a second) after which a wire is dead.
SILENCE_S = 10.0
PAUSE_S, PAUSE_MAX_S = 0.5, 30.0
#: Seconds between two requests for the same book: who asks too often is shut out.
AGAIN_S = 2.0

Clock = Callable[[], datetime]

_log = structlog.get_logger("kraken")


class KrakenFeed:
    """
    ``pairs`` as Kraken spells them (BTC/USD); FeedError when it does not list them.

    In ``kept`` is what it last said of them, for a start while it is away.
    """

    def __init__(
        self,
        url: str,
        pairs: tuple[str, ...],
        *,
        kept: Path | None = None,
        silence_s: float = SILENCE_S,
    ) -> None:
        self.flaws = Flaws()
        self.outbox = Outbox()
        self._url = url
        self._silence_s = silence_s
        found = listed(url, pairs, kept)
        self._pairs = {name: pair for name, (pair, _) in found.items()}
        self._instruments = tuple(instrument for _, instrument in found.values())
        self._market: KrakenMarket | None = None
        self._wire: str | None = "not connected yet"
        self._refused: str | None = None
        self._asked: dict[str, float] = {}

    def instruments(self) -> tuple[Instrument, ...]:
        return self._instruments

    def slices(self, since: datetime) -> Iterator[Quote]:
        """A live market cannot be asked for its past: see ``run``."""
        return iter(())

    @property
    def trouble(self) -> str | None:
        """Why news are missing; None when all of them come."""
        if self._market is None:  # another process listens
            return None
        if self._wire:
            return self._wire
        if self._market.system != "online":
            return f"Kraken is in {self._market.system[:40]}"
        if self._refused:
            return f"refused: {self._refused}"
        missing = ", ".join(self._market.without_book)
        return f"no book of {missing}" if missing else None

    async def run(
        self,
        publish: Callable[[Quote], None],
        withhold: Withhold,
        clock: Clock,
        pace: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Publish what Kraken says, until cancelled; whoever is slow gets what is latest."""
        first = int(clock().timestamp() * 1000) * 1000
        market = self._market = KrakenMarket(self._pairs, first, withhold)
        async with asyncio.TaskGroup() as both:
            both.create_task(self._read_for_ever(market, clock))
            while True:
                for quote in await self.outbox.take():
                    publish(quote)
                await pace(0)

    async def _read_for_ever(self, market: KrakenMarket, clock: Clock) -> None:
        failures = 0
        while True:
            try:
                async with connect(self._url, max_size=FRAME_MAX, open_timeout=ASK_S) as wire:
                    await self._listen(wire, market, clock)
            except (WebSocketException, OSError, TimeoutError) as error:
                failures = failures + 1 if self._wire else 1
                self._wire = f"not connected: {type(error).__name__}"
            for quote in market.cut():
                self.outbox.put(quote)
            pause = pause_s(failures) * uniform(0.5, 1)  # noqa: S311 - so that not all come at once
            _log.warning("connection lost", trouble=self._wire, pause_s=round(pause, 2))
            await asyncio.sleep(pause)

    async def _listen(self, wire: ClientConnection, market: KrakenMarket, clock: Clock) -> None:
        """Until the connection breaks, or nothing comes for too long."""
        names = list(self._pairs)
        self._refused = None
        for channel, more in (("ticker", {}), ("trade", {}), ("book", {"depth": DEPTH})):
            await wire.send(frames.request("subscribe", channel, symbol=names, **more))
        while True:
            async with asyncio.timeout(self._silence_s):
                text = await wire.recv()
            frame, quotes = market.heard(text, clock())
            if quotes:
                self._wire = None
            for quote in quotes:
                self.outbox.put(quote)
            if not frame.success:
                self._refused = frame.error[:100]
            await self._ask_again(wire, market)

    async def _ask_again(self, wire: ClientConnection, market: KrakenMarket) -> None:
        """For the books of which something was lost, each at most once in ``AGAIN_S``."""
        now = monotonic()
        for name in sorted(market.lost):
            if now - self._asked.get(name, -AGAIN_S) < AGAIN_S:
                continue  # a heartbeat will bring us back here
            self._asked[name] = now
            market.lost.discard(name)
            for method in ("unsubscribe", "subscribe"):
                await wire.send(frames.request(method, "book", symbol=[name], depth=DEPTH))


def pause_s(failures: int) -> float:
    """How long to wait at most after so many failures in a row, in seconds."""
    return min(PAUSE_S * 2.0 ** min(failures - 1, 16), PAUSE_MAX_S)

"""What Kraken lists, as instruments of ours."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path

import msgspec
import structlog
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from adapters.feeds.kraken import frames
from adapters.feeds.port import FeedError
from domain.market import Instrument, InstrumentType, listing_faults
from domain.market.instrument import Shortable
from domain.money import AMOUNT_PLACES, round_up_to

ASK_S = 10.0
FRAME_MAX = 16 * 1024 * 1024
QTY_MAX = Decimal(1_000_000)

_log = structlog.get_logger("kraken")


def listed(
    url: str, names: tuple[str, ...], kept: Path | None = None
) -> dict[str, tuple[frames.Pair, Instrument]]:
    """
    Ask Kraken for these pairs, or look into ``kept`` for what it last said while it is away.

    FeedError when nobody tells, or one of them is not listed.
    """
    try:
        found = _asked(url)
    except (WebSocketException, OSError, TimeoutError, msgspec.MsgspecError) as error:
        if kept is None or not kept.exists():
            raise FeedError(f"{url}: does not tell its pairs: {type(error).__name__}") from error
        _log.warning("pairs as they were", url=url, error=type(error).__name__)
        found = msgspec.json.decode(kept.read_bytes(), type=dict[str, frames.Pair])
    if missing := [name for name in names if name not in found]:
        raise FeedError(f"{url}: no such pair: {', '.join(missing)}")
    ours = {name: found[name] for name in names}
    if kept is not None:
        _keep(kept, msgspec.json.encode(ours))
    return {name: (pair, _instrument(pair)) for name, pair in ours.items()}


def _keep(file: Path, pairs: bytes) -> None:
    """Several processes may do so at once: whoever reads finds a whole file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    mine = file.with_suffix(f".{os.getpid()}")
    mine.write_bytes(pairs)
    mine.replace(file)


def _asked(url: str) -> dict[str, frames.Pair]:
    with connect(url, open_timeout=ASK_S, max_size=FRAME_MAX) as wire:
        wire.send(frames.request("subscribe", "instrument"))
        while True:
            frame = frames.frame_of(wire.recv(timeout=ASK_S))
            if frame.channel == "instrument" and frame.type == "snapshot":
                return frames.pairs_of(frame.data)


def _instrument(pair: frames.Pair) -> Instrument:
    # What is traded must be worth a whole number of the ledger's units: steps are no finer.
    tick = pair.price_increment
    places = AMOUNT_PLACES + int(tick.normalize().as_tuple().exponent)
    step = Decimal(1).scaleb(-min(pair.qty_precision, places))
    least = max(step, round_up_to(pair.qty_min, step))
    instrument = Instrument(
        symbol=frames.ours(pair.symbol),
        name=f"{pair.base} in {pair.quote}",
        exchange="KRAKEN",
        type=InstrumentType.SPOT,
        currency=pair.quote,
        tick_size=tick,
        lot_size=step,
        qty_step=step,
        min_qty=least,
        max_qty=max(least, QTY_MAX),
        min_notional=pair.cost_min,
        shortable=Shortable.NONE,
    )
    if faults := listing_faults(instrument):
        raise FeedError(f"{pair.symbol} cannot be listed: {'; '.join(faults)}")
    return instrument

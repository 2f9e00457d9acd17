"""The market comes in: from the feed past the quarantine onto the board, and into candles."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import structlog
from msgspec.structs import replace

from adapters import postgres
from adapters.candles import Closing, Recorder, Retention, days_of
from adapters.candles.shelf import sessions
from adapters.feeds import Board, Feed, KrakenFeed, Quarantine, Sheets, play, speed_of
from domain.market import Calendars

if TYPE_CHECKING:
    from api.parts import Engine

#: Time enough for every instrument of the simulation to be quoted.
LAST_ROUND = timedelta(seconds=5)
#: A market that is open, and of which nothing was heard for so long, is said to be silent.
SILENT = timedelta(seconds=10)

_log = structlog.get_logger("feed")


def watched(board: Board, feed: Feed, exchanges: Calendars) -> tuple[Quarantine, Sheets]:
    """What stands before the board, and the sheets that are kept of what it shows."""
    listed = feed.instruments()
    sheets = Sheets(days_of(exchanges, listed))
    board.subscribe(sheets.on_quote)
    live = isinstance(feed, KrakenFeed)
    return Quarantine(board.publish, frozenset(one.symbol for one in listed), live=live), sheets


async def take_up(engine: Engine) -> None:
    """The sheets go on with the sessions that were kept; before the first slice."""

    def kept() -> None:
        with postgres.connect(engine.dsn) as db:
            engine.sheets.resume(sessions(db))

    await asyncio.to_thread(kept)


async def recording(engine: Engine) -> Coroutine[Any, Any, object]:
    """What prints on the board becomes candles."""
    settings = engine.settings
    recorder = Recorder(
        engine.dsn,
        settings.feed,
        days_of(engine.calendars, engine.instruments),
        Retention(settings.candles_seconds_days, settings.candles_minutes_days),
    )
    await asyncio.to_thread(recorder.take_up)
    engine.board.subscribe(recorder.on_quote)
    engine.quarantine.late = recorder.on_late
    return recorder.run()


def closing(engine: Engine, clock: Callable[[], datetime]) -> Coroutine[Any, Any, object]:
    """Days that are over are put on the tape by their hash."""
    return Closing(engine.dsn, engine.settings.feed, engine.dispatch, clock, engine.ids).run()


def show_the_last_round(engine: Engine, now: datetime) -> None:
    """A simulated market was open before we came: nobody shall find it without quotes."""
    if engine.settings.feed != "sim":
        return
    for quote in engine.feed.slices(now - LAST_ROUND):
        if quote.at >= now:
            break
        engine.quarantine(replace(quote, received_at=now))


async def playing(
    engine: Engine, clock: Callable[[], datetime], pace: Callable[[float], Awaitable[None]]
) -> None:
    """Play the feed; a recording that is over leaves a market without fresh quotes."""
    if isinstance(engine.feed, KrakenFeed):
        await engine.feed.run(engine.quarantine, engine.quarantine.withhold, clock, pace)
    await play(engine.feed, engine.quarantine, clock, pace, speed_of(engine.settings))
    _log.warning("the feed is over", slices=engine.board.count, left_out=str(engine.feed.flaws))
    await asyncio.Event().wait()


async def illness(engine: Engine, now: datetime) -> str | None:
    """What is wrong with the market's news; None when they are sound, or none are due."""
    trouble = engine.feed.trouble if isinstance(engine.feed, KrakenFeed) else None
    return trouble or engine.quarantine.ill() or _silence(engine, now)


def _silence(engine: Engine, now: datetime) -> str | None:
    newest = engine.board.newest
    if newest is not None and now - newest.received_at <= SILENT:
        return None
    exchanges = {one.exchange for one in engine.instruments}
    if not any(engine.calendars.of(exchange).is_open(now) for exchange in exchanges):
        return None
    if newest is None:
        return "no quote has come yet"
    return f"no quote for {(now - newest.received_at).total_seconds():.0f} s"


async def ending(engine: Engine, now: datetime) -> str | None:
    """Which exchanges of the feed are closed before long, for want of a calendar."""
    exchanges = {one.exchange for one in engine.instruments}
    over = engine.calendars.ending(exchanges, now.date())
    said = (f"no session of {name} is known after {day}" for name, day in over.items())
    return ", ".join(said) or None

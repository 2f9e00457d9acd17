"""
The parts of the service, and how they are put together in one process.

``serve`` answers, ``feed`` plays the market, ``react`` is the paper venue, ``project`` keeps
the read models, ``relay`` publishes.  Parts in one process share what they can: the quote
board, and dispatch, whose commits the venue then hears without reading the tape.
"""

from __future__ import annotations

import asyncio
import secrets
import signal
import sys
import threading
from argparse import Namespace
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

import psycopg
import structlog
import uvloop
from msgspec import Struct
from psycopg_pool import AsyncConnectionPool

from adapters import postgres, quotes, telemetry
from adapters.approvals import followed
from adapters.calendars import CalendarError, calendars
from adapters.feeds import Board, Feed, FeedError, Quarantine, Sheets, feed_from
from adapters.garbage import spare_what_stays
from adapters.histories import connecting, histories, retelling
from adapters.ids import Ids
from adapters.keys import kept
from adapters.mail.outbox import fill
from adapters.mail.post import Post
from adapters.masters import on_listed_terms
from adapters.people.people import people_of
from adapters.projector import Projector
from adapters.reactor.agenda import Agenda
from adapters.reactor.clock import Clock
from adapters.relay import Refused, Relay
from adapters.settings import Settings
from adapters.tape import AsyncTape, facts_of, follow
from adapters.venue import Floor, Venue
from adapters.venue.standing import take_up
from api import feeding
from api.lookout import lookout
from api.version import CODE
from commands.dispatch import Dispatch
from domain.base import Fact
from domain.market import Calendars, Instrument

Work = Coroutine[Any, Any, object]

_log = structlog.get_logger("parts")


class CannotRun(Exception):
    """What is missing, in a sentence."""


class Engine(Struct, frozen=True):
    """
    What the parts of one process share.

    ``instruments`` are those that the feed quotes, on the terms of the imported lists.
    """

    settings: Settings
    dsn: str
    ids: Ids
    tape: AsyncTape
    dispatch: Dispatch
    feed: Feed
    instruments: tuple[Instrument, ...]
    board: Board
    quarantine: Quarantine
    sheets: Sheets
    calendars: Calendars


def clock() -> datetime:
    return datetime.now(UTC)


def run(settings: Settings, asked: Namespace) -> int:
    """Run these parts in this process until a signal ends them."""
    folder = settings.data / "logs" if settings.log_files else None
    telemetry.configure(settings.log_level, folder, settings.debug)
    try:
        if settings.database_url is None or settings.nats_url is None:
            raise CannotRun("set DATABASE_URL and NATS_URL, or start everything: papertape up")
        uvloop.run(_run(settings, settings.database_url, frozenset(asked.parts), asked.fd))
    except (CannotRun, CalendarError, FeedError, Refused, OSError, psycopg.Error) as error:
        print(f"papertape: {' '.join(str(error).split())}", file=sys.stderr)
        return 1
    return 0


async def _run(settings: Settings, dsn: str, parts: frozenset[str], fd: int | None) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        ending: list[Work] = []  # these look at stop, and finish what they began
        endless: list[Work] = []
        if parts & {"serve", "feed", "react"}:
            engine = await stack.enter_async_context(_engine(settings, dsn))
            endless += await _market(engine, parts)
            if "serve" in parts:
                doors = import_module("api.serve")  # who serves nobody carries no web framework
                ending.append(doors.serve(engine, stop, clock, fd))
        if "project" in parts:
            ending.append(_project(dsn, stop))
        if "relay" in parts:
            endless.append(_relay(dsn, settings.nats_url or "", alone=parts == {"relay"}))
        if "mail" in parts:
            endless.append(_mail(settings, dsn))
        spare_what_stays()
        await _until(stop, ending, endless)


async def _until(stop: asyncio.Event, ending: list[Work], endless: list[Work]) -> None:
    """Let all of it work until a signal comes, or one of it ends, which is an error."""
    first = [asyncio.create_task(work) for work in ending]
    others = [asyncio.create_task(work) for work in endless]
    signalled = asyncio.create_task(stop.wait())
    await asyncio.wait([signalled, *first, *others], return_when=asyncio.FIRST_COMPLETED)
    stop.set()
    results = await asyncio.gather(signalled, *first, return_exceptions=True)
    for task in others:
        task.cancel()
    results += await asyncio.gather(*others, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result


@asynccontextmanager
async def _engine(settings: Settings, dsn: str) -> AsyncIterator[Engine]:
    ids = Ids()
    async with AsyncTape(dsn, clock, CODE) as tape:
        dispatch = Dispatch(
            tape,
            ids,
            states_max=settings.state_cache,
            queue_max=settings.queue_max,
            batch_max=settings.batch_max,
        )
        if settings.log_files:
            trades = telemetry.LogFile(settings.data / "logs" / "trades.log")
            dispatch.followers.append(telemetry.trades_log(trades))
        feed, board, exchanges = feed_from(settings, clock().date()), Board(), calendars()
        guard, sheets = feeding.watched(board, feed, exchanges)
        listed = await asyncio.to_thread(_listed, dsn, feed)
        market = (feed, listed, board, guard, sheets, exchanges)
        try:
            yield Engine(settings, dsn, ids, tape, dispatch, *market)
        finally:
            await dispatch.close()


def _listed(dsn: str, feed: Feed) -> tuple[Instrument, ...]:
    with postgres.connect(dsn) as db:
        return on_listed_terms(db, feed.instruments())


async def _market(engine: Engine, parts: frozenset[str]) -> list[Work]:
    """Quotes, from our own feed or from another process, and the venue that fills from them."""
    works: list[Work] = []
    pace: Callable[[float], Awaitable[None]] = asyncio.sleep
    if "react" in parts:
        dispatch = retelling(engine.dispatch, histories(connecting(engine.dsn)))
        works.append(followed(engine.dsn, dispatch, engine.tape, clock).run())
        works.append(_clock(engine))
        floor, position = await _venue(engine)
        pace = floor.pace
        works.append(floor.watch_the_clock())
        post, known = await lookout(engine, clock)
        works.append(post.run())
        if "serve" in parts:
            engine.dispatch.followers += [floor.told, post.told]
        else:
            works.append(floor.follow(_facts(engine.dsn, position)))
            works.append(post.follow(_facts(engine.dsn, known)))
    nats_url = engine.settings.nats_url or ""
    await feeding.take_up(engine)
    if "feed" in parts:
        works += [await feeding.recording(engine), feeding.closing(engine, clock)]
        feeding.show_the_last_round(engine, clock())
        works.append(feeding.playing(engine, clock, pace))
        if not parts & {"serve", "react"}:
            works.append(quotes.publish(engine.board, nats_url))
    else:
        works.append(quotes.listen(engine.quarantine, nats_url))
    return works


async def _venue(engine: Engine) -> tuple[Floor, int]:
    """The venue with the orders that stand, and the position of the last fact it knows."""
    max_age = timedelta(milliseconds=engine.settings.quote_max_age_ms)
    secret = kept(engine.settings.data / "keys" / "venue", lambda: secrets.token_bytes(32))
    listed = engine.instruments
    venue = Venue(listed, calendars=engine.calendars, max_age=max_age, secret=secret)
    floor = Floor(venue, engine.dispatch, clock)

    def begin() -> int:
        with postgres.connect(engine.dsn) as db:
            return take_up(floor, db)

    position = await asyncio.to_thread(begin)
    engine.board.subscribe(floor.on_quote)
    _log.info("venue open", working=len(venue), position=position)
    return floor, position


async def _clock(engine: Engine) -> None:
    """Ask the accounts for what is due, as long as the process lives."""
    dsn = postgres.as_app(engine.dsn)
    pool = AsyncConnectionPool[Any](dsn, min_size=1, max_size=2, open=False, name="clock")
    listed = {one.symbol: one for one in engine.instruments}
    async with pool:
        agenda = Agenda(pool)
        due = Clock(
            agenda,
            engine.dispatch,
            clock,
            board=engine.board,
            instruments=listed,
            calendars=engine.calendars,
        )
        await due.run()


async def _project(dsn: str, stop: asyncio.Event) -> None:
    """The projector works synchronously, in a thread of its own."""
    halt = threading.Event()
    projecting = asyncio.create_task(asyncio.to_thread(Projector(dsn).run, halt))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([projecting, stopping], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    halt.set()
    await projecting


async def _relay(dsn: str, nats_url: str, *, alone: bool) -> None:
    """A relay that must not go on is for people to resolve; the parts beside it do go on."""
    try:
        await Relay(dsn, nats_url).run()
    except Refused:
        if alone:
            raise
        await asyncio.Event().wait()


async def _mail(settings: Settings, dsn: str) -> None:
    """Without a mail server the letters are only written: /mailbox shows them."""
    pool = AsyncConnectionPool[Any](
        postgres.as_app(dsn), kwargs={"autocommit": True}, min_size=1, max_size=2, open=False
    )
    async with pool:
        people = people_of(settings, pool, clock)
        filling = fill(dsn, people.codes)
        if settings.smtp_host is None:
            await filling
        else:
            await asyncio.gather(filling, Post(settings, people.writer, clock).run(dsn))


async def _facts(dsn: str, after: int) -> AsyncIterator[list[Fact]]:
    async for rows in follow(dsn, after):
        yield facts_of(rows)

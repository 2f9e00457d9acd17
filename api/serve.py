"""``serve``: the doors of one process, opened on a socket and closed without haste."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg
import uvicorn
from psycopg_pool import AsyncConnectionPool

from adapters.back_room import BackRoom
from adapters.by_heart import tail_from
from adapters.desks import DesksInMemory, house_limits
from adapters.histories import histories
from adapters.masters import Found, search
from adapters.people.people import people_of
from adapters.postgres import Patient, as_app
from adapters.projector import Seen
from adapters.sessions import Sessions
from adapters.settings import Settings
from adapters.standings import Standings
from adapters.tape.reader import STREAM, STREAM_PAGE, facts_of, row_factory
from adapters.tokens import Tokens
from api.app import create_app
from api.auth.opening import open_gate
from api.feeding import ending, illness
from api.first_admin import establish
from api.house import House
from api.protocol import Door
from api.version import VERSION
from commands.identity import ACCESS_STREAM
from domain.base import fold
from domain.trading import Account
from domain.trading.desk import STREAM as DESKS
from projections import READ_MODELS, query
from projections.query import Page

if TYPE_CHECKING:
    from api.parts import Engine

STANDING = "SELECT name, state FROM rm.checkpoint WHERE state <> 'building'"
VIEWS_MAX = 8
GRACE_S = 10
FRAME_BYTES_MAX = 65_536  # of one message on a WebSocket
IDLE_S = 75


class Server(uvicorn.Server):
    """Uvicorn that leaves signals to whoever runs it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(
    engine: Engine, stop: asyncio.Event, clock: Callable[[], datetime], fd: int | None
) -> None:
    """Answer until ``stop``; then take no more requests and finish those that came."""
    async with _house(engine, clock) as house:
        await establish(house)
        server = Server(
            uvicorn.Config(
                create_app(house),
                host=engine.settings.host,
                port=engine.settings.port,
                http=Door,
                ws="websockets-sansio",
                ws_max_size=FRAME_BYTES_MAX,
                log_config=None,
                access_log=False,
                server_header=False,
                lifespan="off",
                proxy_headers=False,
                timeout_keep_alive=IDLE_S,
                timeout_graceful_shutdown=GRACE_S,
            )
        )
        door = None if fd is None else [socket.socket(fileno=fd)]
        serving = asyncio.create_task(server.serve(door))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait([serving, stopping], return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
        stopping.cancel()
        await serving


@asynccontextmanager
async def _house(engine: Engine, clock: Callable[[], datetime]) -> AsyncIterator[House]:
    settings, dsn = engine.settings, engine.dsn
    keys = settings.data / "keys"
    views = _views(dsn)
    seen = Seen(views.connection)
    access = Standings(tail_from(views, ACCESS_STREAM), clock)
    engine.dispatch.followers.append(access.committed)  # first: what is decided next knows it
    desks = _desks(engine, views)
    tokens = Tokens(keys, engine.ids, timedelta(minutes=settings.access_token_expire_minutes))
    opening = open_gate(engine, views, tokens, clock)
    async with views, _warm(views), access.kept_fresh(), desks.kept_fresh(), opening as gate:
        yield House(
            version=VERSION,
            settings=settings,
            clock=clock,
            ids=engine.ids,
            dispatch=engine.dispatch,
            head=lambda: _head(engine),
            seen=lambda position: seen(position, READ_MODELS),
            past=lambda account_id, upto: _past(views, account_id, upto),
            history=histories(views.connection),
            views=views,
            back_room=BackRoom(dsn),
            board=engine.board,
            sheets=engine.sheets,
            instruments={one.symbol: one for one in engine.instruments},
            access=access,
            listed=lambda **asked: _listed(views, **asked),
            calendars=engine.calendars,
            people=people_of(settings, views, clock),
            sessions=_sessions(views, settings, clock),
            desks=desks,
            tokens=tokens,
            gate=gate,
            checks={
                "tape": lambda: _nothing_wrong(engine.tape.ping()),
                "read models": lambda: _wrong_models(views),
            },
            warnings={
                "feed": lambda: illness(engine, clock()),
                "calendars": lambda: ending(engine, clock()),
            },
            gauges={
                "commands_waiting": lambda: engine.dispatch.waiting,
                "quotes_published": lambda: engine.board.count,
            },
            tallies={"quotes_withheld": engine.quarantine.counts},
        )


def _views(dsn: str) -> AsyncConnectionPool[Any]:
    return AsyncConnectionPool[Any](
        as_app(dsn),
        connection_class=Patient,
        kwargs={"autocommit": True},
        configure=query.prepare,
        min_size=1,
        max_size=VIEWS_MAX,
        open=False,
        timeout=2.0,
        check=AsyncConnectionPool.check_connection,
        name="views",
    )


def _sessions(
    views: AsyncConnectionPool[Any], settings: Settings, clock: Callable[[], datetime]
) -> Sessions:
    idle = timedelta(days=settings.refresh_token_expire_days)
    return Sessions(views, settings.data / "keys", clock, idle)


def _desks(engine: Engine, views: AsyncConnectionPool[Any]) -> DesksInMemory:
    desks = DesksInMemory(tail_from(views, DESKS), house_limits(engine.settings))
    engine.dispatch.followers.append(desks.committed)
    return desks


async def _head(engine: Engine) -> int:
    return (await engine.tape.head()).position


async def _nothing_wrong(probe: Awaitable[None]) -> None:
    await probe


async def _wrong_models(views: AsyncConnectionPool[Any]) -> str | None:
    """Which read models are not there yet, or were stopped by a fact they cannot take in."""
    async with views.connection() as db:
        rows = await (await db.execute(STANDING)).fetchall()
    missing = READ_MODELS.keys() - {name for name, _ in rows}
    stopped = [name for name, state in rows if state == "stopped"]
    wrong = [*(f"{name} is not made yet" for name in sorted(missing))]
    wrong += [f"{name} is stopped" for name in stopped]
    return ", ".join(wrong) or None


@asynccontextmanager
async def _warm(views: AsyncConnectionPool[Any]) -> AsyncIterator[None]:
    """Meanwhile search once, so that nobody waits for indexes that are not in memory yet."""

    async def look() -> None:
        with suppress(psycopg.Error):
            await _listed(views, q="NIFTY BANK")

    looking = asyncio.create_task(look())
    yield
    await looking


async def _listed(views: AsyncConnectionPool[Any], **asked: Any) -> Page[Found]:
    async with views.connection() as db:
        return await search(db, **asked)


async def _past(
    views: AsyncConnectionPool[Any], account_id: UUID, upto: int | datetime | None
) -> tuple[int, Account]:
    """The account as it was, folded from the tape; position 0 if it was not there yet."""
    position = upto if isinstance(upto, int) else None
    moment = upto if isinstance(upto, datetime) else None
    account, reached, version = Account(), 0, -1
    async with views.connection() as db, db.cursor(binary=True, row_factory=row_factory) as cursor:
        while True:
            values = (f"account-{account_id}", version, position, moment, STREAM_PAGE)
            rows = await (await cursor.execute(STREAM, values, prepare=True)).fetchall()
            if not rows:
                return reached, account
            account = fold(account, (fact.event for fact in facts_of(rows)))
            reached, version = rows[-1].position, rows[-1].version

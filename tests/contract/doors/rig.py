"""The doors without a house behind them: a tape in memory, and read models that nobody asks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import httpx
from litestar import Litestar, get, post
from litestar.types import ControllerRouterHandler
from msgspec.structs import replace
from psycopg_pool import AsyncConnectionPool

from adapters.back_room import BackRoom
from adapters.calendars import calendars
from adapters.candles import days_of
from adapters.desks import DesksInMemory
from adapters.ended import Ended
from adapters.feeds import Board, Sheets
from adapters.histories import Histories
from adapters.ids import Ids
from adapters.masters import Found
from adapters.people.people import people_of
from adapters.sessions import Sessions
from adapters.settings import Settings
from adapters.standings import Standings
from adapters.tape import MemoryTape
from adapters.tokens import Tokens
from api.app import create_app
from api.auth import PUBLIC, Gate
from api.house import House
from commands.dispatch import Dispatch
from commands.identity import ACCESS_STREAM
from domain.base import Event, Fact
from domain.market import Instrument, InstrumentType, Quote
from domain.trading import Account
from domain.trading.desk import STREAM as DESKS
from projections.query import Page

SHARE = Instrument(
    symbol="ACME",
    name="Acme Works",
    exchange="SIM",
    type=InstrumentType.EQ,
    currency="INR",
    tick_size=Decimal("0.05"),
)


UNTOLD = "what only we may know"


@get("/bench/broken")
async def broken() -> None:
    raise RuntimeError(UNTOLD)


@post("/bench/empty")
async def empty() -> None:
    """The least a door can do."""


@get("/bench/public", opt=PUBLIC)
async def public() -> None:
    """For anybody."""


EXTRA = (broken, empty, public)


def now() -> datetime:
    return datetime.now(UTC)


class Doors:
    """One application, a client of it, and the tape behind it."""

    def __init__(self, tape: MemoryTape, house: House, app: Litestar) -> None:
        self.tape = tape
        self.house = house
        self.app = app
        self.user_id = house.ids()
        token = house.tokens.issue(self.user_id)
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(cast(Any, app)),  # one protocol, typed twice
            base_url="http://papertape",
            headers={"Authorization": f"Bearer {token}"},
        )

    async def account(self, capital: str = "1000000") -> str:
        body = {"kind": "PAPER", "currency": "INR", "opening_capital": capital}
        answer = await self.http.post("/api/v1/accounts", json=body)
        return str(answer.json()["account_id"])


async def past(account_id: UUID, upto: int | datetime | None) -> tuple[int, Account]:
    return 0, Account()


def history_in(tape: MemoryTape) -> Histories:
    async def history(account_id: UUID) -> tuple[Event, ...]:
        return tuple(fact.event for fact in tape.stream(f"account-{account_id}"))

    return history


async def nothing_listed(**asked: object) -> Page[Found]:
    return Page([])


def make(keys: Path, tape: MemoryTape, **changes: Any) -> House:
    """A house of which nothing is open yet; ``changes`` are fields of it."""
    ids, board = Ids(), Board()
    views = nowhere()
    dispatch = Dispatch(tape, ids)
    board.publish(
        Quote("ACME", "test", 1, now(), now(), Decimal(100), Decimal(9), Decimal(101), Decimal(9))
    )

    async def head() -> int:
        return tape.head().position

    async def seen(position: int) -> None:
        """Everything is shown at once."""

    settings = changes.get("settings", Settings())

    house = House(
        version="0",
        settings=settings,
        clock=now,
        ids=ids,
        dispatch=dispatch,
        head=head,
        seen=seen,
        past=past,
        history=history_in(tape),
        views=views,
        back_room=BackRoom("host=/nowhere"),
        board=board,
        sheets=Sheets(days_of(calendars(), [SHARE])),
        instruments={SHARE.symbol: SHARE},
        listed=nothing_listed,
        desks=desks_of(tape, dispatch),
        access=access_of(tape, dispatch),
        calendars=calendars(),
        people=people_of(replace(settings, data=keys.parent), views, now),
        sessions=Sessions(views, keys, now, timedelta(days=7)),
        tokens=Tokens(keys, ids),
        gate=gate_of(settings, views, dispatch, ids, keys),
        checks={},
        gauges={"commands_waiting": lambda: dispatch.waiting},
    )
    return replace(house, **changes)


def nowhere() -> AsyncConnectionPool[Any]:
    """Read models that nobody can ask."""
    return AsyncConnectionPool[Any](
        "host=/nowhere", open=False, min_size=0, max_size=1, timeout=0.1
    )


def desks_of(tape: MemoryTape, dispatch: Dispatch) -> DesksInMemory:
    async def tail(version: int) -> list[Fact]:
        return list(tape.stream(DESKS))

    desks = DesksInMemory(tail)
    dispatch.followers.append(desks.committed)
    return desks


def access_of(tape: MemoryTape, dispatch: Dispatch) -> Standings:
    async def tail(version: int) -> list[Fact]:
        return list(tape.stream(ACCESS_STREAM))

    access = Standings(tail, now)
    dispatch.followers.append(access.committed)
    return access


def gate_of(
    settings: Settings, views: AsyncConnectionPool[Any], dispatch: Dispatch, ids: Ids, keys: Path
) -> Gate:
    """A gate that knows of whoever signs out here."""
    ended = Ended(now, timedelta(minutes=6))
    dispatch.followers.append(ended.committed)
    ended.begin_with(())
    return Gate(settings, views, dispatch, ids, now, keys=keys, ended=ended)


@asynccontextmanager
async def doors(
    keys: Path, *extra_routes: ControllerRouterHandler, **changes: Any
) -> AsyncIterator[Doors]:
    tape = MemoryTape()
    house = make(keys, tape, **changes)
    await house.access.look()
    await house.desks.look()
    opened = Doors(tape, house, create_app(house, extra_routes))
    try:
        async with opened.http:
            yield opened
    finally:
        await house.gate.close()
        await house.dispatch.close()

"""Histories: every fact of one account, for whoever tells it again to correct it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any
from uuid import UUID

from msgspec.structs import replace
from psycopg import AsyncConnection

from adapters.postgres import connect_async
from adapters.tape.reader import STREAM, STREAM_PAGE, facts_of, row_factory
from commands.base import Caller, Claim, Command, Receipt
from commands.trading import MovedOn, Restating
from domain.base import Event

#: The facts of an account, oldest first; none if there is no such account.
Histories = Callable[[UUID], Awaitable[tuple[Event, ...]]]
Dispatch = Callable[[Command, Caller, Claim], Awaitable[Receipt]]
Connections = Callable[[], AbstractAsyncContextManager[AsyncConnection[Any]]]

#: How often the history of an account that goes on trading is read for one correction.
TRIES = 8


def retelling(dispatch: Dispatch, history: Histories) -> Dispatch:
    """A dispatch that gives what restates an account that account's history, as of now."""

    async def retell(command: Command, by: Caller, claim: Claim) -> Receipt:
        if not isinstance(command, Restating):
            return await dispatch(command, by, claim)
        for _ in range(TRIES - 1):
            told = await history(command.account_id)
            try:
                return await dispatch(replace(command, history=told), by, claim)
            except MovedOn:
                continue
        told = await history(command.account_id)
        return await dispatch(replace(command, history=told), by, claim)

    return retell


def histories(connection: Connections) -> Histories:
    """As the tape in Postgres has them, committed facts only."""

    async def history(account_id: UUID) -> tuple[Event, ...]:
        events: list[Event] = []
        version = -1
        async with connection() as db, db.cursor(binary=True, row_factory=row_factory) as cursor:
            while True:
                values = (f"account-{account_id}", version, None, None, STREAM_PAGE)
                rows = await (await cursor.execute(STREAM, values, prepare=True)).fetchall()
                if not rows:
                    return tuple(events)
                events += (fact.event for fact in facts_of(rows))
                version = rows[-1].version

    return history


def connecting(dsn: str) -> Connections:
    """A connection of its own for each, for those who ask seldom."""

    @asynccontextmanager
    async def connection() -> AsyncIterator[AsyncConnection[Any]]:
        async with await connect_async(dsn) as db:
            yield db

    return connection

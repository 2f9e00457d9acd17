"""A traded history, projected, and looked at by its owners."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg import Connection

from adapters.postgres import connect, connect_async
from adapters.projector import install
from adapters.projector.live import Live
from adapters.servers import Database
from domain.base import Fact
from projections import (
    READ_MODELS,
)
from projections.base import columns
from projections.query import Db, Page, prepare
from tests import servers
from tests.contract.history import Trading, record

FACTS = 700
NOBODY = UUID(int=7)
MARKS = {"SPY": Decimal("451"), "IBM": Decimal("180.5"), "DUST-USD": Decimal("0.0125")}


@contextmanager
def projected(server: Database, facts: list[Fact]) -> Iterator[Database]:
    with servers.fresh_database(server) as database:
        with connect(database.dsn) as db:
            record(db, facts)
            project(db, page=500)
        yield database


@asynccontextmanager
async def looking(database: Database) -> AsyncIterator[Db]:
    async with await connect_async(database.dsn) as db:
        await prepare(db)
        yield db


def owner_of(trading: Trading, account_id: UUID) -> UUID:
    return UUID(trading.account(account_id).owner.removeprefix("user:"))


def project(db: Connection[Any], page: int) -> None:
    install(db, READ_MODELS)
    live = Live(db, READ_MODELS)
    while live.step(page):
        pass


def rows(db: Connection[Any], name: str) -> list[tuple[Any, ...]]:
    table = READ_MODELS[name].TABLE
    shown = (f"{c.name}::text" if c.sql == "json" else c.name for c in columns(table))
    key = ", ".join(table.key)
    query = f"SELECT {', '.join(shown)} FROM rm.{name} ORDER BY {key}"
    return db.execute(query.encode()).fetchall()


async def everything(
    query: Callable[..., Awaitable[Page[Any]]],
    db: Db,
    owner: UUID,
    account_id: UUID,
    limit: int,
) -> list[Any]:
    items: list[Any] = []
    cursor: str | None = None
    for _ in range(1000):
        page = await query(db, owner, account_id, limit=limit, cursor=cursor)
        items += page.items
        cursor = page.next
        if cursor is None:
            return items
    raise AssertionError("pages without end")

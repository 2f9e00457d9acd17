"""Read models are shown page by page, in plain decimals, and only to their owner."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC
from typing import Any
from uuid import UUID

import pytest
from msgspec import json

from adapters.postgres import connect, connect_async
from adapters.servers import Database
from domain.base import Fact
from domain.errors import Invalid, NotFound
from projections import (
    accounts,
    contract_notes,
    daily_pnl,
    equity,
    fills,
    ledger,
    lots,
    orders,
    performance,
    positions,
    trades,
    wallets,
)
from projections.query import Db, prepare
from tests.contract import views as views_of
from tests.contract.history import OPENING, Trading, record
from tests.contract.views import FACTS, NOBODY, everything, owner_of, project


@pytest.fixture(scope="module")
def trading() -> Trading:
    return Trading(seed=3)


@pytest.fixture(scope="module")
def facts(trading: Trading) -> list[Fact]:
    return trading.facts(FACTS)


@pytest.fixture(scope="module")
def projected(postgres_server: Database, facts: list[Fact]) -> Iterator[Database]:
    with views_of.projected(postgres_server, facts) as database:
        yield database


@pytest.fixture
async def views(projected: Database) -> AsyncIterator[Db]:
    async with views_of.looking(projected) as db:
        yield db


OF_ACCOUNT: dict[str, Callable[[Db, UUID, UUID], Awaitable[Any]]] = {
    "accounts": accounts.one,
    "orders": orders.of_account,
    "fills": fills.of_account,
    "positions": lambda db, owner, account: positions.of_account(db, owner, account, {}),
    "lots": lots.of_account,
    "wallets": lambda db, owner, account: wallets.of_account(db, owner, account, {}),
    "ledger": ledger.of_account,
    "equity": equity.of_account,
    "curve": equity.curve,
    "trades": trades.of_account,
    "daily_pnl": daily_pnl.of_account,
    "contract_notes": contract_notes.of_account,
    "performance": performance.of_account,
}


@pytest.mark.anyio
@pytest.mark.parametrize("ask", OF_ACCOUNT.values(), ids=list(OF_ACCOUNT))
async def test_nobody_sees_an_account_that_is_not_theirs(
    views: Db, trading: Trading, ask: Callable[[Db, UUID, UUID], Awaitable[Any]]
) -> None:
    account_id = trading.accounts[0]
    owner = owner_of(trading, account_id)
    assert await ask(views, owner, account_id)
    for stranger in (NOBODY, *(set(trading.owners) - {owner})):
        with pytest.raises(NotFound, match="ACCOUNT_UNKNOWN"):
            await ask(views, stranger, account_id)
    with pytest.raises(NotFound, match="ACCOUNT_UNKNOWN"):
        await ask(views, owner, NOBODY)


@pytest.mark.anyio
async def test_nobody_sees_an_order_or_a_position_that_is_not_theirs(
    views: Db, trading: Trading
) -> None:
    account_id = trading.accounts[0]
    owner = owner_of(trading, account_id)
    order = (await orders.of_account(views, owner, account_id, limit=1)).items[0]
    position = (await positions.of_account(views, owner, account_id, {}))[0]
    with pytest.raises(NotFound, match="ORDER_UNKNOWN"):
        await orders.one(views, NOBODY, order.order_id)
    with pytest.raises(NotFound, match="ORDER_UNKNOWN"):
        await fills.of_order(views, NOBODY, order.order_id)
    with pytest.raises(NotFound, match="POSITION_UNKNOWN"):
        await positions.one(views, NOBODY, position.position_id, {})


@pytest.mark.anyio
async def test_an_account_without_trades_has_empty_lists_and_not_an_error(
    database: Database,
) -> None:
    trading = Trading(seed=1, accounts=1)
    with connect(database.dsn) as db:
        record(db, trading.facts(1))
        project(db, page=500)
    account_id = trading.accounts[0]
    owner = owner_of(trading, account_id)
    async with await connect_async(database.dsn) as views:
        await prepare(views)
        assert (await orders.of_account(views, owner, account_id)).items == []
        assert (await fills.of_account(views, owner, account_id)).items == []
        assert await positions.of_account(views, owner, account_id, {}) == []
        assert (await lots.of_account(views, owner, account_id)).items == []


@pytest.mark.anyio
@pytest.mark.parametrize("limit", [1, 3, 500])
async def test_pages_hold_everything_once_and_newest_first(
    views: Db, trading: Trading, limit: int
) -> None:
    account_id = trading.accounts[0]
    owner = owner_of(trading, account_id)
    account = trading.account(account_id)
    shown = await everything(orders.of_account, views, owner, account_id, limit)
    placed = [order.placed for order in shown]
    assert placed == sorted(set(placed), reverse=True)
    assert {order.order_id for order in shown} == {*account.orders, *account.done}


@pytest.mark.anyio
@pytest.mark.parametrize(
    "cursor", ["", "x", "====", "WzFd.", "W10", "WyJhIl0", "Wy0xXQ", "é", "WzEsMl0"]
)
async def test_a_cursor_that_we_never_gave_is_refused(
    views: Db, trading: Trading, cursor: str
) -> None:
    account_id = trading.accounts[0]
    owner = owner_of(trading, account_id)
    with pytest.raises(Invalid, match="cursor"):
        await orders.of_account(views, owner, account_id, cursor=cursor)


@pytest.mark.anyio
@pytest.mark.parametrize("limit", [0, -1, 501])
async def test_a_page_is_neither_empty_nor_endless(views: Db, trading: Trading, limit: int) -> None:
    owner = owner_of(trading, trading.accounts[0])
    with pytest.raises(Invalid, match="limit"):
        await orders.of_account(views, owner, trading.accounts[0], limit=limit)


@pytest.mark.anyio
async def test_amounts_are_plain_decimals_and_times_are_utc(views: Db, trading: Trading) -> None:
    documents = b""
    for account_id in trading.accounts:
        owner = owner_of(trading, account_id)
        for ask in OF_ACCOUNT.values():
            documents += json.encode(await ask(views, owner, account_id))
        wallet = await wallets.of_account(views, owner, account_id, {})
        assert wallet.updated_at.tzinfo is not None
        assert wallet.updated_at.utcoffset() == OPENING.astimezone(UTC).utcoffset()
    plain = json.decode(documents.replace(b"}{", b"}\n{").split(b"\n")[0])
    assert plain["opening_capital"] == "100000"
    assert b"DUST-USD" in documents
    for exponent in (b"E-", b"E+"):
        assert exponent not in documents
    assert b'.0"' not in documents

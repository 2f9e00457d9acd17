"""Trades, days and performance add up to what the account itself has come to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from uuid import UUID

import pytest

from adapters.servers import Database
from domain.errors import Invalid
from domain.trading import AccountOpened, FundsDeposited, FundsWithdrawn, OrderFilled
from projections import contract_notes, daily_pnl, fills, performance, trades
from projections.query import Db
from tests.contract import views as views_of
from tests.contract.history import Trading
from tests.contract.views import FACTS, everything, owner_of

ZERO = Decimal(0)
SEED = 8
pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def trading() -> Trading:
    return Trading(seed=SEED)


@pytest.fixture(scope="module")
def projected(postgres_server: Database, trading: Trading) -> Iterator[Database]:
    with views_of.projected(postgres_server, trading.facts(FACTS)) as database:
        yield database


@pytest.fixture
async def views(projected: Database) -> AsyncIterator[Db]:
    async with views_of.looking(projected) as db:
        yield db


def realised(trading: Trading, account_id: UUID) -> Decimal:
    account = trading.account(account_id)
    return sum((held.realised_fifo for held in account.positions.values()), ZERO)


async def test_the_matches_of_lots_bring_what_the_account_realised_by_fifo(
    views: Db, trading: Trading
) -> None:
    matched = compared = 0
    for account_id in trading.accounts:
        if trading.account(account_id).day.actions:
            continue  # what is paid for a fraction of a share is no trade
        compared += 1
        owner = owner_of(trading, account_id)
        fifo = await trades.of_account(
            views, owner, account_id, method=trades.Method.FIFO, limit=500
        )
        matched += len(fifo.items)
        gross = sum((Decimal(match.gross_pnl or 0) for match in fifo.items), ZERO)
        assert gross == realised(trading, account_id)
    assert matched > 10
    assert compared > 1


async def test_pages_of_trades_hold_every_trade_once(views: Db, trading: Trading) -> None:
    account_id = trading.accounts[0]
    owner = owner_of(trading, account_id)
    whole = (await trades.of_account(views, owner, account_id, limit=500)).items
    assert len(whole) > 3
    for limit in (1, 2):
        assert await everything(trades.of_account, views, owner, account_id, limit) == whole
    assert [trade.position for trade in whole] == sorted(
        (trade.position for trade in whole), reverse=True
    )


async def test_the_days_bring_what_the_account_has_less_what_was_paid_in(
    views: Db, trading: Trading
) -> None:
    for account_id in trading.accounts:
        owner = owner_of(trading, account_id)
        days = await daily_pnl.of_account(views, owner, account_id)
        balance = trading.account(account_id).balance
        paid_in = 100_000 + sum((Decimal(day.flow) for day in days), ZERO)
        net = sum((Decimal(day.net) for day in days), ZERO)
        assert net == balance.cash + balance.positions - paid_in
        assert Decimal(days[-1].equity) == balance.cash + balance.positions


async def test_contract_notes_hold_every_fill_once_and_add_up(views: Db, trading: Trading) -> None:
    for account_id in trading.accounts:
        owner = owner_of(trading, account_id)
        notes = await contract_notes.of_account(views, owner, account_id)
        shown = [line.exec_id for note in notes for line in note.lines]
        told = await everything(fills.of_account, views, owner, account_id, 500)
        assert sorted(shown) == sorted(fill.exec_id for fill in told)
        for note in notes:
            sides = {"BUY": ZERO, "SELL": ZERO}
            for line in note.lines:
                sides[line.side] += Decimal(line.gross)
            assert (Decimal(note.bought), Decimal(note.sold)) == (sides["BUY"], sides["SELL"])
            net = sides["SELL"] - sides["BUY"] - Decimal(note.fees_total)
            assert Decimal(note.net) == net
            assert sum(map(Decimal, note.fees.values()), ZERO) == Decimal(note.fees_total)


async def test_days_outside_the_range_are_left_out_and_nonsense_is_refused(
    views: Db, trading: Trading
) -> None:
    account_id = trading.accounts[0]
    owner = owner_of(trading, account_id)
    assert await daily_pnl.of_account(views, owner, account_id, since="2030-01-01") == []
    with pytest.raises(Invalid, match="since"):
        await daily_pnl.of_account(views, owner, account_id, since="yesterday")


async def test_performance_counts_the_trades_and_orders_of_the_account(
    views: Db, trading: Trading
) -> None:
    account_id = trading.accounts[0]
    owner = owner_of(trading, account_id)
    shown = await performance.of_account(views, owner, account_id)
    whole = (await trades.of_account(views, owner, account_id, limit=500)).items
    assert shown.trades == sum(trade.status == "CLOSED" for trade in whole) > 0
    assert shown.wins + shown.losses <= shown.trades
    assert shown.total_return is not None
    assert Decimal("0") < Decimal(shown.fill_ratio or 0) <= 1
    assert sum(part.trades for part in shown.by_symbol) == shown.trades
    later = await performance.of_account(views, owner, account_id, since="2030-01-01")
    assert (later.trades, later.total_return, later.fill_ratio) == (0, None, None)


def test_a_history_has_what_these_tests_look_at() -> None:
    kinds = {type(fact.event) for fact in Trading(seed=SEED).facts(FACTS)}
    assert {AccountOpened, FundsDeposited, FundsWithdrawn, OrderFilled} <= kinds

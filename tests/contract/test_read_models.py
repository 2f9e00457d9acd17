"""Read models say what the tape says, in whatever portions it is read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from decimal import Decimal

import pytest

from adapters.postgres import connect
from adapters.servers import Database
from domain.base import Fact
from domain.money import ZERO
from domain.trading import OrderFilled, Status
from projections import (
    READ_MODELS,
    accounts,
    dashboard,
    equity,
    fills,
    ledger,
    lots,
    orders,
    positions,
    wallets,
)
from projections.base import takes
from projections.query import Db
from projections.valuation import MarkQuality
from tests.contract import views as views_of
from tests.contract.history import RECORDED_AT_ONCE, Trading, record
from tests.contract.views import FACTS, MARKS, NOBODY, everything, owner_of, project, rows


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


@pytest.mark.parametrize("name", READ_MODELS)
def test_every_model_takes_facts_and_says_so(name: str) -> None:
    assert takes(READ_MODELS[name])


@pytest.mark.parametrize("page", [1, 7])
def test_every_model_is_the_same_in_whatever_portions_the_tape_is_read(
    database: Database, projected: Database, facts: list[Fact], page: int
) -> None:
    with connect(database.dsn) as db, connect(projected.dsn) as other:
        record(db, facts[:RECORDED_AT_ONCE])
        project(db, page)
        record(db, facts[RECORDED_AT_ONCE:])
        project(db, page)
        project(db, page)  # and again, when there is nothing new
        for name in READ_MODELS:
            assert rows(db, name), f"{name} has no rows, so nothing was compared"
            assert rows(db, name) == rows(other, name), name


@pytest.mark.anyio
async def test_what_people_see_is_what_the_account_decides_by(views: Db, trading: Trading) -> None:
    for account_id in trading.accounts:
        account = trading.account(account_id)
        owner = owner_of(trading, account_id)
        wallet = await wallets.of_account(views, owner, account_id, {})
        assert Decimal(wallet.cash) == account.balance.cash
        assert Decimal(wallet.reserved_orders) == account.balance.reserved
        assert Decimal(wallet.available) == account.available
        assert Decimal(wallet.positions_value) == account.balance.positions
        held = {
            f"{position.symbol}/{position.product}": position
            for position in await positions.of_account(views, owner, account_id, {})
        }
        assert held.keys() == {k for k, p in account.positions.items() if p.last_price}
        for key, position in held.items():
            said = account.positions[key]
            assert Decimal(position.quantity) == said.quantity
            assert Decimal(position.cost_basis) == said.cost_basis
            assert Decimal(position.realised_wac) == said.realised_wac
            assert Decimal(position.realised_fifo) == said.realised_fifo
            assert Decimal(position.settled_qty) == said.settled_qty
            if not account.day.actions:  # else units came from elsewhere
                assert Decimal(position.bought) - Decimal(position.sold) == said.quantity
        working = await orders.of_account(views, owner, account_id, only_open=True, limit=500)
        assert {order.order_id for order in working.items} == set(account.orders)
        for order in working.items:
            said_order = account.orders[order.order_id]
            assert order.status == said_order.status
            assert Decimal(order.leaves_qty) == said_order.leaves_qty
            assert Decimal(order.reserved) == said_order.reserved
            assert Decimal(order.turnover) == said_order.turnover
            assert Decimal(order.quantity) == said_order.order.quantity
        layers = await lots.of_account(views, owner, account_id, limit=500)
        assert {
            (lot.exec_id, Decimal(lot.quantity), Decimal(lot.amount)) for lot in layers.items
        } == {
            (lot.exec_id, lot.quantity, lot.amount)
            for position in account.positions.values()
            for lot in position.lots
        }


@pytest.mark.anyio
async def test_an_ended_order_has_the_status_the_account_remembers(
    views: Db, trading: Trading
) -> None:
    seen = set()
    for account_id in trading.accounts:
        account = trading.account(account_id)
        owner = owner_of(trading, account_id)
        for order_id, status in account.done.items():
            order = await orders.one(views, owner, order_id)
            assert order.status == status
            assert order.leaves_qty == "0"
            assert order.reserved == "0"
            assert (order.reject_code is not None) == (status is Status.REJECTED)
            total = Decimal(order.cum_qty) + Decimal(order.canceled_qty)
            assert status is Status.REJECTED or total == Decimal(order.quantity)
            seen.add(status)
    assert seen == {Status.FILLED, Status.CANCELED, Status.EXPIRED, Status.REJECTED}


@pytest.mark.anyio
async def test_the_ledger_adds_up_to_the_cash_line_by_line(views: Db, trading: Trading) -> None:
    kinds = set()
    for account_id in trading.accounts:
        account = trading.account(account_id)
        owner = owner_of(trading, account_id)
        lines = await everything(ledger.of_account, views, owner, account_id, 50)
        balance = ZERO
        for line in reversed(lines):
            balance += Decimal(line.amount)
            assert Decimal(line.balance_after) == balance
            kinds.add(line.kind)
        assert balance == account.balance.cash
    assert kinds - {"CLOSING"} == {
        "OPENING",
        "DEPOSIT",
        "WITHDRAWAL",
        "TRADE",
        "CORPORATE_ACTION",
    }


@pytest.mark.anyio
async def test_the_equity_curve_ends_where_the_account_is(views: Db, trading: Trading) -> None:
    for account_id in trading.accounts:
        account = trading.account(account_id)
        owner = owner_of(trading, account_id)
        whole = await everything(equity.of_account, views, owner, account_id, 40)
        worth = account.balance.cash + account.balance.positions
        assert Decimal(whole[0].equity) == worth
        drawn = await equity.curve(views, owner, account_id, points=10)
        assert len(drawn) <= 10
        assert drawn[-1] == whole[0]
        assert drawn == [point for point in reversed(whole) if point in drawn]


@pytest.mark.anyio
async def test_a_fill_shows_the_slice_of_the_market_that_proves_its_price(
    views: Db, facts: list[Fact], trading: Trading
) -> None:
    account_id = trading.accounts[0]
    owner = owner_of(trading, account_id)
    shown = await everything(fills.of_account, views, owner, account_id, 100)
    made = {
        fact.event.exec_id: fact.event
        for fact in facts
        if isinstance(fact.event, OrderFilled) and fact.event.account_id == account_id
    }
    assert [fill.exec_id for fill in shown] == list(reversed(made))
    for fill in shown:
        event = made[fill.exec_id]
        assert Decimal(str(fill.evidence["ask"])) == event.evidence.ask
        assert fill.evidence["rule"] == "TOUCH"
        assert Decimal(fill.price) == event.last_px
        assert fill in await fills.of_order(views, owner, fill.order_id)


@pytest.mark.anyio
async def test_a_live_mark_values_a_position_and_a_missing_one_is_owned_up_to(
    views: Db, trading: Trading
) -> None:
    qualities = set()
    for account_id in trading.accounts:
        owner = owner_of(trading, account_id)
        wallet = await wallets.of_account(views, owner, account_id, MARKS)
        value = ZERO
        for position in await positions.of_account(views, owner, account_id, MARKS):
            quantity, multiplier = Decimal(position.quantity), Decimal(position.multiplier)
            mark = MARKS.get(position.symbol, Decimal(position.last_price))
            assert position.mark == f"{mark:f}"
            assert Decimal(position.market_value) == round(quantity * mark * multiplier, 8)
            assert Decimal(position.unrealised) == Decimal(position.market_value) - Decimal(
                position.cost_basis
            )
            assert (position.average_price is None) == (quantity == 0)
            assert await positions.one(views, owner, position.position_id, MARKS) == position
            value += Decimal(position.market_value)
            qualities.add(position.mark_quality)
            if quantity and position.mark_quality is MarkQuality.LAST_FILL:
                assert position.symbol in wallet.unmarked
        assert Decimal(wallet.equity) == Decimal(wallet.cash) + value
        assert wallet.complete == (not wallet.unmarked)
    assert qualities == set(MarkQuality)


@pytest.mark.anyio
async def test_the_dashboard_adds_up_what_its_owner_has(views: Db, trading: Trading) -> None:
    for owner in trading.owners:
        shown = await dashboard.of_owner(views, owner, MARKS)
        mine = (await accounts.of_owner(views, owner)).items
        assert {account.account_id for account in shown.accounts} == {a.account_id for a in mine}
        for summary in shown.accounts:
            account = trading.account(summary.account_id)
            wallet = await wallets.of_account(views, owner, summary.account_id, MARKS)
            assert summary.open_orders == len(account.orders)
            assert summary.orders + summary.rejected == len(account.orders) + len(account.done)
            assert (summary.cash, summary.equity) == (wallet.cash, wallet.equity)
        if mine:
            (total,) = shown.totals
            assert total.accounts == len(mine)
            assert Decimal(total.equity) == sum(Decimal(a.equity) for a in shown.accounts)
            assert total.best
            assert total.worst
            assert Decimal(total.best.unrealised) >= Decimal(total.worst.unrealised)
    nothing = await dashboard.of_owner(views, NOBODY, MARKS)
    assert (nothing.accounts, nothing.totals, nothing.orders) == ((), (), 0)

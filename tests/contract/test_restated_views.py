"""After trades were corrected and annulled, read models say what the account decides by."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from adapters.postgres import connect
from adapters.projector.live import Live
from adapters.servers import Database
from domain.base import Fact
from domain.errors import NotFound
from domain.money import ZERO
from domain.trading import PositionRestated, TradeAnnulled, TradeCorrected
from projections import READ_MODELS, fills, ledger, lots, orders, positions, trades, wallets
from projections.query import Db, Page
from projections.trades import Method, Trade
from projections.trades import one as trade
from tests.contract import views as views_of
from tests.contract.history import Trading
from tests.contract.views import NOBODY, everything, looking, owner_of, rows

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def trading() -> Trading:
    return Trading(seed=7, accounts=3, corrected=True)


@pytest.fixture(scope="module")
def facts(trading: Trading) -> list[Fact]:
    return trading.facts(500)


@pytest.fixture(scope="module")
def projected(postgres_server: Database, facts: list[Fact]) -> Iterator[Database]:
    with views_of.projected(postgres_server, facts) as database:
        yield database


@pytest.fixture
async def views(projected: Database) -> AsyncIterator[Db]:
    async with looking(projected) as db:
        yield db


async def test_what_people_see_is_what_the_restated_account_decides_by(
    views: Db, trading: Trading, facts: list[Fact]
) -> None:
    kinds = {type(fact.event) for fact in facts}
    assert {TradeCorrected, TradeAnnulled, PositionRestated} <= kinds
    for account_id in trading.accounts:
        account, owner = trading.account(account_id), owner_of(trading, account_id)
        wallet = await wallets.of_account(views, owner, account_id, {})
        assert Decimal(wallet.cash) == account.balance.cash
        assert Decimal(wallet.fees_total) == account.fees
        shown_fees = [
            Decimal(one.fees) for one in await positions.of_account(views, owner, account_id, {})
        ]
        assert sum(shown_fees, ZERO) == account.fees
        for name in ("realised_wac", "realised_fifo"):
            told = sum((getattr(held, name) for held in account.positions.values()), ZERO)
            assert Decimal(getattr(wallet, name)) == told
        for shown in await positions.of_account(views, owner, account_id, {}):
            held = account.position(shown.symbol, shown.product)
            assert Decimal(shown.quantity) == held.quantity
            assert Decimal(shown.cost_basis) == held.cost_basis
            assert Decimal(shown.realised_wac) == held.realised_wac
            assert Decimal(shown.settled_qty) == held.settled_qty
            if not account.day.actions:
                assert Decimal(shown.bought) - Decimal(shown.sold) == held.quantity
        layers = await lots.of_account(views, owner, account_id, limit=500)
        assert {(lot.exec_id, Decimal(lot.quantity)) for lot in layers.items} == {
            (lot.exec_id, lot.quantity) for held in account.positions.values() for lot in held.lots
        }
        lines = await everything(ledger.of_account, views, owner, account_id, 500)
        assert sum((Decimal(line.amount) for line in lines), ZERO) == account.balance.cash


async def test_an_order_is_filled_as_far_as_its_trades_count(
    views: Db, trading: Trading, facts: list[Fact]
) -> None:
    last = {
        fact.event.order_id: fact.event
        for fact in facts
        if isinstance(fact.event, PositionRestated)
    }
    for event in last.values():
        order = await orders.one(views, owner_of(trading, event.account_id), event.order_id)
        assert Decimal(order.cum_qty) == event.order_cum_qty
        assert Decimal(order.turnover) == event.order_turnover
        assert order.status == trading.account(event.account_id).done[event.order_id]
        assert (order.avg_px is None) == (event.order_cum_qty == 0)
        busted = sum(
            fact.event.before.quantity
            for fact in facts
            if isinstance(fact.event, TradeAnnulled) and fact.event.order_id == event.order_id
        )
        assert Decimal(order.busted_qty) == busted


async def test_trades_are_of_fills_as_they_count(views: Db, trading: Trading) -> None:
    compared = 0
    for account_id in trading.accounts:
        account, owner = trading.account(account_id), owner_of(trading, account_id)
        if account.day.actions:
            continue  # what is paid for a fraction of a share is no trade
        compared += 1
        for name, method in (("realised_fifo", Method.FIFO), ("", Method.FLAT_TO_FLAT)):
            trips = await everything(_by(method), views, owner, account_id, 500)
            gross = sum((Decimal(trip.gross_pnl or 0) for trip in trips), ZERO)
            if name:
                held = account.positions.values()
                assert gross == sum((getattr(one, name) for one in held), ZERO)
            else:
                assert sum((Decimal(trip.fees) for trip in trips), ZERO) == account.fees
                still = {one.symbol: one.quantity for one in trips if one.status == "OPEN"}
                assert len(still) == sum(1 for one in account.positions.values() if one.quantity)
    assert compared > 1


def _by(method: Method) -> Any:
    async def of_account(db: Db, owner: UUID, account_id: UUID, **how: Any) -> Page[Trade]:
        return await trades.of_account(db, owner, account_id, method=method, **how)

    return of_account


async def test_a_trade_has_all_its_versions_and_is_nobody_elses(
    views: Db, trading: Trading, facts: list[Fact]
) -> None:
    told: dict[object, list[object]] = {}
    for fact in facts:
        if isinstance(fact.event, TradeCorrected | TradeAnnulled):
            told.setdefault(fact.event.trade_id, []).append(fact.event)
    for trade_id, events in told.items():
        first = events[0]
        assert isinstance(first, TradeCorrected | TradeAnnulled)
        owner = owner_of(trading, first.account_id)
        versions = (await trade.versions(views, owner, first.trade_id)).items
        assert [one.version for one in versions] == list(range(1, len(events) + 2))
        assert versions[0].status == "ACTIVE"
        assert [one.exec_ref_id for one in versions[1:]] == [one.exec_id for one in versions[:-1]]
        assert (await trade.executed(views, first.trade_id)).items == versions
        last = versions[-1]
        assert isinstance(last, trade.Executed)
        assert (last.trade_id, last.origin) == (trade_id, "ENGINE")
        if isinstance(events[-1], TradeCorrected):
            assert Decimal(last.price) == events[-1].after.price
        with pytest.raises(NotFound, match="TRADE_UNKNOWN"):
            await trade.one(views, NOBODY, first.trade_id)
        (shown,) = [
            one
            for one in await everything(fills.of_account, views, owner, first.account_id, 500)
            if one.exec_id == trade_id
        ]
        assert shown.status == last.status


async def test_what_somebody_noted_is_listed_as_it_counts_now(views: Db, trading: Trading) -> None:
    owner = trading.owners[0]
    noted = await trade.noted_by(views, owner)
    assert [(one.status, one.stage, one.net_pnl) for one in noted.items] == [
        ("CORRECTED", "CLOSED", "0.000000015"),
        ("ACTIVE", "OPEN", None),
    ]
    whole = await everything(_with_annulled, views, owner, trading.accounts[0], 1)
    assert [one.status for one in whole] == ["ANNULLED", "CORRECTED", "ACTIVE"]
    assert whole[0].net_pnl == "0.000000015", "what it was stays readable"
    assert await trade.one(views, owner, whole[0].trade_id) == whole[0]
    assert len((await trade.versions(views, owner, whole[0].trade_id)).items) == 3
    assert not (await trade.noted_by(views, NOBODY)).items


async def _with_annulled(db: Db, owner: UUID, _: UUID, **how: Any) -> Page[trade.Noted]:
    return await trade.noted_by(db, owner, annulled=True, **how)


def test_restated_models_are_the_same_in_whatever_portions_the_tape_is_read(
    projected: Database,
) -> None:
    with connect(projected.dsn) as db:
        live = Live(db, READ_MODELS)
        assert not live.step(1), "everything was read in one page of the other size"
        assert rows(db, "trade_versions")

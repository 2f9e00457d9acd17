"""The floor of the venue and real accounts: what one sends, the other takes."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice
from random import Random
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from adapters.feeds import SimFeed
from adapters.venue import Floor, Venue
from commands import base
from commands.base import Caller, Receipt
from commands.trading import ApplyFill, CancelOrder, OpenAccount, PlaceOrder, ReplaceOrder
from domain.base import Role, fold
from domain.errors import DomainError
from domain.market import Instrument, Quote
from domain.trading import (
    Account,
    Order,
    OrderType,
    Product,
    Side,
    Tif,
)

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
ACCOUNTS = (UUID(int=1), UUID(int=2))


class Bank:
    """Accounts that decide as the real ones do, at once, and tell the floor what became true."""

    def __init__(self) -> None:
        self.accounts: dict[str, Account] = {}
        self.floor: Floor | None = None
        self.now = NOW
        self.asked: list[base.Command] = []

    async def dispatch(self, command: base.Command, by: Caller) -> Receipt:
        await asyncio.sleep(0)
        self.asked.append(command)
        state = self.accounts.get(command.stream, Account())
        if command.stream in self.accounts:
            command.authorise(state, by)
        facts = command.decide(state)
        self.accounts[command.stream] = fold(state, facts)
        if self.floor:
            for fact in facts:
                self.floor.learn(fact, command.at)
        return Receipt(facts, 1)


OWNER = UUID(int=9)
TRADER = Caller(actor=f"user:{OWNER}", roles=Role.TRADER, correlation_id=OWNER)


async def trade_a_while(seed: int, slices: int) -> tuple[Bank, Floor]:
    dice = Random(seed)
    bank, feed = Bank(), SimFeed(seed)
    listed = {one.symbol: one for one in feed.instruments()}
    floor = Floor(Venue(listed.values()), bank.dispatch, lambda: bank.now)
    bank.floor = floor
    for account_id in ACCOUNTS:
        await bank.dispatch(
            OpenAccount(
                at=NOW, account_id=account_id, owner_id=OWNER, kind="PAPER", currency="INR",
                opening_capital=Decimal(1_000_000), label="",
            ),
            TRADER,
        )  # fmt: skip
    for quote in islice(feed.slices(NOW), slices):
        bank.now = quote.at
        if dice.random() < 0.3:
            await ask(bank, an_order(dice, listed[quote.symbol], quote))
        if dice.random() < 0.05:
            await ask(bank, a_change(dice, bank, listed))
        floor.on_quote(quote)
        if dice.random() < 0.5:
            await floor.drained()
    await floor.drained()
    return bank, floor


async def ask(bank: Bank, command: base.Command | None) -> None:
    with suppress(DomainError):  # a trader may ask for what makes no sense
        if command is not None:
            await bank.dispatch(command, TRADER)


def an_order(dice: Random, listed: Instrument, quote: Quote) -> PlaceOrder:
    side, kind = dice.choice(list(Side)), dice.choice((OrderType.MARKET, OrderType.LIMIT))
    assert quote.bid is not None
    price = quote.bid + dice.randint(-5, 5) * listed.tick_size
    return PlaceOrder(
        at=quote.at,
        account_id=dice.choice(ACCOUNTS),
        order_id=UUID(int=dice.getrandbits(128)),
        order=Order(
            symbol=listed.symbol,
            side=side,
            quantity=dice.randint(1, 400) * listed.qty_step,
            order_type=kind,
            product=Product(listed.product or "CNC"),
            price=price if kind is OrderType.LIMIT else None,
            tif=dice.choice([Tif.GTC, Tif.IOC]),
        ),
        instrument=listed,
        quote=quote,
    )


def a_change(dice: Random, bank: Bank, listed: dict[str, Instrument]) -> base.Command | None:
    account_id = dice.choice(ACCOUNTS)
    orders = bank.accounts[f"account-{account_id}"].orders
    if not orders:
        return None
    order_id = dice.choice(sorted(orders))
    if dice.random() < 0.5:
        return CancelOrder(at=bank.now, account_id=account_id, order_id=order_id)
    instrument = listed[orders[order_id].order.symbol]
    quantity = dice.randint(1, 400) * instrument.qty_step
    return ReplaceOrder(
        at=bank.now,
        account_id=account_id,
        order_id=order_id,
        instrument=instrument,
        quantity=quantity,
    )


@pytest.mark.parametrize("seed", range(5))
def test_the_accounts_take_every_fill_and_know_the_same_orders_as_the_venue(seed: int) -> None:
    with capture_logs() as logs:
        bank, floor = asyncio.run(trade_a_while(seed, 1500))
    # a smaller order may cross a fill on its way: the account refuses it, the venue learns
    assert {log["code"] for log in logs} <= {"EXEC_OVERFILL"}
    fills = [command for command in bank.asked if isinstance(command, ApplyFill)]
    assert len(fills) > 50
    working = [order for account in bank.accounts.values() for order in account.orders]
    assert len(working) == len(floor.venue) > 0

"""The cast of the trading tests: one trader, one account, two instruments, fixed ids and times."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from commands.trading import ApplyFill, CancelOrder, OpenAccount, PlaceOrder, ReplaceOrder
from domain.base import Event, Events, fold
from domain.market import Instrument, InstrumentType, Quote, witness
from domain.trading import Account, Order, OrderType, Product, Side, Tif

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
ME, MINE = UUID(int=1), UUID(int=2)
FIRST_EXEC = UUID(int=101)
FIRST, SECOND, THIRD = UUID(int=11), UUID(int=12), UUID(int=13)
ACME = Instrument(
    symbol="ACME",
    name="Acme Works",
    exchange="SIM",
    type=InstrumentType.EQ,
    currency="INR",
    tick_size=Decimal("0.05"),
    max_qty=Decimal(100_000),
)
COIN = Instrument(
    symbol="COIN",
    name="Coin",
    exchange="SIM",
    type=InstrumentType.SPOT,
    currency="INR",
    tick_size=Decimal("0.01"),
    qty_step=Decimal("0.0001"),
    min_qty=Decimal("0.0001"),
)


def quote(bid: str = "99.95", ask: str = "100.05", size: str = "1000", seq: int = 1) -> Quote:
    return Quote(
        symbol="ACME",
        source="test",
        seq=seq,
        at=NOW,
        received_at=NOW,
        bid=Decimal(bid),
        bid_size=Decimal(size),
        ask=Decimal(ask),
        ask_size=Decimal(size),
        last=None,
        last_size=None,
    )


def opened(capital: str = "100000") -> Events:
    return OpenAccount(
        at=NOW,
        account_id=MINE,
        owner_id=ME,
        kind="PAPER",
        currency="INR",
        opening_capital=Decimal(capital),
    ).decide(Account())


def ticket(
    side: Side = Side.BUY,
    quantity: str = "10",
    price: str | None = "100",
    tif: Tif = Tif.DAY,
    symbol: str = "ACME",
) -> Order:
    return Order(
        symbol=symbol,
        side=side,
        quantity=Decimal(quantity),
        order_type=OrderType.MARKET if price is None else OrderType.LIMIT,
        product=Product.CNC,
        price=None if price is None else Decimal(price),
        tif=tif,
    )


def place(
    order: Order,
    order_id: UUID = FIRST,
    client_order_id: str | None = None,
    at_quote: Quote | None = None,
) -> PlaceOrder:
    return PlaceOrder(
        at=NOW,
        account_id=MINE,
        order_id=order_id,
        order=order,
        instrument=ACME,
        quote=at_quote,
        client_order_id=client_order_id,
    )


def fill(
    quantity: str, price: str, order_id: UUID = FIRST, exec_id: UUID = FIRST_EXEC
) -> ApplyFill:
    return ApplyFill(
        at=NOW,
        account_id=MINE,
        order_id=order_id,
        exec_id=exec_id,
        quantity=Decimal(quantity),
        price=Decimal(price),
        evidence=witness(quote(), NOW, rule="MARKETABLE", model="TOP_OF_BOOK@1"),
        executed_at=NOW,
    )


def cancel(order_id: UUID = FIRST) -> CancelOrder:
    return CancelOrder(at=NOW, account_id=MINE, order_id=order_id)


def change(
    quantity: str | None = None, price: str | None = None, order_id: UUID = FIRST
) -> ReplaceOrder:
    return ReplaceOrder(
        at=NOW,
        account_id=MINE,
        order_id=order_id,
        instrument=ACME,
        quantity=None if quantity is None else Decimal(quantity),
        price=None if price is None else Decimal(price),
    )


def told(*values: object) -> tuple[object, ...]:
    """Amounts side by side, to be compared with plain numbers."""
    return values


def history(*commands: object) -> tuple[Event, ...]:
    """Open the account with 100,000 and decide each command on what came before."""
    facts: tuple[Event, ...] = opened()
    account = fold(Account(), facts)
    for command in commands:
        new = command.decide(account)  # type: ignore[attr-defined]  # any command of an account
        account, facts = fold(account, new), facts + new
    return facts

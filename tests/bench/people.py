"""Made-up traders: accounts with all the money they need, and orders that rest in the book."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from adapters.ids import Ids
from commands.base import Caller
from commands.trading import DepositVirtual, OpenAccount, PlaceOrder
from domain.base import Role
from domain.market import Instrument, InstrumentType
from domain.trading import Order, OrderType, Product, Side

ids = Ids()
OWNER = ids()
TRADER = Caller(actor=f"user:{OWNER}", roles=Role.TRADER, correlation_id=ids())
SHARE = Instrument(
    symbol="RELIANCE",
    name="Reliance Industries",
    exchange="SIM",
    type=InstrumentType.EQ,
    currency="INR",
    tick_size=Decimal("0.05"),
)


def now() -> datetime:
    return datetime.now(UTC)


def opening(account_id: UUID) -> OpenAccount:
    return OpenAccount(
        at=now(),
        account_id=account_id,
        owner_id=OWNER,
        kind="PAPER",
        currency="INR",
        opening_capital=Decimal(1_000_000_000),
    )


def resting(accounts: Sequence[UUID], count: int) -> list[PlaceOrder]:
    """Orders of each account in turn, far below the market."""
    return [
        PlaceOrder(
            at=now(),
            account_id=accounts[nth % len(accounts)],
            order_id=ids(),
            order=Order(
                symbol=SHARE.symbol,
                side=Side.BUY,
                quantity=Decimal(10),
                order_type=OrderType.LIMIT,
                product=Product.CNC,
                price=Decimal(100 + nth % 20) / 2,
            ),
            instrument=SHARE,
        )
        for nth in range(count)
    ]


def deposits(accounts: Sequence[UUID], count: int) -> list[DepositVirtual]:
    return [
        DepositVirtual(at=now(), account_id=accounts[nth % len(accounts)], amount=Decimal("12.50"))
        for nth in range(count)
    ]

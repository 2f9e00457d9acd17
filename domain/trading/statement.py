"""
A statement: an account as of one moment, in the words and numbers its owner reads.

It is drawn from the state that decides, so what is shown is what was decided on.  Amounts are
plain decimal strings in the account's currency; marks are the last prices the account has seen.
"""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from msgspec import Struct

from domain.money import ZERO, tidy
from domain.trading.account import Account
from domain.trading.position import Position
from domain.trading.working import Working


class Wallet(Struct, frozen=True):
    currency: str
    cash: str
    reserved_orders: str
    margin_used: str
    loan: str
    available: str
    buying_power: str
    positions_value: str
    equity: str
    fees_total: str
    realised_wac: str
    realised_fifo: str


class Holding(Struct, frozen=True):
    symbol: str
    product: str
    quantity: str
    average_price: str | None
    cost_basis: str
    mark: str
    unrealised: str
    realised_wac: str
    realised_fifo: str
    margin: str
    loan: str


class OpenOrder(Struct, frozen=True):
    order_id: UUID
    client_order_id: str | None
    symbol: str
    side: str
    order_type: str
    tif: str
    price: str | None
    quantity: str
    cum_qty: str
    leaves_qty: str
    reserved: str
    status: str


class Statement(Struct, frozen=True):
    wallet: Wallet
    positions: tuple[Holding, ...]
    orders: tuple[OpenOrder, ...]


def statement(account: Account) -> Statement:
    """The account as its state has it; positions by symbol, orders by id (which is by time)."""
    positions = sorted(account.positions.items())
    orders = sorted(account.orders.items(), key=lambda item: item[0])
    return Statement(
        wallet=_wallet(account),
        positions=tuple(_holding(key, held) for key, held in positions),
        orders=tuple(_open_order(order_id, working) for order_id, working in orders),
    )


def _wallet(account: Account) -> Wallet:
    balance, positions = account.balance, account.positions.values()
    return Wallet(
        currency=account.currency,
        cash=plain(balance.cash),
        reserved_orders=plain(balance.reserved),
        margin_used=plain(balance.margin),
        loan=plain(balance.loan),
        available=plain(balance.available),
        buying_power=plain(balance.buying_power),
        positions_value=plain(balance.positions),
        equity=plain(balance.equity),
        fees_total=plain(account.fees),
        realised_wac=plain(sum((held.realised_wac for held in positions), ZERO)),
        realised_fifo=plain(sum((held.realised_fifo for held in positions), ZERO)),
    )


def _holding(key: str, held: Position) -> Holding:
    symbol, product = key.rsplit("/", 1)
    units = held.quantity * held.multiplier
    return Holding(
        symbol=symbol,
        product=product,
        quantity=plain(held.quantity),
        average_price=plain(held.cost_basis / abs(units)) if units else None,
        cost_basis=plain(held.cost_basis),
        mark=plain(held.last_price),
        unrealised=plain(held.unrealised_at(held.last_price)),
        margin=plain(held.margin),
        loan=plain(held.loan),
        realised_wac=plain(held.realised_wac),
        realised_fifo=plain(held.realised_fifo),
    )


def _open_order(order_id: UUID, working: Working) -> OpenOrder:
    order = working.order
    return OpenOrder(
        order_id=order_id,
        client_order_id=working.client_order_id,
        symbol=order.symbol,
        side=order.side,
        order_type=order.order_type,
        tif=order.tif,
        price=None if order.price is None else plain(order.price),
        quantity=plain(order.quantity),
        cum_qty=plain(working.cum_qty),
        leaves_qty=plain(working.leaves_qty),
        reserved=plain(working.reserved),
        status=working.status,
    )


def plain(amount: Decimal) -> str:
    """Ledger scale, no trailing zeros, no exponent."""
    return f"{tidy(amount):f}"

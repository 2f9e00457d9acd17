"""
The facts of an account.

# 1. What is written here is stored for ever: add a field with a default, or a new fact.
# 2. No validation: history stays true when rules change.
# 3. ``postings`` are double entry and sum to zero; ``balance`` is the account right after.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from msgspec import Struct

from domain.base import Event
from domain.market import Evidence
from domain.money import ZERO
from domain.trading.order import Order, Product, Side


class Posting(Struct, frozen=True):
    """
    One line of double entry, in the account's currency.

    ``ledger`` is ``cash`` (the account's own) or ``house:<what>`` (the other side).
    """

    ledger: str
    amount: Decimal


class Balance(Struct, frozen=True):
    """
    What the account has, in its currency.

    ``positions`` is the value of everything held at the last price this account has seen;
    ``cash`` includes what is reserved.
    """

    cash: Decimal = ZERO
    reserved: Decimal = ZERO
    positions: Decimal = ZERO


class AccountOpened(Event, frozen=True):
    account_id: UUID
    owner_id: UUID
    kind: Literal["PAPER"]
    currency: str
    opening_capital: Decimal
    label: str
    fill_model: str
    fee_schedule: str
    postings: tuple[Posting, ...]
    balance: Balance


class FundsDeposited(Event, frozen=True):
    account_id: UUID
    amount: Decimal
    reason: str
    postings: tuple[Posting, ...]
    balance: Balance


class FundsWithdrawn(Event, frozen=True):
    account_id: UUID
    amount: Decimal
    reason: str
    postings: tuple[Posting, ...]
    balance: Balance


class OrderPlaced(Event, frozen=True):
    """Risk has passed it; ``reference`` is the quote that priced a market order's reservation."""

    account_id: UUID
    order_id: UUID
    order: Order
    client_order_id: str | None = None
    reference: Evidence | None = None


class OrderAccepted(Event, frozen=True):
    """The venue works it from now on; ``reserved`` is set aside for the worst case ``limit``."""

    account_id: UUID
    order_id: UUID
    venue: str
    model: str
    limit: Decimal
    reserved: Decimal
    balance: Balance


class OrderRejected(Event, frozen=True):
    """``code`` and the numbers of ``context`` as in the rejection catalogue."""

    account_id: UUID
    order_id: UUID
    order: Order
    code: str
    detail: str
    context: dict[str, str]
    client_order_id: str | None = None


class PositionAfter(Struct, frozen=True):
    """The position right after a fill; ``cost_basis`` and realised P&L are totals."""

    quantity: Decimal
    cost_basis: Decimal
    realised_wac: Decimal
    realised_fifo: Decimal


class LotAfter(Struct, frozen=True):
    """A FIFO layer touched by a fill: what is left of it, zero when it is used up."""

    exec_id: UUID
    quantity: Decimal
    amount: Decimal


class OrderFilled(Event, frozen=True):
    """
    One execution of one order.

    ``gross`` is last_px x last_qty x multiplier; ``realised_*`` are this fill's alone;
    ``lots`` are the layers consumed, oldest first, and then the one opened.
    """

    account_id: UUID
    order_id: UUID
    exec_id: UUID
    symbol: str
    product: Product
    side: Side
    last_qty: Decimal
    last_px: Decimal
    multiplier: Decimal
    cum_qty: Decimal
    leaves_qty: Decimal
    gross: Decimal
    fee: Decimal
    realised_wac: Decimal
    realised_fifo: Decimal
    reserved: Decimal
    position: PositionAfter
    lots: tuple[LotAfter, ...]
    executed_at: datetime
    evidence: Evidence
    postings: tuple[Posting, ...]
    balance: Balance


class OrderReplaced(Event, frozen=True):
    """The order as it now stands; it keeps its place in the queue if ``keeps_priority``."""

    account_id: UUID
    order_id: UUID
    quantity: Decimal
    price: Decimal | None
    limit: Decimal
    reserved: Decimal
    keeps_priority: bool
    balance: Balance


class OrderCanceled(Event, frozen=True):
    """``reason`` is USER, IOC, PRICE_PROTECTION or REPLACED."""

    account_id: UUID
    order_id: UUID
    canceled_qty: Decimal
    reason: str
    balance: Balance


class OrderExpired(Event, frozen=True):
    account_id: UUID
    order_id: UUID
    canceled_qty: Decimal
    reason: str
    balance: Balance

"""
The facts of an account's days and of its whole life: sessions, settlement, charges, corporate
actions, expiry, and the epochs between two resets.

Each is the effect of a process that may ask twice; what makes asking twice harmless is written
in the fact itself (a date, or the id of the corporate action) and remembered by the account.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from msgspec import Struct

from domain.base import Event
from domain.money import ZERO
from domain.trading.events import Balance, Posting
from domain.trading.fill_events import PositionAfter
from domain.trading.order import Product, Style


class LotHeld(Struct, frozen=True):
    """A layer as it is held: ``amount`` is what ``quantity`` cost, or was sold short for."""

    exec_id: UUID
    quantity: Decimal
    amount: Decimal
    opened_at: datetime


class HoldingAfter(Struct, frozen=True, omit_defaults=True):
    """
    A position right after a fact that is not a fill, layer by layer.

    All are totals; ``quantity`` is below zero when short.  ``last_price`` is what it is valued
    at from now on, ``gone`` are layers that were there and are no more.
    """

    symbol: str
    product: Product
    quantity: Decimal
    cost_basis: Decimal
    realised_wac: Decimal
    realised_fifo: Decimal
    last_price: Decimal
    lots: tuple[LotHeld, ...]
    multiplier: Decimal = Decimal(1)
    style: Style = Style.PREMIUM
    margin: Decimal = ZERO
    loan: Decimal = ZERO
    settled_qty: Decimal = ZERO
    gone: tuple[UUID, ...] = ()


class SessionOpened(Event, frozen=True):
    """The day's counters begin at nothing; ``equity`` is what the day's profit is counted from."""

    account_id: UUID
    session_date: date
    cash: Decimal
    equity: Decimal


class SessionClosed(Event, frozen=True):
    """What is carried over to the next session; ``day_pnl`` is equity now less at the open."""

    account_id: UUID
    session_date: date
    cash: Decimal
    equity: Decimal
    day_pnl: Decimal
    positions: int
    orders: int


class Settled(Struct, frozen=True):
    """``quantity`` was delivered; ``settled_qty`` is all that has been by now."""

    symbol: str
    product: Product
    quantity: Decimal
    settled_qty: Decimal


class TradesSettled(Event, frozen=True):
    """What was bought before ``session_date`` is delivered (T+1)."""

    account_id: UUID
    session_date: date
    settled: tuple[Settled, ...]


class InterestCharged(Event, frozen=True):
    """Interest on the loan of a position: principal x rate x days / 365, to the minor unit."""

    account_id: UUID
    symbol: str
    product: Product
    through: date
    days: int
    principal: Decimal
    rate: Decimal
    amount: Decimal
    postings: tuple[Posting, ...]
    balance: Balance


class BorrowFeeCharged(Event, frozen=True):
    """The fee for borrowed shares that were sold short: market value x rate x days / 365."""

    account_id: UUID
    symbol: str
    product: Product
    through: date
    days: int
    principal: Decimal
    rate: Decimal
    amount: Decimal
    postings: tuple[Posting, ...]
    balance: Balance


class Marked(Struct, frozen=True, omit_defaults=True):
    """A position valued anew at ``price``, and the margin it needs there."""

    symbol: str
    product: Product
    price: Decimal
    after: PositionAfter
    multiplier: Decimal = Decimal(1)
    style: Style = Style.PREMIUM

    @property
    def margin(self) -> Decimal:
        return self.after.margin


class MarginRemarked(Event, frozen=True):
    account_id: UUID
    marks: tuple[Marked, ...]
    balance: Balance


class MarginCallIssued(Event, frozen=True):
    """Buying power has fallen below zero; ``forced``: so far that positions are closed."""

    account_id: UUID
    buying_power: Decimal
    margin_used: Decimal
    forced: bool


class MarginCallCleared(Event, frozen=True):
    account_id: UUID
    buying_power: Decimal


class ActionKind(StrEnum):
    """
    SPLIT and BONUS give ``numerator`` new units for ``denominator`` old ones, DIVIDEND pays
    cash a unit, SYMBOL_CHANGE and MERGER replace the instrument (a merger may pay cash as well).
    """

    SPLIT = "SPLIT"
    BONUS = "BONUS"
    DIVIDEND = "DIVIDEND"
    SYMBOL_CHANGE = "SYMBOL_CHANGE"
    MERGER = "MERGER"


class CorporateActionApplied(Event, frozen=True, omit_defaults=True):
    """
    ``holdings`` are the positions right after it.

    ``fraction`` units could not be given and are paid for at ``reference_price`` within
    ``cash``, which is received (below zero: paid, by who is short).
    """

    account_id: UUID
    action_id: UUID
    kind: ActionKind
    symbol: str
    product: Product
    into: str
    numerator: Decimal
    denominator: Decimal
    cash_per_unit: Decimal
    quantity_before: Decimal
    fraction: Decimal
    reference_price: Decimal
    cash: Decimal
    holdings: tuple[HoldingAfter, ...]
    postings: tuple[Posting, ...]
    balance: Balance
    ex_at: datetime
    step: Decimal = Decimal(1)
    realised_wac: Decimal = ZERO
    realised_fifo: Decimal = ZERO


class PositionExpired(Event, frozen=True, omit_defaults=True):
    """
    A derivative is over: it was worth ``settlement_price`` a unit.

    Stock derivatives are settled in cash as an approximation: ``physical`` is false.
    """

    account_id: UUID
    symbol: str
    product: Product
    quantity: Decimal
    settlement_price: Decimal
    value: Decimal
    fee: Decimal
    realised_wac: Decimal
    realised_fifo: Decimal
    expired_on: date
    holding: HoldingAfter
    postings: tuple[Posting, ...]
    balance: Balance
    fees: dict[str, Decimal] | None = None
    fee_schedule: str = "ZERO@1"
    physical: bool = False


class PositionResult(Struct, frozen=True):
    """What a position that is flat has come to."""

    symbol: str
    product: Product
    realised_wac: Decimal
    realised_fifo: Decimal


class AccountEpochClosed(Event, frozen=True):
    """
    A life of the account is over, for ever readable: what it had in the end, and what each of
    its ``positions``, all of them flat, has come to.
    """

    account_id: UUID
    epoch_no: int
    cash: Decimal
    equity: Decimal
    realised_wac: Decimal
    realised_fifo: Decimal
    fees: Decimal
    reason: str
    postings: tuple[Posting, ...]
    balance: Balance
    positions: tuple[PositionResult, ...] = ()


class AccountEpochOpened(Event, frozen=True):
    account_id: UUID
    epoch_no: int
    opening_capital: Decimal
    session_date: date
    postings: tuple[Posting, ...]
    balance: Balance


class AccountClosed(Event, frozen=True):
    account_id: UUID
    cash: Decimal
    equity: Decimal
    reason: str

"""
The facts of an account's money, and the parts that all facts of an account share.

# 1. What is written here is stored for ever: add a field with a default, or a new fact.
# 2. No validation: history stays true when rules change.
# 3. ``postings`` are double entry and sum to zero; ``balance`` is the account right after.
# 4. A field left out of what is stored has its default, so a default never changes.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal
from uuid import UUID

from msgspec import Struct

from domain.base import Event
from domain.money import ZERO

Kind = Literal["PAPER", "TOURNAMENT", "LIVE"]


class Posting(Struct, frozen=True):
    """
    One line of double entry, in the account's currency.

    ``ledger`` is ``cash`` (the account's own), ``loan`` (what it owes, below zero) or
    ``house:<what>`` (the other side).
    """

    ledger: str
    amount: Decimal


class Balance(Struct, frozen=True):
    """
    What the account has, in its currency.

    ``cash`` includes what is ``reserved`` for orders and held as ``margin`` of positions.
    ``positions`` is the value of everything held at the last price this account has seen:
    what it would sell for where it was paid for, what it has gained where it was not;
    ``unrealised`` is the part of it that is only gain or loss.  ``loan`` is owed.
    """

    cash: Decimal = ZERO
    reserved: Decimal = ZERO
    positions: Decimal = ZERO
    margin: Decimal = ZERO
    loan: Decimal = ZERO
    unrealised: Decimal = ZERO

    @property
    def available(self) -> Decimal:
        """Cash that nothing lays claim to."""
        return self.cash - self.reserved - self.margin

    @property
    def buying_power(self) -> Decimal:
        """What a new order may claim: losses not yet taken count, gains not yet taken do not."""
        return self.available + min(ZERO, self.unrealised)

    @property
    def equity(self) -> Decimal:
        return self.cash - self.loan + self.positions


class AccountOpened(Event, frozen=True):
    account_id: UUID
    owner_id: UUID
    kind: Kind
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

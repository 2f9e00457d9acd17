"""Accounts and their virtual money: opening, paying in, taking out."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal
from uuid import UUID

from commands.base import Caller, Command
from commands.trading.base import AccountCommand, demand_amount
from domain.base import Events
from domain.errors import Conflict, Illegal, Invalid
from domain.money import AMOUNT_MAX, tidy
from domain.trading import (
    FILL_MODELS,
    TOP_OF_BOOK,
    Account,
    AccountOpened,
    Balance,
    FundsDeposited,
    FundsWithdrawn,
    Posting,
)

CURRENCIES = ("INR", "USD", "EUR", "GBP", "USDT")
FEE_SCHEDULE = "ZERO@1"
TEXT_MAX = 200


class OpenAccount(AccountCommand, frozen=True, kw_only=True):
    """Open a paper account with virtual money in one currency."""

    owner_id: UUID
    kind: Literal["PAPER"]
    currency: str
    opening_capital: Decimal
    label: str = ""
    fill_model: str = TOP_OF_BOOK.name

    def __post_init__(self) -> None:
        demand_amount("opening_capital", self.opening_capital)
        if self.currency not in CURRENCIES:
            rule = f"one of {', '.join(CURRENCIES)}"
            raise Invalid("VALIDATION", f"currency must be {rule}", field="currency", rule=rule)
        if self.fill_model not in FILL_MODELS:
            rule = f"one of {', '.join(FILL_MODELS)}"
            raise Invalid(
                "MODEL_UNKNOWN", f"fill_model must be {rule}", field="fill_model", rule=rule
            )
        _demand_text("label", self.label)

    def authorise(self, state: Account, by: Caller) -> None:
        """There is no owner yet; whoever may trade may open an account of their own."""
        Command.authorise(self, state, by)

    def decide(self, account: Account) -> Events:
        if account.owner:
            raise Conflict("ACCOUNT_EXISTS", account_id=str(self.account_id))
        capital = tidy(self.opening_capital)
        return (
            AccountOpened(
                account_id=self.account_id,
                owner_id=self.owner_id,
                kind=self.kind,
                currency=self.currency,
                opening_capital=capital,
                label=self.label,
                fill_model=self.fill_model,
                fee_schedule=FEE_SCHEDULE,
                postings=_between_cash_and_house(capital),
                balance=Balance(cash=capital),
            ),
        )


class DepositVirtual(AccountCommand, frozen=True, kw_only=True):
    """Pay virtual money in."""

    amount: Decimal
    reason: str = ""

    def __post_init__(self) -> None:
        demand_amount("amount", self.amount)
        _demand_text("reason", self.reason)

    def decide(self, account: Account) -> Events:
        amount = tidy(self.amount)
        if account.balance.cash + amount > AMOUNT_MAX:
            raise Illegal("CAPITAL_OUT_OF_RANGE", max=str(AMOUNT_MAX), field="amount")
        return (
            FundsDeposited(
                account_id=self.account_id,
                amount=amount,
                reason=self.reason,
                postings=_between_cash_and_house(amount),
                balance=_with_cash(account, amount),
            ),
        )


class WithdrawVirtual(AccountCommand, frozen=True, kw_only=True):
    """Take out money that no working order has a claim on."""

    amount: Decimal
    reason: str = ""

    def __post_init__(self) -> None:
        demand_amount("amount", self.amount)
        _demand_text("reason", self.reason)

    def decide(self, account: Account) -> Events:
        amount = tidy(self.amount)
        if amount > account.available:
            raise Illegal(
                "FUNDS_INSUFFICIENT",
                need=f"{amount:f}",
                available=f"{account.available:f}",
                short_by=f"{amount - account.available:f}",
            )
        return (
            FundsWithdrawn(
                account_id=self.account_id,
                amount=amount,
                reason=self.reason,
                postings=_between_cash_and_house(-amount),
                balance=_with_cash(account, -amount),
            ),
        )


def _with_cash(account: Account, delta: Decimal) -> Balance:
    before = account.balance
    return Balance(tidy(before.cash + delta), before.reserved, before.positions)


def _between_cash_and_house(amount: Decimal) -> tuple[Posting, ...]:
    return Posting("cash", amount), Posting("house:capital", -amount)


def _demand_text(field: str, value: str) -> None:
    if len(value) > TEXT_MAX or not value.isprintable():
        rule = f"at most {TEXT_MAX} printable characters"
        raise Invalid("VALIDATION", f"{field} must be {rule}", field=field, rule=rule)

"""Accounts and their virtual money: opening, paying in, taking out."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal
from uuid import UUID

from msgspec.structs import replace

from commands.base import Caller, Command
from commands.trading.base import AccountCommand, demand_amount, demand_open
from domain.base import Events
from domain.errors import Conflict, Illegal, Invalid
from domain.money import AMOUNT_MAX, tidy
from domain.trading import (
    FAMILIES,
    FILL_MODELS,
    TOP_OF_BOOK,
    Account,
    AccountOpened,
    Balance,
    FundsDeposited,
    FundsWithdrawn,
    Posting,
    in_force,
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
    fee_schedule: str = FEE_SCHEDULE

    def __post_init__(self) -> None:
        demand_amount("opening_capital", self.opening_capital)
        if self.currency not in CURRENCIES:
            rule = f"one of {', '.join(CURRENCIES)}"
            raise Invalid("VALIDATION", f"currency must be {rule}", field="currency", rule=rule)
        _demand_one_of("MODEL_UNKNOWN", "fill_model", self.fill_model, tuple(FILL_MODELS))
        family = self.fee_schedule.partition("@")[0]
        _demand_one_of("FEE_SCHEDULE_UNKNOWN", "fee_schedule", family, FAMILIES)
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
                fee_schedule=in_force(self.fee_schedule, self.at.date()).name,
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
        demand_open(account)
        amount = tidy(self.amount)
        if account.balance.cash + amount > AMOUNT_MAX:
            raise Illegal(
                "CAPITAL_OUT_OF_RANGE",
                max=str(AMOUNT_MAX),
                field="amount",
                rule="at most the maximum together with what is there",
            )
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
    """Take out money that neither a working order nor a position has a claim on."""

    amount: Decimal
    reason: str = ""

    def __post_init__(self) -> None:
        demand_amount("amount", self.amount)
        _demand_text("reason", self.reason)

    def decide(self, account: Account) -> Events:
        demand_open(account)
        amount = tidy(self.amount)
        available = account.balance.buying_power
        if amount > available:
            raise Illegal(
                "FUNDS_INSUFFICIENT",
                need=f"{amount:f}",
                available=f"{available:f}",
                short_by=f"{amount - available:f}",
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
    return replace(account.balance, cash=tidy(account.balance.cash + delta))


def _between_cash_and_house(amount: Decimal) -> tuple[Posting, ...]:
    return Posting("cash", amount), Posting("house:capital", -amount)


def _demand_text(field: str, value: str) -> None:
    if len(value) > TEXT_MAX or not value.isprintable():
        rule = f"at most {TEXT_MAX} printable characters"
        raise Invalid("VALIDATION", f"{field} must be {rule}", field=field, rule=rule)


def _demand_one_of(code: str, field: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        rule = f"one of {', '.join(known)}"
        raise Invalid(code, f"{field} must be {rule}", field=field, rule=rule)

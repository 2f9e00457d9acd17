"""What it costs to hold: interest on what the broker lent, and the fee for borrowed shares."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal

from msgspec.structs import replace

from commands.trading.base import AccountCommand
from domain.base import Event, Events, Role
from domain.money import ZERO, tidy
from domain.trading import (
    Account,
    Balance,
    BorrowFeeCharged,
    InterestCharged,
    Position,
    Posting,
    Product,
    holding,
)
from domain.trading.day import charge_key

YEAR = 365
MINOR_UNIT = Decimal("0.01")


class ChargeInterest(AccountCommand, frozen=True, kw_only=True):
    """
    Interest on every loan for each calendar day up to ``through``: loan x rate x days / 365.

    ``rate`` is a share a year.  A day is charged once; what is below the minor unit waits until
    it is more.
    """

    allowed = Role.SYSTEM

    through: date
    rate: Decimal

    def decide(self, account: Account) -> Events:
        facts: list[Event] = []
        for symbol, product, held in _positions(account):
            days = _days(account, "InterestCharged", (symbol, product, held), self.through)
            amount = _charge(held.loan, self.rate, days)
            if not amount:
                continue
            cash = tidy(account.balance.cash - amount)
            fact = InterestCharged(
                account_id=self.account_id,
                symbol=symbol,
                product=product,
                through=self.through,
                days=days,
                principal=held.loan,
                rate=self.rate,
                amount=amount,
                postings=(Posting("cash", -amount), Posting("house:interest", amount)),
                balance=_with_cash(account, cash),
            )
            account = account.evolve(fact)
            facts.append(fact)
        return tuple(facts)


class ChargeBorrow(AccountCommand, frozen=True, kw_only=True):
    """
    The fee for shares sold short over night: market value x rate x days / 365.

    ``rate`` is a share a year; only positions in ``symbols`` are borrowed.
    """

    allowed = Role.SYSTEM

    through: date
    rate: Decimal
    symbols: frozenset[str]

    def decide(self, account: Account) -> Events:
        facts: list[Event] = []
        for symbol, product, held in _positions(account):
            if held.quantity >= 0 or symbol not in self.symbols:
                continue
            principal = tidy(-held.quantity * held.last_price * held.multiplier)
            days = _days(account, "BorrowFeeCharged", (symbol, product, held), self.through)
            amount = _charge(principal, self.rate, days)
            if not amount:
                continue
            cash = tidy(account.balance.cash - amount)
            fact = BorrowFeeCharged(
                account_id=self.account_id,
                symbol=symbol,
                product=product,
                through=self.through,
                days=days,
                principal=principal,
                rate=self.rate,
                amount=amount,
                postings=(Posting("cash", -amount), Posting("house:borrow", amount)),
                balance=_with_cash(account, cash),
            )
            account = account.evolve(fact)
            facts.append(fact)
        return tuple(facts)


def _positions(account: Account) -> Iterator[tuple[str, Product, Position]]:
    for key, _ in sorted(account.positions.items()):
        symbol, _, product = key.rpartition("/")
        yield symbol, Product(product), account.positions[holding(symbol, Product(product))]


def _days(account: Account, kind: str, of: tuple[str, Product, Position], through: date) -> int:
    """Days not charged yet: since the last charge, or since the oldest layer was opened."""
    symbol, product, held = of
    if not held.lots:
        return 0
    since = held.lots[0].opened_at.date()
    last = account.day.charged.get(charge_key(kind, symbol, product))
    return max(0, (through - max(since, last or since)).days)


def _charge(principal: Decimal, rate: Decimal, days: int) -> Decimal:
    if days <= 0 or principal <= ZERO:
        return ZERO
    return (principal * rate * days / YEAR).quantize(MINOR_UNIT, ROUND_HALF_EVEN)


def _with_cash(account: Account, cash: Decimal) -> Balance:
    return replace(account.balance, cash=cash)

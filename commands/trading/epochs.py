"""The lives of an account: a reset closes one and opens the next; closing ends the last."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import uuid5

from commands.base import demand_reason
from commands.trading.base import AccountCommand, demand_amount, demand_open
from commands.trading.closing import Listing
from commands.trading.square_off import SquareOff
from commands.trading.taking_back import taken_back
from domain.base import Events, Role
from domain.errors import Illegal
from domain.money import ZERO, tidy
from domain.trading import (
    Account,
    AccountClosed,
    AccountEpochClosed,
    AccountEpochOpened,
    Balance,
    Position,
    PositionResult,
    Posting,
    Product,
)

RESETS_A_DAY = 3


class ResetAccount(AccountCommand, frozen=True, kw_only=True):
    """
    Begin a paper account anew with ``opening_capital``; what was before stays readable.

    Its orders are taken back, and what it holds is marked out: filled at the last price of its
    listing, however old.  What has no price must have been sold first.
    """

    opening_capital: Decimal
    session_date: date
    reason: str
    listings: tuple[Listing, ...] = ()

    def __post_init__(self) -> None:
        demand_amount("opening_capital", self.opening_capital)
        demand_reason(self.reason)

    def decide(self, account: Account) -> Events:
        if account.kind != "PAPER":
            raise Illegal("ACCOUNT_NOT_RESETTABLE", kind=account.kind)
        demand_open(account)
        day = account.day
        if day.epochs_on == self.session_date and day.epochs_that_day >= RESETS_A_DAY:
            raise Illegal("RESET_QUOTA", limit=str(RESETS_A_DAY), day=str(self.session_date))
        course = taken_back(account, self.account_id, "RESET")
        for fact in self._marked_out(course.account):
            course.add(fact)
        account = course.account
        demand_flat(account)
        balance, capital = account.balance, tidy(self.opening_capital)
        positions = account.positions
        return (
            *course.facts,
            AccountEpochClosed(
                account_id=self.account_id,
                epoch_no=day.epoch_no,
                cash=balance.cash,
                equity=balance.equity,
                realised_wac=sum((held.realised_wac for held in positions.values()), ZERO),
                realised_fifo=sum((held.realised_fifo for held in positions.values()), ZERO),
                fees=account.fees,
                reason=self.reason,
                postings=_capital(-balance.cash),
                balance=Balance(),
                positions=tuple(_result(key, held) for key, held in sorted(positions.items())),
            ),
            AccountEpochOpened(
                account_id=self.account_id,
                epoch_no=day.epoch_no + 1,
                opening_capital=capital,
                session_date=self.session_date,
                postings=_capital(capital),
                balance=Balance(cash=capital),
            ),
        )

    def _marked_out(self, account: Account) -> Events:
        return SquareOff(
            at=self.at,
            account_id=self.account_id,
            square_id=uuid5(self.account_id, f"reset/{account.day.epoch_no}"),
            reason="RESET",
            listings=self.listings,
            final=True,
        ).decide(account)


class CloseAccount(AccountCommand, frozen=True, kw_only=True):
    """End an account that holds nothing and has no working orders: it is read from then on."""

    allowed = Role.TRADER | Role.SYSTEM
    permission = "users:erase"

    reason: str

    def __post_init__(self) -> None:
        demand_reason(self.reason)

    def decide(self, account: Account) -> Events:
        if account.day.over:
            return ()
        demand_flat(account)
        if account.orders:
            raise Illegal("ACCOUNT_NOT_FLAT", orders=str(len(account.orders)))
        balance = account.balance
        return (AccountClosed(self.account_id, balance.cash, balance.equity, self.reason),)


def demand_flat(account: Account) -> None:
    held = sorted(key for key, position in account.positions.items() if position.quantity)
    if held:
        raise Illegal("ACCOUNT_NOT_FLAT", "sell what is held first", positions=", ".join(held))


def _result(key: str, held: Position) -> PositionResult:
    symbol, _, product = key.rpartition("/")
    return PositionResult(symbol, Product(product), held.realised_wac, held.realised_fifo)


def _capital(amount: Decimal) -> tuple[Posting, ...]:
    return Posting("cash", amount), Posting("house:capital", -amount)

"""The lives of an account, told in facts."""

from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec.structs import replace

from commands.trading import (
    CloseAccount,
    DepositVirtual,
    ResetAccount,
    WithdrawVirtual,
)
from commands.trading.closing import Listing
from domain.errors import Illegal
from domain.trading import (
    AccountClosed,
    AccountEpochClosed,
    AccountEpochOpened,
    OrderCanceled,
    OrderFilled,
    OrderRejected,
    PositionResult,
    Product,
    Side,
)
from tests.spec.daily import ONE_DAY, TODAY, after, bought, told
from tests.spec.given import given
from tests.spec.trading import (
    ACME,
    MINE,
    NOW,
    THIRD,
    history,
    place,
    quote,
    ticket,
)


def reset(capital: str = "5000") -> ResetAccount:
    return ResetAccount(
        at=NOW,
        account_id=MINE,
        opening_capital=Decimal(capital),
        session_date=TODAY,
        reason="a new beginning",
    )


def test_a_reset_closes_one_life_and_opens_the_next() -> None:
    past = history(place(ticket(), client_order_id="one"))
    canceled, closed, opened = told(past, reset())
    assert isinstance(canceled, OrderCanceled)
    assert isinstance(closed, AccountEpochClosed)
    assert closed.epoch_no == 1
    assert closed.equity == 100000
    assert isinstance(opened, AccountEpochOpened)
    assert opened.epoch_no == 2
    account = after((*past, canceled, closed, opened))
    assert account.balance.cash == account.balance.equity == 5000
    assert account.risk.capital == 5000
    given(*past, canceled, closed, opened).when(
        place(ticket(), THIRD, client_order_id="one")
    ).then_only(OrderRejected, code="ORDER_DUPLICATE_CLIENT_ID")


def test_what_is_held_is_sold_before_a_reset() -> None:
    error = given(*history(*bought())).when(reset()).then_fails(Illegal, "ACCOUNT_NOT_FLAT")
    assert error.context["positions"] == "ACME/CNC"


@pytest.mark.parametrize(("side", "profit"), [(Side.BUY, 100), (Side.SELL, -100)])
def test_what_is_held_is_marked_out_at_the_last_price_however_old(side: Side, profit: int) -> None:
    product = Product.CNC if side is Side.BUY else Product.MIS
    past = history(*bought(product, side))
    listing = Listing(instrument=ACME, quote=quote("109.95", "110.05"))
    late = replace(reset(), at=NOW + 9 * ONE_DAY, listings=(listing,))
    *before, closed, opened = told(past, late)
    (filled,) = [fact for fact in before if isinstance(fact, OrderFilled)]
    assert filled.last_px == 110
    assert filled.evidence.rule == "CLOSE_PRICE"
    assert isinstance(closed, AccountEpochClosed)
    assert closed.cash == closed.equity == 100_000 + profit
    assert closed.positions == (PositionResult("ACME", product, Decimal(profit), Decimal(profit)),)
    account = after((*past, *before, closed, opened))
    assert account.balance.equity == 5000
    assert not account.positions


def test_what_has_no_price_is_not_marked_out() -> None:
    listing = Listing(instrument=ACME)
    blind = replace(reset(), listings=(listing,))
    given(*history(*bought())).when(blind).then_fails(Illegal, "ACCOUNT_NOT_FLAT")


def test_an_account_begins_anew_three_times_a_day() -> None:
    past = history(reset(), reset(), reset())
    given(*past).when(reset()).then_fails(Illegal, "RESET_QUOTA")
    assert len(told(past, replace(reset(), session_date=TODAY + ONE_DAY))) == 2


def test_a_closed_account_is_only_read() -> None:
    close = CloseAccount(at=NOW, account_id=MINE, reason="no more of this")
    past = history()
    given(*past).when(close).then(
        AccountClosed(MINE, Decimal(100_000), Decimal(100_000), "no more of this")
    )
    past = history(close)
    given(*past).when(close).then()
    given(*past).when(place(ticket())).then_only(OrderRejected, code="ACCOUNT_CLOSED")
    given(*past).when(reset()).then_fails(Illegal, "ACCOUNT_CLOSED")
    for funds in (DepositVirtual, WithdrawVirtual):
        command = funds(at=NOW, account_id=MINE, amount=Decimal(1))
        given(*past).when(command).then_fails(Illegal, "ACCOUNT_CLOSED")


def test_an_account_with_something_in_it_is_not_closed() -> None:
    close = CloseAccount(at=NOW, account_id=MINE, reason="no more of this")
    given(*history(*bought())).when(close).then_fails(Illegal, "ACCOUNT_NOT_FLAT")
    given(*history(place(ticket()))).when(close).then_fails(Illegal, "ACCOUNT_NOT_FLAT")

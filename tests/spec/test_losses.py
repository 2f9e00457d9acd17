"""Losing: pauses after losing trades, and limits that a fill or a mark breaks."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from msgspec.structs import replace

from commands.base import Command
from commands.trading import (
    CheckRisk,
    DepositVirtual,
)
from domain.base import fold
from domain.errors import Illegal, Invalid
from domain.trading import (
    Account,
    Party,
    RiskLimitBreached,
    Side,
    TradingState,
    TradingStateChanged,
)
from tests.spec.given import given
from tests.spec.risky import accepted, bought, buy, hold, limit, refused
from tests.spec.trading import (
    MINE,
    NOW,
    THIRD,
    fill,
    history,
    place,
    quote,
    ticket,
)


def losing(times: int) -> list[Command]:
    """Bought at 100 and sold at 90, so many times."""
    commands: list[Command] = []
    for nth in range(times):
        into, out = UUID(int=1000 + nth), UUID(int=2000 + nth)
        commands += [
            place(ticket(), into),
            fill("10", "100", into, UUID(int=3000 + nth)),
            place(ticket(Side.SELL, price="90"), out),
            fill("10", "90", out, UUID(int=4000 + nth)),
        ]
    return commands


def test_after_losing_trades_in_a_row_no_new_risk_is_taken_for_a_while() -> None:
    past = history(*losing(2), limit(cooldown_losses=2, cooldown_minutes=30))
    fact = refused(past, buy())
    assert fact.code == "RISK_PROTECTION_LOCK"
    assert fact.context["until"] == (NOW + timedelta(minutes=30)).isoformat()
    assert accepted(past, replace(buy(), at=NOW + timedelta(minutes=30)))


def test_a_symbol_is_locked_after_its_own_losses() -> None:
    past = history(*losing(1), limit(symbol_lock_losses=1, symbol_lock_minutes=5))
    fact = refused(past, buy())
    assert (fact.context["rule"], fact.context["symbol"]) == ("symbol_lock", "ACME")


def test_a_symbol_that_brings_too_little_is_left_alone_for_a_while() -> None:
    lock = {"low_profit_trades": 2, "low_profit_minutes": 60}
    past = history(*losing(2), limit(**lock, low_profit_amount=Decimal(1)))
    fact = refused(past, buy())
    assert (fact.code, fact.context["rule"]) == ("RISK_PROTECTION_LOCK", "low_profit")
    assert (fact.context["profit"], fact.context["trades"]) == ("-200", "2")
    assert fact.context["until"] == (NOW + timedelta(minutes=60)).isoformat()
    assert accepted(past, replace(buy(), at=NOW + timedelta(minutes=60)))
    assert accepted(history(*losing(1), limit(**lock, low_profit_amount=Decimal(1))), buy())


@pytest.mark.parametrize(
    "half",
    [
        {"low_profit_trades": 2},
        {"low_profit_amount": Decimal(1), "low_profit_minutes": 5},
        {"low_profit_trades": 11, "low_profit_amount": Decimal(1), "low_profit_minutes": 5},
    ],
)
def test_half_a_protection_is_none(half: dict[str, object]) -> None:
    with pytest.raises(Invalid, match="low_profit_trades"):
        limit(**half)


def test_only_the_last_results_of_a_symbol_are_remembered() -> None:
    recent = fold(Account(), history(*losing(12))).risk.recent["ACME"]
    assert recent.results == (Decimal(-100),) * 10


def test_a_winning_trade_ends_the_streak() -> None:
    won = [
        place(ticket(), THIRD),
        fill("10", "100", THIRD, UUID(int=5)),
        place(ticket(Side.SELL, price="101"), UUID(int=14)),
        fill("10", "101", UUID(int=14), UUID(int=6)),
    ]
    past = history(*losing(1), *won, *losing(0), limit(cooldown_losses=1, cooldown_minutes=30))
    assert accepted(past, buy())


def test_the_daily_loss_limit_closes_the_account_to_new_risk_in_the_commit_of_the_fill() -> None:
    past = history(limit(daily_loss_limit=Decimal(100)), *losing(1)[:3])
    filled, breach, held = (
        given(*past).when(fill("10", "90", UUID(int=2000), UUID(int=4000))).facts()
    )
    assert isinstance(breach, RiskLimitBreached)
    assert breach.limit_name == "daily_loss_limit"
    assert breach.value == 100
    assert isinstance(held, TradingStateChanged)
    assert (held.party, held.new) == (Party.POLICY, TradingState.REDUCING)
    after = (*past, filled, breach, held)
    assert refused(after, buy()).code == "TRADING_REDUCING_ONLY"
    given(*after).when(hold(TradingState.ACTIVE)).then_fails(Illegal, "RISK_LOOSEN_COOLOFF")
    assert held.until is not None
    assert accepted(after, replace(buy(at=replace(quote(), received_at=held.until)), at=held.until))


@pytest.mark.parametrize(
    ("limits", "mark"),
    [
        ({"daily_loss_limit": Decimal(100)}, "90"),
        ({"daily_profit_lock": Decimal(100)}, "110"),
        ({"total_loss_limit": Decimal(100)}, "90"),
        ({"max_drawdown_pct": Decimal("0.1")}, "90"),
    ],
)
def test_a_mark_alone_can_break_a_limit(limits: dict[str, object], mark: str) -> None:
    past = history(*bought(), limit(**limits))
    check = CheckRisk(at=NOW, account_id=MINE, marks={"ACME": Decimal(mark)})
    breach, held = given(*past).when(check).facts()
    assert isinstance(breach, RiskLimitBreached)
    assert breach.limit_name in limits
    given(*past, breach, held).when(check).then()
    given(*past).when(replace(check, marks={"ACME": Decimal(100)})).then()


def test_money_paid_in_is_no_profit() -> None:
    deposit = DepositVirtual(at=NOW, account_id=MINE, amount=Decimal(5000))
    past = history(limit(daily_profit_lock=Decimal(100)), deposit)
    given(*past).when(CheckRisk(at=NOW, account_id=MINE)).then()

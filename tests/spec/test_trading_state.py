"""What holding an account back does to its orders."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from commands.base import Caller
from commands.trading import (
    ReleaseKillSwitch,
)
from domain.base import Role, fold
from domain.errors import Forbidden, Illegal
from domain.trading import (
    Account,
    Bound,
    KillSwitchActivated,
    OrderCanceled,
    OrderReplaced,
    Origin,
    Party,
    Risk,
    TradingState,
    TradingStateChanged,
)
from tests.spec.given import given
from tests.spec.risky import accepted, bought, buy, hold, kill, refused, sell
from tests.spec.trading import (
    FIRST,
    ME,
    MINE,
    NOW,
    SECOND,
    THIRD,
    cancel,
    change,
    history,
    place,
    ticket,
)


def test_a_halted_account_takes_no_order_and_says_who_halted_it() -> None:
    fact = refused(history(hold(TradingState.HALTED)), buy())
    assert fact.code == "TRADING_HALTED"
    assert fact.context == {"scope": "account", "reason": "enough for today", "by": "OWNER"}


def test_a_reducing_account_only_closes() -> None:
    past = history(*bought(), hold(TradingState.REDUCING))
    assert refused(past, buy()).code == "TRADING_REDUCING_ONLY"
    assert accepted(past, sell("10"))
    assert refused(past, sell("11")).code == "TRADING_REDUCING_ONLY"


def test_two_closing_orders_cannot_close_more_than_is_held() -> None:
    past = history(*bought(), hold(TradingState.REDUCING), replace(sell("6"), order_id=THIRD))
    assert refused(past, sell("5")).code == "TRADING_REDUCING_ONLY"


def test_a_halt_of_a_wider_scope_reaches_the_account_with_the_order() -> None:
    halt = TradingStateChanged(
        "platform", Party.HOUSE, TradingState.ACTIVE, TradingState.HALTED, "wrong prices"
    )
    bounds = (Bound("platform", Risk().evolve(halt)),)
    fact = refused(history(), replace(buy(), bounds=bounds))
    assert (fact.code, fact.context["scope"]) == ("TRADING_HALTED", "platform")


def test_only_the_house_closes_while_trading_is_halted() -> None:
    past = history(*bought(), hold(TradingState.HALTED))
    order = replace(sell("10", None).order, reduce_only=True)
    assert refused(past, replace(sell(), order=order)).code == "TRADING_HALTED"
    assert accepted(past, replace(sell(), order=order, origin=Origin.SYSTEM))
    opening = replace(order, reduce_only=False)
    forced = replace(sell(), order=opening, origin=Origin.SYSTEM)
    assert refused(past, forced).code == "TRADING_HALTED"


def test_a_halted_account_cancels_and_changes_nothing_else() -> None:
    past = history(place(ticket()), hold(TradingState.HALTED))
    given(*past).when(change(quantity="5")).then_fails(Illegal, "TRADING_HALTED")
    given(*past).when(cancel()).then_only(OrderCanceled)


def test_a_reducing_account_makes_an_opening_order_smaller_and_not_larger() -> None:
    past = history(place(ticket(quantity="10")), hold(TradingState.REDUCING))
    given(*past).when(change(quantity="5")).then_only(OrderReplaced)
    given(*past).when(change(quantity="11")).then_fails(Illegal, "TRADING_REDUCING_ONLY")
    given(*past).when(change(price="99")).then_fails(Illegal, "TRADING_REDUCING_ONLY")


def test_a_closing_order_is_changed_while_reducing() -> None:
    past = history(*bought(), sell("6"), hold(TradingState.REDUCING))
    given(*past).when(change(quantity="10", order_id=SECOND)).then_only(OrderReplaced)


def test_a_kill_switch_halts_first_and_takes_every_order_back_in_the_same_commit() -> None:
    past = history(place(ticket()), place(ticket(quantity="3"), THIRD))
    halt, switch, *canceled = given(*past).when(kill()).facts()
    assert isinstance(halt, TradingStateChanged)
    assert halt.new is TradingState.HALTED
    assert isinstance(switch, KillSwitchActivated)
    assert [c.order_id for c in canceled if isinstance(c, OrderCanceled)] == [FIRST, THIRD]
    after = fold(Account(), (*past, halt, switch, *canceled))
    assert after.balance.reserved == 0


def test_a_kill_switch_pulled_twice_halts_once() -> None:
    given(*history(kill())).when(kill()).then()


def test_a_released_account_trades_again() -> None:
    release = ReleaseKillSwitch(at=NOW, account_id=MINE, reason="found the bug")
    past = history(kill(), release)
    assert accepted(past, buy())
    given(*past).when(release).then()


def test_the_owner_does_not_speak_for_the_house() -> None:
    account = fold(Account(), history())
    me = Caller(actor=f"user:{ME}", roles=Role.TRADER, correlation_id=ME)
    hold(TradingState.HALTED).authorise(account, me)
    with pytest.raises(Forbidden):
        hold(TradingState.HALTED, party=Party.HOUSE).authorise(account, me)
    house = replace(me, actor="user:9", permissions=frozenset({"system:halt"}))
    hold(TradingState.HALTED, party=Party.HOUSE).authorise(account, house)
    with pytest.raises(Forbidden):
        hold(TradingState.HALTED).authorise(account, house)

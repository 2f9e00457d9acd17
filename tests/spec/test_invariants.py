"""The invariants of a tape hold for what the commands record, and each finds what breaks it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from adapters.invariants import INVARIANTS, Auditor
from commands.trading import ApplyCorporateAction, CorrectTrade
from domain.base import Event, Fact, Meta, fold
from domain.trading import (
    Account,
    ActionKind,
    CorporateAction,
    CorporateActionApplied,
    Execution,
    OrderAccepted,
    OrderCanceled,
    OrderFilled,
    PositionRestated,
    Posting,
    Side,
)
from domain.trading.risk import Party, TradingState, TradingStateChanged
from tests.naive.histories import MINE, OPENING, History
from tests.spec.trading import FIRST_EXEC, NOW, SECOND, fill, history, place, ticket
from tests.spec.trading import MINE as MINE_TOO

META = Meta(actor="test", command_id=MINE, correlation_id=MINE, occurred_at=OPENING)
CENT = Decimal("0.01")
EX = NOW + timedelta(days=1)


def on_tape(events: list[Event]) -> list[Fact]:
    return [
        Fact(nth, f"account-{MINE}", nth, event, META, OPENING)
        for nth, event in enumerate(events, 1)
    ]


def life(seed: int = 1, steps: int = 120) -> list[Event]:
    return [fact for _, facts in History(seed).steps(steps) for fact in facts]


def broken(events: list[Event]) -> dict[str, str]:
    auditor = Auditor()
    auditor.take(on_tape(events))
    return {each.number: each.broken for each in auditor.verdict() if each.broken}


def spoilt(
    spoil: Callable[[Any], Event | None],
    kind: type[Event] = OrderFilled,
    events: list[Event] | None = None,
) -> list[Event]:
    """A life in which the first fact of a kind that can be spoilt is."""
    events = life() if events is None else events
    for nth, event in enumerate(events):
        wrong = spoil(event) if isinstance(event, kind) else None
        if wrong is not None:
            return [*events[:nth], wrong, *events[nth + 1 :]]
    raise AssertionError("there is nothing to spoil")


def test_what_the_commands_record_keeps_every_invariant() -> None:
    for seed in range(40):
        assert broken(life(seed)) == {}


def buys(fact: OrderFilled) -> bool:
    return fact.side is Side.BUY


def _position(fact: OrderFilled, **more: Decimal) -> OrderFilled:
    changed = {name: getattr(fact.position, name) + by for name, by in more.items()}
    return replace(fact, position=replace(fact.position, **changed))


def _balance(fact: Any, **more: Decimal) -> Any:
    changed = {name: getattr(fact.balance, name) + by for name, by in more.items()}
    return replace(fact, balance=replace(fact.balance, **changed))


def _one_layer_less(fact: OrderFilled) -> OrderFilled | None:
    return None if buys(fact) else replace(fact, lots=())


def _overdrawn(fact: OrderFilled) -> OrderFilled:
    gone = fact.balance.cash + CENT
    lines = (Posting("cash", -gone), Posting("house:trading", gone))
    spent = replace(fact, postings=(*fact.postings, *lines))
    return replace(spent, balance=replace(fact.balance, cash=-CENT))


def _twice(fact: OrderFilled) -> OrderFilled | None:
    first = next(each for each in life() if isinstance(each, OrderFilled))
    return None if fact == first else replace(fact, exec_id=first.exec_id)


SOLD = history(
    place(ticket()),
    fill("10", "100"),
    place(ticket(Side.SELL, "5"), SECOND),
    fill("5", "101", SECOND, UUID(int=102)),
)


def _corrected() -> list[Event]:
    """Two trades, of which the first was at another price."""
    past = history(
        place(ticket()),
        fill("10", "100"),
        place(ticket(Side.SELL, "5"), SECOND),
        fill("5", "101", SECOND, UUID(int=102)),
    )
    correct = CorrectTrade(
        at=NOW,
        account_id=MINE_TOO,
        trade_id=FIRST_EXEC,
        price=Decimal(99),
        reason="a wrong price came in",
        expected_version=1,
        history=past,
    )
    return [*past, *correct.decide(fold(Account(), past))]


def _restated(fact: PositionRestated) -> PositionRestated:
    cost = fact.holding.cost_basis + CENT
    return replace(fact, holding=replace(fact.holding, cost_basis=cost))


def test_a_corrected_trade_breaks_no_invariant() -> None:
    assert broken(_corrected()) == {}


PLANTED: dict[str, list[Event]] = {
    "I-01": spoilt(lambda fact: _position(fact, quantity=Decimal(1))),
    "I-02": spoilt(_one_layer_less),
    "I-03": spoilt(lambda fact: _balance(fact, positions=CENT)),
    "I-04": spoilt(lambda fact: _position(fact, realised_fifo=CENT)),
    "I-05": spoilt(_overdrawn, events=[*SOLD]),
    "I-06": spoilt(lambda fact: _balance(fact, reserved=Decimal(5000)) if buys(fact) else None),
    "I-07": spoilt(lambda fact: _balance(fact, margin=CENT)),
    "I-08": spoilt(
        lambda fact: None if buys(fact) else _position(fact, quantity=-fact.position.quantity - 1),
        events=[*SOLD],
    ),
    "I-09": spoilt(lambda fact: replace(fact, cum_qty=fact.cum_qty + 1)),
    "I-10": spoilt(_twice),
    "I-11": spoilt(lambda fact: replace(fact, fee=fact.fee + CENT)),
    "I-12": spoilt(
        lambda fact: replace(fact, evidence=replace(fact.evidence, bid_size=CENT, ask_size=CENT))
    ),
    "I-15": spoilt(_restated, PositionRestated, _corrected()),
    "I-17": spoilt(lambda fact: replace(fact, venue="zerodha"), OrderAccepted),
    "I-14": spoilt(lambda fact: replace(fact, postings=(*fact.postings, Posting("house:x", CENT)))),
}


@pytest.mark.parametrize("number", sorted(PLANTED))
def test_a_planted_violation_is_found(number: str) -> None:
    assert number in broken(PLANTED[number])


def halted() -> TradingStateChanged:
    return TradingStateChanged(
        scope=f"account:{MINE}",
        party=Party.OWNER,
        old=TradingState.ACTIVE,
        new=TradingState.HALTED,
        reason="enough for today",
    )


def test_an_order_accepted_while_trading_is_halted_is_found() -> None:
    events = [*history(), halted(), *history(place(ticket()))[1:]]
    assert "I-18" in broken(events)
    assert "I-18" not in broken([*history(place(ticket())), halted()])


def test_every_invariant_has_a_planted_violation() -> None:
    assert {*PLANTED, "I-18"} == set(INVARIANTS)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda fact: replace(fact, canceled_qty=fact.canceled_qty + 1), "taken back"),
        (lambda fact: _balance(fact, reserved=Decimal(-10_000_000)), "is reserved"),
    ],
)
def test_what_is_wrong_with_a_cancel_is_told(spoil: Callable[[Any], Event], says: str) -> None:
    assert says in " ".join(broken(spoilt(spoil, OrderCanceled)).values())


def test_a_fill_beyond_the_limit_of_its_order_is_found() -> None:
    dearer = spoilt(lambda fact: replace(fact, last_px=fact.last_px * 2) if buys(fact) else None)
    assert "limit" in broken(dearer)["I-12"]


def test_a_fill_of_an_order_that_is_over_is_found() -> None:
    events = life()
    last = next(
        event for event in reversed(events) if isinstance(event, Execution) and not event.leaves_qty
    )
    again = replace(last, exec_id=UUID(int=7))
    assert "FILLED" in broken([*events, again])["I-09"]


def test_facts_that_cannot_be_reckoned_with_are_a_violation_and_no_crash() -> None:
    events = life()
    orphan = next(event for event in events if isinstance(event, OrderFilled))
    assert broken([events[0], orphan])["I-09"]


def after_a_split(*more: object) -> list[Event]:
    """Ten bought, two for one, and what follows."""
    action = CorporateAction(
        action_id=UUID(int=5),
        kind=ActionKind.SPLIT,
        symbol="ACME",
        ex_at=EX,
        numerator=Decimal(2),
        denominator=Decimal(1),
    )
    split = ApplyCorporateAction(at=EX, account_id=MINE_TOO, action=action)
    return list(history(place(ticket()), fill("10", "100"), split, *more))


def test_a_split_is_followed_and_what_comes_after_it_adds_up() -> None:
    selling = (place(ticket(Side.SELL, "20", "60"), SECOND), fill("20", "60", SECOND, UUID(int=9)))
    assert broken(after_a_split(*selling)) == {}


def test_a_layer_lost_in_a_split_is_found() -> None:
    *events, split = after_a_split()
    assert isinstance(split, CorporateActionApplied)
    (holding,) = split.holdings
    assert "I-02" in broken([*events, replace(split, holdings=(replace(holding, lots=()),))])

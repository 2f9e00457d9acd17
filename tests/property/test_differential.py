"""Two hundred histories, and a second implementation that comes to the same at every fact."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from domain.base import Event
from domain.trading import FAMILIES, OrderFilled, OrderReplaced, PositionAfter
from tests.naive.histories import History
from tests.naive.mirror import Mirror
from tests.naive.tickets import LISTED

HISTORIES, STEPS = (12 if os.environ.get("MUTANTS") else 200), 80


def replayed(seed: int, spoil: Callable[[Event], Event] = lambda fact: fact) -> Mirror:
    """A history led through the naive account, each fact as ``spoil`` makes it."""
    mirror, history = Mirror(LISTED), History(seed)
    for command, facts in history.steps(STEPS):
        mirror.see(command, tuple(spoil(fact) for fact in facts), history.account)
    return mirror


#: What the histories must have had in them, and how often at least in each ten of them.
OFTEN = {
    **dict.fromkeys(("OrderFilled", "OrderTriggered", "OrderReplaced", "OrderCanceled"), 40),
    **dict.fromkeys(("MARKET", "LIMIT", "STOP", "STOP_LIMIT", "MIT", "TRAILING_STOP"), 10),
    **dict.fromkeys(("BRACKET", "GTT", "OCO", "resized", "taken off"), 8),
    **{f"{product} EQ": 8 for product in ("CNC", "MIS", "MTF")},
    **{f"{product} {kind}": 5 for product in ("MIS", "NRML") for kind in ("FUT", "CE", "PE")},
    "SPOT SPOT": 10,
    "OrderExpired": 10,
    "OrderRejected": 10,
    "TrailingStopAdjusted": 1,
    "InterestCharged": 2,
    "PositionExpired": 2,
}


def test_the_naive_account_comes_to_the_same_after_every_fact_of_two_hundred_histories() -> None:
    met: Counter[str] = Counter()
    compared = shorts = 0
    for seed in range(HISTORIES):
        mirror = replayed(seed)
        met += mirror.kinds + mirror.seen
        compared += mirror.compared
        shorts += mirror.shorts
    assert compared > HISTORIES * STEPS / 2
    assert shorts > HISTORIES, "positions below zero"
    rare = {what: met[what] for what, least in OFTEN.items() if met[what] * 10 < least * HISTORIES}
    assert not rare, "of these there is too little to compare"
    assert {History(seed).fees for seed in range(HISTORIES)} == set(FAMILIES)


#: What a faulty domain would record, for each thing that is compared.
FAULTS: dict[str, Callable[[Any], Event]] = {
    "cash": lambda fact: replace(
        fact, balance=replace(fact.balance, cash=fact.balance.cash + Decimal("0.00000001"))
    ),
    "reserved": lambda fact: replace(
        fact, balance=replace(fact.balance, reserved=fact.balance.reserved + Decimal("0.01"))
    ),
    "margin": lambda fact: replace(
        fact, balance=replace(fact.balance, margin=fact.balance.margin + Decimal("0.01"))
    ),
    "positions": lambda fact: replace(
        fact, balance=replace(fact.balance, positions=fact.balance.positions - Decimal("0.01"))
    ),
    "loan": lambda fact: replace(
        fact, balance=replace(fact.balance, loan=fact.balance.loan + Decimal("0.01"))
    ),
    "gains not taken": lambda fact: replace(
        fact, balance=replace(fact.balance, unrealised=fact.balance.unrealised - 1)
    ),
    "cost": lambda fact: replace(fact, position=_moved(fact.position, "cost_basis")),
    "realised": lambda fact: replace(fact, position=_moved(fact.position, "realised_fifo")),
    "fill's own P&L": lambda fact: replace(fact, realised_wac=fact.realised_wac + 1),
    "fee": lambda fact: replace(fact, fee=fact.fee + Decimal("0.01")),
    "leaves": lambda fact: replace(fact, leaves_qty=fact.leaves_qty + 1),
    "lots": lambda fact: replace(
        fact, lots=tuple(replace(lot, amount=lot.amount + 1) for lot in fact.lots)
    ),
}


def _moved(position: PositionAfter, field: str) -> PositionAfter:
    return replace(position, **{field: getattr(position, field) + Decimal("0.00000001")})


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_what_is_recorded_is_found(fault: str) -> None:
    def spoil(fact: Event) -> Event:
        leaves_layers = isinstance(fact, OrderFilled) and any(lot.quantity for lot in fact.lots)
        return FAULTS[fault](fact) if leaves_layers else fact

    with pytest.raises(AssertionError):
        replayed(1, spoil)


def test_a_leg_that_works_on_when_the_other_was_filled_is_found() -> None:
    def forgetful(seed: int) -> None:
        mirror, history = Mirror(LISTED), History(seed)
        for command, facts in history.steps(STEPS):
            kept = [f for f in facts if getattr(f, "reason", "") not in ("OCO", "BRACKET")]
            mirror.see(command, tuple(kept), history.account)

    groups = (seed for seed in range(HISTORIES) if replayed(seed).seen["taken off"])
    with pytest.raises(AssertionError, match="Expected"):
        forgetful(next(groups))


def test_a_reservation_that_is_forgotten_when_an_order_changes_is_found() -> None:
    def spoil(fact: Event) -> Event:
        if not isinstance(fact, OrderReplaced) or not fact.balance.reserved:
            return fact
        return replace(fact, balance=replace(fact.balance, reserved=Decimal(0)))

    changes = (seed for seed in range(20) if replayed(seed).kinds["OrderReplaced"] > 2)
    with pytest.raises(AssertionError, match="reserved"):
        replayed(next(changes), spoil)

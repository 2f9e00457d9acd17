"""P9: whether an account with many open orders makes each fact dearer to fold."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from time import perf_counter
from typing import cast

from commands.trading import AccountCommand, ApplyFill, CancelOrder
from domain.base import Event, fold
from domain.market import Quote, witness
from domain.trading import Account
from tests.bench import people
from tests.bench.budgets import Figure, compared
from tests.bench.stage import Stage, in_turn

IDS = ("P9",)
MANY, FEW = 10_000, 10
ROUNDS = 9


def measure(stage: Stage, asked: frozenset[str], scale: float = 1.0) -> Iterator[Figure]:
    cycles = max(int(500 * scale), 1)
    many, few = trading(int(MANY * min(scale, 1.0)) or 1, cycles), trading(FEW, cycles)
    rounds = in_turn(lambda: cost_us(*many), lambda: cost_us(*few), ROUNDS)
    yield compared("P9", rounds)


def trading(open_orders: int, cycles: int) -> tuple[Account, list[Event]]:
    """An account with so many open orders, and facts after which it has as many again."""
    me = people.ids()
    account = fold(Account(), people.opening(me).decide(Account()))
    for placing in people.resting([me], open_orders):
        account = fold(account, placing.decide(account))
    quote = Quote(people.SHARE.symbol, "bench", 1, people.now(), people.now())
    evidence = witness(quote, people.now(), rule="MARKETABLE", model="TOP_OF_BOOK@1")
    facts: list[Event] = []
    after = account
    for placing in people.resting([me], cycles):
        fill = ApplyFill(
            at=placing.at,
            account_id=me,
            order_id=placing.order_id,
            exec_id=people.ids(),
            quantity=Decimal(1),
            price=placing.order.price or Decimal(1),
            evidence=evidence,
            executed_at=placing.at,
        )
        cancel = CancelOrder(at=placing.at, account_id=me, order_id=placing.order_id)
        for command in cast(tuple[AccountCommand, ...], (placing, fill, cancel)):
            new = command.decide(after)
            after = fold(after, new)
            facts += new
    assert len(after.orders) == open_orders, "each cycle ends the order that it began"
    return account, facts


def cost_us(account: Account, facts: list[Event]) -> float:
    began = perf_counter()
    fold(account, facts)
    return 1e6 * (perf_counter() - began) / len(facts)

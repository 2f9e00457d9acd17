"""Histories of one account, made by the real commands from a seed: commands and their facts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

from commands.base import Command
from commands.trading import (
    AdjustTrail,
    ApplyFill,
    CancelOrder,
    ChargeInterest,
    ClosePosition,
    DepositVirtual,
    ExpireOrder,
    ExpirePosition,
    OpenAccount,
    RecordTrigger,
    ReplaceOrder,
    WithdrawVirtual,
)
from domain.base import Events, fold
from domain.errors import DomainError
from domain.market import witness
from domain.trading import FAMILIES, Account, OrderType, Side, Status, Working
from tests.naive.tickets import CONTRACTS, LISTED, Tickets

#: Two days before the rates of all brokers change.
OPENING = datetime(2026, 3, 30, 4, tzinfo=UTC)
ME, MINE = UUID(int=1), UUID(int=2)
CAPITAL = Decimal(20_000)
LENDING_RATE = Decimal("0.15")

#: What was asked, and what came of it.
Step = tuple[Command, Events]


class History:
    """One account that trades at random; quotes walk about where they began."""

    def __init__(self, seed: int) -> None:
        self.dice = Random(seed)
        self.now = OPENING
        self.account = Account()
        self.tickets = Tickets(self.dice)
        self.fees = FAMILIES[seed % len(FAMILIES)]

    def steps(self, count: int) -> Iterator[Step]:
        """The next commands that made facts, with those facts."""
        opening = OpenAccount(
            at=self.now,
            account_id=MINE,
            owner_id=ME,
            kind="PAPER",
            currency="INR",
            opening_capital=CAPITAL,
            fee_schedule=self.fees,
        )
        yield from self._ask(opening)
        for _ in range(count):
            self.now += timedelta(seconds=self.dice.randint(1, 15_000))
            try:
                command = self._next({"at": self.now, "account_id": MINE})
            except DomainError:
                continue  # no such ticket can be written
            yield from self._ask(command)

    def _ask(self, command: Command | None) -> Iterator[Step]:
        if command is None:
            return
        try:
            facts = command.decide(self.account)
        except DomainError:
            return
        self.account = fold(self.account, facts)
        if facts:
            yield command, facts

    def _next(self, common: dict[str, Any]) -> Command | None:
        working = sorted(self.account.orders)
        dice = self.dice.random() if working else 0.61 + 0.39 * self.dice.random()
        if working and dice < 0.45:
            return self._move(common, self.dice.choice(working))
        if working and dice < 0.50:
            return CancelOrder(**common, order_id=self.dice.choice(working))
        if working and dice < 0.53:
            return ExpireOrder(**common, order_id=self.dice.choice(working))
        if working and dice < 0.61:
            return self._replace(common, self.dice.choice(working))
        if dice < 0.64:
            funds = self.dice.choice((DepositVirtual, WithdrawVirtual))
            return funds(**common, amount=Decimal(self.dice.randint(1, 300_000)) / 100)
        if dice < 0.68:
            return ChargeInterest(**common, rate=LENDING_RATE, through=self.now.date())
        if dice < 0.69:
            return self._expire(common)
        if dice < 0.73:
            return self._close(common)
        return self.tickets.any(common)

    def _move(self, common: dict[str, Any], order_id: UUID) -> Command | None:
        """The market meets an order: it is filled, set off, or its stop follows."""
        working = self.account.orders[order_id]
        order = working.order
        listed = LISTED[order.symbol]
        if working.status is not Status.HELD:
            return self._fill(common, order_id, working)
        if working.stop is None and not order.after_market:
            return None  # it waits for its entry
        if order.order_type is OrderType.TRAILING_STOP and self.dice.random() < 0.3:
            watermark = self.tickets.price(listed)
            return AdjustTrail(**common, order_id=order_id, instrument=listed, watermark=watermark)
        return RecordTrigger(
            **common,
            order_id=order_id,
            instrument=listed,
            quote=self.tickets.quote(listed, self.now),
            quote_max_age=timedelta(minutes=1),
            underlying=self.tickets.underlying(listed),
        )

    def _fill(self, common: dict[str, Any], order_id: UUID, working: Working) -> Command:
        listed = LISTED[working.order.symbol]
        quote = self.tickets.quote(listed, self.now)
        steps = int(working.leaves_qty / listed.step)
        whole = steps <= 1 or self.dice.random() < 0.4
        part = self.dice.randint(1, max(1, steps)) * listed.step
        better = self.dice.randint(0, 40) * listed.tick_size
        buying = working.order.side is Side.BUY
        return ApplyFill(
            **common,
            order_id=order_id,
            exec_id=self.tickets.new_id(),
            quantity=working.leaves_qty if whole else part,
            price=max(listed.tick_size, working.limit + (-better if buying else better)),
            evidence=witness(quote, self.now, rule="TEST", model="TOP_OF_BOOK@1"),
            executed_at=self.now,
        )

    def _replace(self, common: dict[str, Any], order_id: UUID) -> Command:
        """Another quantity, price or stop, or two of them."""
        working = self.account.orders[order_id]
        order = working.order
        listed = LISTED[order.symbol]
        what = self.dice.randint(1, 7)
        priced, stopped = order.price is not None, order.stop_price is not None
        quantity = self.tickets.quantity(listed) + working.cum_qty
        return ReplaceOrder(
            **common,
            order_id=order_id,
            instrument=listed,
            quantity=quantity if what & 1 or not (priced or stopped) else None,
            price=self.tickets.price(listed) if what & 2 and priced else None,
            stop_price=self.tickets.price(listed) if what & 4 and stopped else None,
            quote=self.tickets.quote(listed, self.now),
            underlying=self.tickets.underlying(listed),
        )

    def _close(self, common: dict[str, Any]) -> Command:
        listed = self.dice.choice(list(LISTED.values()))
        return ClosePosition(
            **common,
            order_id=self.tickets.new_id(),
            product=self.tickets.product(listed),
            instrument=listed,
            quote=self.tickets.quote(listed, self.now),
        )

    def _expire(self, common: dict[str, Any]) -> Command:
        listed = self.dice.choice(CONTRACTS)
        price = self.tickets.underlying(listed)
        assert price is not None
        return ExpirePosition(
            **common, instrument=listed, settlement_price=price, expired_on=self.now.date()
        )

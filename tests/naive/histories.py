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
    ApplyFill,
    CancelOrder,
    ClosePosition,
    DepositVirtual,
    ExpireOrder,
    OpenAccount,
    PlaceOrder,
    ReplaceOrder,
    WithdrawVirtual,
)
from domain.base import Events, fold
from domain.errors import DomainError
from domain.market import Instrument, InstrumentType, Quote, witness
from domain.trading import Account, Order, OrderType, Product, Side, Tif, Working

OPENING = datetime(2026, 11, 23, 4, tzinfo=UTC)
ME, MINE = UUID(int=1), UUID(int=2)
CAPITAL = Decimal(20_000)


def _instrument(symbol: str, kind: InstrumentType, tick: str, **more: Any) -> Instrument:
    return Instrument(
        symbol=symbol,
        name=symbol,
        exchange="TEST",
        type=kind,
        currency="INR",
        tick_size=Decimal(tick),
        **more,
    )


SHARE = _instrument("SHARE", InstrumentType.EQ, "0.05")
FUND = _instrument("FUND", InstrumentType.ETF, "0.01", multiplier=Decimal(10))
COIN = _instrument(
    "COIN", InstrumentType.SPOT, "0.0001", qty_step=Decimal("0.001"), min_qty=Decimal("0.001")
)
PRICES = {SHARE: Decimal("101.35"), FUND: Decimal("7.03"), COIN: Decimal("3.3333")}

#: What was asked, and what came of it.
Step = tuple[Command, Events]


class History:
    """One account that trades at random; quotes walk about where they began."""

    def __init__(self, seed: int) -> None:
        self.dice = Random(seed)
        self.now = OPENING
        self.account = Account()
        self._count = 1000

    def steps(self, count: int) -> Iterator[Step]:
        """The next commands that made facts, with those facts."""
        yield from self._ask(
            OpenAccount(
                at=self.now,
                account_id=MINE,
                owner_id=ME,
                kind="PAPER",
                currency="INR",
                opening_capital=CAPITAL,
            )
        )
        for _ in range(count):
            self.now += timedelta(seconds=self.dice.randint(1, 600))
            yield from self._ask(self._next())

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

    def _id(self) -> UUID:
        self._count += 1
        return UUID(int=self._count)

    def _next(self) -> Command | None:
        dice = self.dice.random()
        common: dict[str, Any] = {"at": self.now, "account_id": MINE}
        working = sorted(self.account.orders)
        if working and dice < 0.45:
            return self._fill(common, self.dice.choice(working))
        if working and dice < 0.53:
            return CancelOrder(**common, order_id=self.dice.choice(working))
        if working and dice < 0.56:
            return ExpireOrder(**common, order_id=self.dice.choice(working))
        if working and dice < 0.64:
            return self._replace(common, self.dice.choice(working))
        if dice < 0.67:
            funds = self.dice.choice((DepositVirtual, WithdrawVirtual))
            return funds(**common, amount=Decimal(self.dice.randint(1, 300_000)) / 100)
        if dice < 0.72:
            return self._close(common)
        return self._place(common)

    def _place(self, common: dict[str, Any]) -> Command:
        instrument = self.dice.choice(list(PRICES))
        quote = self.quote(instrument)
        kind = self.dice.choice((OrderType.LIMIT, OrderType.LIMIT, OrderType.MARKET))
        order = Order(
            symbol=instrument.symbol,
            side=self.dice.choice((Side.BUY, Side.BUY, Side.SELL)),
            quantity=self.quantity(instrument),
            order_type=kind,
            product=self.product(instrument),
            price=self.price(instrument) if kind is OrderType.LIMIT else None,
            tif=Tif.DAY,
            multiplier=instrument.multiplier,
        )
        return PlaceOrder(
            **common, order_id=self._id(), order=order, instrument=instrument, quote=quote
        )

    def _close(self, common: dict[str, Any]) -> Command | None:
        instrument = self.dice.choice(list(PRICES))
        return ClosePosition(
            **common,
            order_id=self._id(),
            product=self.product(instrument),
            instrument=instrument,
            quote=self.quote(instrument),
        )

    def _replace(self, common: dict[str, Any], order_id: UUID) -> Command:
        working = self.account.orders[order_id]
        instrument = listed(working.order.symbol)
        if working.order.product is Product.MIS:
            return CancelOrder(**common, order_id=order_id)
        priced = working.order.price is not None and self.dice.random() < 0.6
        return ReplaceOrder(
            **common,
            order_id=order_id,
            instrument=instrument,
            quantity=self.quantity(instrument) + working.cum_qty,
            price=self.price(instrument) if priced else None,
        )

    def _fill(self, common: dict[str, Any], order_id: UUID) -> Command:
        working = self.account.orders[order_id]
        instrument = listed(working.order.symbol)
        evidence = witness(self.quote(instrument), self.now, rule="TEST", model="TOP_OF_BOOK@1")
        return ApplyFill(
            **common,
            order_id=order_id,
            exec_id=self._id(),
            quantity=self._part(working, instrument),
            price=self._within(working, instrument),
            evidence=evidence,
            executed_at=self.now,
        )

    def _part(self, working: Working, instrument: Instrument) -> Decimal:
        steps = int(working.leaves_qty / instrument.step)
        whole = steps <= 1 or self.dice.random() < 0.4
        return working.leaves_qty if whole else self.dice.randint(1, steps) * instrument.step

    def _within(self, working: Working, instrument: Instrument) -> Decimal:
        """At the limit, or better than it by some ticks."""
        better = self.dice.randint(0, 40) * instrument.tick_size
        if working.order.side is Side.BUY:
            return max(instrument.tick_size, working.limit - better)
        return working.limit + better

    def product(self, instrument: Instrument) -> Product:
        """As it may be held; what is margined may be sold short."""
        return Product(self.dice.choice(instrument.products))

    def quote(self, instrument: Instrument) -> Quote:
        middle = self.price(instrument)
        return Quote(
            symbol=instrument.symbol,
            source="test",
            seq=self._count,
            at=self.now,
            received_at=self.now,
            bid=middle - instrument.tick_size,
            bid_size=Decimal(1000),
            ask=middle + instrument.tick_size,
            ask_size=Decimal(1000),
        )

    def price(self, instrument: Instrument) -> Decimal:
        ticks = int(PRICES[instrument] / instrument.tick_size)
        return (ticks + self.dice.randint(-ticks // 20, ticks // 20)) * instrument.tick_size

    def quantity(self, instrument: Instrument) -> Decimal:
        return self.dice.randint(1, 30) * instrument.step


def listed(symbol: str) -> Instrument:
    return next(one for one in PRICES if one.symbol == symbol)

"""
Margin over time: positions are valued anew, and who has too little is called, then closed out.

A call holds the account at REDUCING until buying power is back; far below, positions are
closed, the largest loss first.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from msgspec.structs import replace

from commands.trading.base import AccountCommand
from domain.base import Event, Events, Role
from domain.market import Instrument
from domain.money import ZERO, tidy_up
from domain.trading import (
    Account,
    MarginCallCleared,
    MarginCallIssued,
    MarginRemarked,
    Marked,
    Party,
    Position,
    PositionAfter,
    Product,
    Style,
    TradingState,
    TradingStateChanged,
)
from domain.trading.day import revalued
from domain.trading.margin import margins_in_force, writing_risk

#: A mark that has moved this far since the last one is news.
MOVED = Decimal("0.10")
#: Buying power so far below zero, as a share of the margin in use, and positions are closed.
FORCED = Decimal("0.20")


class RemarkMargin(AccountCommand, frozen=True, kw_only=True):
    """
    Value positions at ``marks`` and set the margin of written options by them.

    Only where a mark has moved by more than a tenth, unless ``closing``: at the close of a
    session everything is.  The margin check is part of it.
    """

    allowed = Role.SYSTEM

    marks: Mapping[str, Decimal]
    instruments: tuple[Instrument, ...] = ()
    closing: bool = False

    def decide(self, account: Account) -> Events:
        known = {instrument.symbol: instrument for instrument in self.instruments}
        marked: list[Marked] = []
        balance = account.balance
        for key, held in sorted(account.positions.items()):
            symbol, _, product = key.rpartition("/")
            price = self.marks.get(symbol)
            if price is None or not held.quantity or not self._is_news(held, price):
                continue
            after = replace(
                held, last_price=price, margin=self._margin(held, price, known.get(symbol))
            )
            if after == held:
                continue
            balance = revalued(balance, held, after, ZERO)
            marked.append(_marked(symbol, Product(product), after))
        if not marked:
            return checked(account, self)
        fact = MarginRemarked(self.account_id, tuple(marked), balance)
        return (fact, *checked(account.evolve(fact), self))

    def _is_news(self, held: Position, price: Decimal) -> bool:
        if self.closing or not held.last_price:
            return True
        return abs(price - held.last_price) > MOVED * held.last_price

    def _margin(self, held: Position, price: Decimal, instrument: Instrument | None) -> Decimal:
        if held.style is Style.VARIATION or held.quantity >= 0 or instrument is None:
            return held.margin
        underlying = self.marks.get(instrument.underlying or "")
        risk = writing_risk(instrument, price, underlying, margins_in_force(self.at.date()))
        return tidy_up(-held.quantity * (price * held.multiplier + risk))


class CheckMargin(AccountCommand, frozen=True, kw_only=True):
    """Call for margin when buying power has fallen below zero; take the call back when it is."""

    allowed = Role.SYSTEM

    def decide(self, account: Account) -> Events:
        return checked(account, self)


def checked(account: Account, command: AccountCommand) -> Events:
    """The call, or its end, that follows from how the account stands now."""
    power, used = account.balance.buying_power, account.balance.margin
    call = account.day.margin_call
    scope = f"account:{command.account_id}"
    if power >= 0:
        if not call:
            return ()
        return (
            MarginCallCleared(command.account_id, power),
            _held(scope, TradingState.REDUCING, TradingState.ACTIVE, "margin is back"),
        )
    if not used and not account.balance.loan:
        return ()  # nothing is held on margin: a dated charge took the last of the cash
    forced = power < -FORCED * used
    if call == "FORCED" or (call and not forced):
        return ()
    issued: tuple[Event, ...] = (MarginCallIssued(command.account_id, power, used, forced),)
    if call:
        return issued
    reason = "buying power is below zero"
    return (*issued, _held(scope, TradingState.ACTIVE, TradingState.REDUCING, reason))


def _marked(symbol: str, product: Product, held: Position) -> Marked:
    after = PositionAfter(
        held.quantity,
        held.cost_basis,
        held.realised_wac,
        held.realised_fifo,
        held.margin,
        held.loan,
    )
    return Marked(symbol, product, held.last_price, after, held.multiplier, held.style)


def _held(scope: str, old: TradingState, new: TradingState, reason: str) -> TradingStateChanged:
    return TradingStateChanged(scope, Party.MARGIN, old, new, reason)

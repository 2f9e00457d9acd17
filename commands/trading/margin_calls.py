"""
Margin over time: positions are valued anew, and who has too little is called, then closed out.

A call holds the account at REDUCING until buying power is back; far below, positions are
closed, the largest loss first.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from msgspec.structs import replace

from commands.trading.base import AccountCommand
from domain.base import Event, Events, Role
from domain.market import Instrument
from domain.market.instrument import OPTIONS
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
from domain.trading.margin import WHOLE, Leg, hedged_share, leg_of, margins_in_force, writing_risk

#: What is looked at together: an underlying and an expiry.
Group = tuple[str, date | None]
#: A mark that has moved this far since the last one is news.
MOVED = Decimal("0.10")
#: Buying power so far below zero, as a share of the margin in use, and positions are closed.
FORCED = Decimal("0.20")


class RemarkMargin(AccountCommand, frozen=True, kw_only=True):
    """
    Value positions at ``marks`` and set the margin of written options by them.

    Only where a mark, or the margin that follows from it, has moved by more than a tenth,
    unless ``closing``: at the close of a session everything is.  Options of one underlying and
    expiry are looked at together: what hedges a written one lowers its margin, and what is gone
    does no more.  The margin check is part of it.
    """

    allowed = Role.SYSTEM

    marks: Mapping[str, Decimal]
    instruments: tuple[Instrument, ...] = ()
    closing: bool = False

    def decide(self, account: Account) -> Events:
        known = {instrument.symbol: instrument for instrument in self.instruments}
        shares = self._shares(account, known)
        marked: list[Marked] = []
        balance = account.balance
        for key, held in sorted(account.positions.items()):
            symbol, _, product = key.rpartition("/")
            price = self.marks.get(symbol)
            if price is None or not held.quantity:
                continue
            margin = self._margin(held, price, known.get(symbol), shares)
            after = replace(held, last_price=price, margin=margin)
            if after == held or not self._is_news(held, after):
                continue
            balance = revalued(balance, held, after, ZERO)
            marked.append(_marked(symbol, Product(product), after))
        if not marked:
            return checked(account, self)
        fact = MarginRemarked(self.account_id, tuple(marked), balance)
        return (fact, *checked(account.evolve(fact), self))

    def _is_news(self, held: Position, after: Position) -> bool:
        if self.closing or not held.last_price:
            return True
        moved = abs(after.last_price - held.last_price) > MOVED * held.last_price
        return moved or abs(after.margin - held.margin) > MOVED * held.margin

    def _shares(self, account: Account, known: Mapping[str, Instrument]) -> dict[Group, Decimal]:
        """How much of their risk is left to written options beside those that hedge them."""
        groups: dict[Group, list[Leg]] = {}
        for key, held in account.positions.items():
            symbol = key.rpartition("/")[0]
            instrument, price = known.get(symbol), self.marks.get(symbol, held.last_price)
            if instrument is not None and instrument.type in OPTIONS and held.quantity:
                legs = groups.setdefault(_group(instrument), [])
                legs.append(leg_of(instrument, held.quantity * held.multiplier, price))
        rates = margins_in_force(self.at.date()).rates
        of = {_group(one): one for one in known.values()}
        return {
            group: hedged_share(legs, underlying, rates(of[group]))
            for group, legs in groups.items()
            if len(legs) > 1 and (underlying := self.marks.get(group[0])) is not None
        }

    def _margin(
        self,
        held: Position,
        price: Decimal,
        instrument: Instrument | None,
        shares: Mapping[Group, Decimal],
    ) -> Decimal:
        if held.style is Style.VARIATION or held.quantity >= 0 or instrument is None:
            return held.margin
        underlying = self.marks.get(instrument.underlying or "")
        share = shares.get(_group(instrument), WHOLE)
        margins = margins_in_force(self.at.date())
        risk = writing_risk(instrument, price, underlying, margins, share)
        return tidy_up(-held.quantity * (price * held.multiplier + risk))


def _group(instrument: Instrument) -> Group:
    return instrument.underlying or "", instrument.expiry


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

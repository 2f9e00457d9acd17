"""
Correcting and annulling trades that the engine made: restated exactly, by a second pair of eyes.

``history`` is the account's own stream, put into the command at the edge.  If the account has
moved on since it was read, the history does not come to what is on the books, and whoever asks
reads it again.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from uuid import UUID, uuid5

from msgspec.structs import replace

from commands.base import demand_reason
from commands.trading.base import AccountCommand, demand_amount
from commands.trading.refolding import Changes, Teller, Told, Trade, digest, same_book, trades_of
from domain.base import Event, Events, Role
from domain.errors import Conflict, Illegal, Invalid, NotFound
from domain.money import ZERO, tidy
from domain.trading import (
    LONG_ONLY,
    Account,
    Party,
    Position,
    Posting,
    TradingState,
    TradingStateChanged,
)
from domain.trading.correction_events import (
    Deltas,
    PositionRestated,
    Terms,
    TradeAnnulled,
    TradeCorrected,
)
from domain.trading.day import holding_after, revalued


class MovedOn(Conflict):
    """The account has new facts since its history was read: read it again."""

    def __init__(self) -> None:
        super().__init__("VERSION_STALE", "the account has moved on", current="newer")


class Restating(AccountCommand, frozen=True, kw_only=True):
    """What correcting and annulling have in common."""

    allowed = Role.SYSTEM
    needs_approval = True

    trade_id: UUID
    reason: str
    expected_version: int
    force: bool = False
    history: tuple[Event, ...] = ()

    def __post_init__(self) -> None:
        demand_reason(self.reason)

    def wanted(self, trade: Trade) -> Terms | None:
        """The terms that are to count; None where it is to count no more."""
        raise NotImplementedError

    def trade(self) -> Trade:
        """The trade as it counts now; its version must be the one that was looked at."""
        trade = trades_of(self.history).get(self.trade_id)
        if trade is None:
            raise NotFound("TRADE_UNKNOWN", trade_id=str(self.trade_id))
        if trade.version != self.expected_version:
            raise Conflict("VERSION_STALE", current=str(trade.version))
        return trade

    def restated(self, account: Account, trade: Trade, terms: Terms | None) -> Events:
        """The position with the trade as it is to be, and what follows if that breaks a rule."""
        fact = restatement(account, self, trade, terms)
        broken = breaks(account, fact)
        if broken is None:
            return (fact,)
        if not self.force:
            raise Illegal(
                "ANNULMENT_BREAKS_POSITION", broken, quantity=f"{fact.holding.quantity:f}"
            )
        hold = TradingStateChanged(
            f"account:{self.account_id}",
            Party.HOUSE,
            TradingState.ACTIVE,
            TradingState.REDUCING,
            f"trade {self.trade_id} restated: {broken}",
        )
        return fact, hold

    def next_exec_id(self, version: int) -> UUID:
        return uuid5(self.trade_id, f"version {version}")


class CorrectTrade(Restating, frozen=True, kw_only=True):
    """Say what a trade should have been; the account is as if it always had."""

    permission = "trades:correct"

    quantity: Decimal | None = None
    price: Decimal | None = None
    executed_at: datetime | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        for field in ("quantity", "price"):
            value = getattr(self, field)
            if value is not None:
                demand_amount(field, value)
        if self.executed_at is not None and self.executed_at > self.at:
            rule = "not after now"
            detail = f"executed_at must be {rule}"
            raise Invalid("VALIDATION", detail, field="executed_at", rule=rule)

    def wanted(self, trade: Trade) -> Terms:
        before = trade.terms
        if before is None:
            raise Illegal("TRADE_ALREADY_ANNULLED", trade_id=str(self.trade_id))
        return Terms(
            self.quantity or before.quantity,
            self.price or before.price,
            self.executed_at or before.executed_at,
        )

    def decide(self, account: Account) -> Events:
        trade = self.trade()
        before, after = trade.terms, self.wanted(trade)
        if before is None or after == before:
            return ()
        fill, version = trade.fill, trade.version + 1
        corrected = TradeCorrected(
            account_id=self.account_id,
            trade_id=self.trade_id,
            exec_id=self.next_exec_id(version),
            exec_ref_id=trade.exec_id,
            version=version,
            order_id=fill.order_id,
            symbol=fill.symbol,
            product=fill.product,
            side=fill.side,
            before=before,
            after=after,
            reason=self.reason,
        )
        return (corrected, *self.restated(account, trade, after))


class AnnulTrade(Restating, frozen=True, kw_only=True):
    """Say that a trade never was; asking twice changes nothing."""

    permission = "trades:annul"

    def wanted(self, trade: Trade) -> None:
        return None

    def decide(self, account: Account) -> Events:
        known = trades_of(self.history).get(self.trade_id)
        if known is not None and known.terms is None:
            return ()
        trade = self.trade()
        assert trade.terms is not None, "or it was annulled before"
        fill, version = trade.fill, trade.version + 1
        annulled = TradeAnnulled(
            account_id=self.account_id,
            trade_id=self.trade_id,
            exec_id=self.next_exec_id(version),
            exec_ref_id=trade.exec_id,
            version=version,
            order_id=fill.order_id,
            symbol=fill.symbol,
            product=fill.product,
            side=fill.side,
            before=trade.terms,
            reason=self.reason,
        )
        return (annulled, *self.restated(account, trade, None))


def restatement(
    account: Account, asked: Restating, trade: Trade, terms: Terms | None
) -> PositionRestated:
    """The difference between the history as it is booked and as it should have been."""
    fill = trade.fill
    if fill.order_id in account.orders:
        detail = "its order still works: take it back first"
        raise Illegal("ORDER_INVALID_STATE", detail, order_id=str(fill.order_id))
    now: dict[UUID, Terms | None] = {
        trade_id: one.terms for trade_id, one in trades_of(asked.history).items()
    }
    held = account.position(fill.symbol, fill.product)
    booked = _told(asked, trade, now)
    if not same_book(booked.position, held):
        raise MovedOn
    told = _told(asked, trade, now | {asked.trade_id: terms})
    _demand_within(asked, trade, told)
    after = _valued(held, told.position)
    ledgers = {
        name: tidy(told.ledgers.get(name, ZERO) - booked.ledgers.get(name, ZERO))
        for name in sorted({*told.ledgers, *booked.ledgers})
    }
    cash = ledgers.get("cash", ZERO)
    done = told.done.get(fill.order_id, (ZERO, ZERO))
    return PositionRestated(
        account_id=asked.account_id,
        trade_id=asked.trade_id,
        order_id=fill.order_id,
        effective_at=fill.executed_at if terms is None else terms.executed_at,
        deltas=_deltas(held, after, tidy(told.fees - booked.fees), cash),
        lots_before_sha256=digest(held.lots),
        holding=holding_after(fill.symbol, fill.product, after, held),
        order_cum_qty=done[0],
        order_turnover=done[1],
        postings=tuple(Posting(name, amount) for name, amount in ledgers.items() if amount),
        balance=revalued(account.balance, held, after, cash),
    )


def _told(asked: Restating, trade: Trade, changes: Changes) -> Told:
    return Teller(trade.fill.symbol, trade.fill.product, changes).tell(asked.history)


def _demand_within(asked: Restating, trade: Trade, told: Told) -> None:
    """An order never gets more than it asked for, corrected or not."""
    ordered = trade.fill.cum_qty + trade.fill.leaves_qty
    filled, _ = told.done.get(trade.fill.order_id, (ZERO, ZERO))
    if filled > ordered:
        raise Illegal("EXEC_OVERFILL", ordered=f"{ordered:f}", filled=f"{filled:f}")


def _valued(held: Position, told: Position) -> Position:
    """The restated book at the price of now; what leans on it goes on leaning."""
    quantity = told.quantity
    return replace(
        held,
        quantity=quantity,
        cost_basis=told.cost_basis,
        realised_wac=told.realised_wac,
        realised_fifo=told.realised_fifo,
        lots=told.lots,
        margin=told.margin,
        loan=told.loan,
        settled_qty=max(ZERO, min(held.settled_qty, quantity)),
    )


def _deltas(held: Position, after: Position, fees: Decimal, cash: Decimal) -> Deltas:
    return Deltas(
        quantity=after.quantity - held.quantity,
        cost_basis=tidy(after.cost_basis - held.cost_basis),
        realised_wac=tidy(after.realised_wac - held.realised_wac),
        realised_fifo=tidy(after.realised_fifo - held.realised_fifo),
        fees=fees,
        margin=tidy(after.margin - held.margin),
        loan=tidy(after.loan - held.loan),
        cash=cash,
    )


def breaks(account: Account, fact: PositionRestated) -> str | None:
    """Which rule the restated account would break, in words."""
    after, held = fact.holding, account.position(fact.holding.symbol, fact.holding.product)
    if after.product in LONG_ONLY and after.quantity < 0:
        return "a long-only position would be short"
    if after.product in LONG_ONLY and after.quantity < held.selling:
        return "more would be on sale than is held"
    if fact.balance.available < 0:
        return "there would be less cash than is spoken for"
    return None

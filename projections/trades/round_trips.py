"""
Trades folded from fills: round trips from flat to flat, or the match of each closing fill with
the oldest lots.

Both tell the same fills: their net P&L add up to the same, once the position is flat.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID, uuid5

from msgspec import Struct, field
from msgspec.structs import replace

from domain.money import ZERO, tidy


class Method(StrEnum):
    FLAT_TO_FLAT = "FLAT_TO_FLAT"
    FIFO = "FIFO"


class Fill(Struct, frozen=True):
    """
    One execution, as far as trades go.

    ``signed`` is the quantity, below zero for a sale; ``held`` the position right after it;
    ``low`` and ``high`` the prices seen with it.
    """

    exec_id: UUID
    symbol: str
    product: str
    signed: Decimal
    price: Decimal
    gross: Decimal
    fee: Decimal
    held: Decimal
    at: datetime
    position: int
    multiplier: Decimal = Decimal(1)
    low: Decimal | None = None
    high: Decimal | None = None
    strategy: str | None = None


class RoundTrip(Struct, frozen=True):
    """
    A trade: ``quantity`` units entered for ``entry`` and left for ``exit`` (money, not prices).

    Its id is that of the execution it was entered with, a match has one of its own.  ``side`` is
    BUY for a long one.  ``low`` and ``high`` are the prices seen while it lasted.
    """

    trade_id: UUID
    method: Method
    symbol: str
    product: str
    side: str
    quantity: Decimal
    entry: Decimal
    exit: Decimal
    fees: Decimal
    multiplier: Decimal
    opened_at: datetime
    closed_at: datetime | None
    position: int
    low: Decimal
    high: Decimal
    strategy: str | None = None

    @property
    def gross_pnl(self) -> Decimal:
        return self.exit - self.entry if self.side == "BUY" else self.entry - self.exit

    @property
    def net_pnl(self) -> Decimal:
        return self.gross_pnl - self.fees

    @property
    def entry_price(self) -> Decimal:
        return self.entry / (self.quantity * self.multiplier)

    @property
    def mae(self) -> Decimal:
        """Maximum adverse excursion: the most it was under water per unit, never below zero."""
        worst = self.entry_price - self.low if self.side == "BUY" else self.high - self.entry_price
        return max(ZERO, worst)

    @property
    def mfe(self) -> Decimal:
        """Maximum favourable excursion: the most it was ahead per unit, never below zero."""
        best = self.high - self.entry_price if self.side == "BUY" else self.entry_price - self.low
        return max(ZERO, best)


class _Lot(Struct):
    fill: Fill
    quantity: Decimal
    amount: Decimal
    fee: Decimal
    low: Decimal
    high: Decimal

    def take(self, quantity: Decimal) -> tuple[Decimal, Decimal]:
        """The money and the fee of a part of it, which is gone afterwards."""
        whole = quantity == self.quantity
        amount = self.amount if whole else tidy(self.amount * quantity / self.quantity)
        fee = self.fee if whole else tidy(self.fee * quantity / self.quantity)
        self.quantity -= quantity
        self.amount -= amount
        self.fee -= fee
        return amount, fee


class _Open(Struct):
    """A position on its way: its lots, oldest first, and the round trip it is in."""

    held: Decimal = ZERO
    lots: list[_Lot] = field(default_factory=list)
    trip: RoundTrip | None = None


def flat_to_flat(fills: Iterable[Fill]) -> list[RoundTrip]:
    """Round trips in the order in which they closed, then those still open."""
    closed: list[RoundTrip] = []
    books: dict[tuple[str, str], _Open] = {}
    for fill in fills:
        book = books.setdefault((fill.symbol, fill.product), _Open())
        before = fill.held - fill.signed
        closing, opening = _split(fill, before)
        if closing is not None and book.trip is not None:
            book.trip = _left(_rescaled(book.trip, book.held, before), closing)
            if fill.held * before <= 0:
                closed.append(replace(book.trip, closed_at=fill.at, position=fill.position))
                book.trip = None
        if opening is not None:
            same = None if book.trip is None else _rescaled(book.trip, book.held, before)
            book.trip = _entered(same, opening)
        book.held = fill.held
    return [*closed, *(book.trip for book in books.values() if book.trip is not None)]


def fifo(fills: Iterable[Fill]) -> list[RoundTrip]:
    """One match for each lot that a closing fill consumes, in the order in which they closed."""
    return [match for fill_matches in _matched(fills) for match in fill_matches]


def _matched(fills: Iterable[Fill]) -> Iterator[list[RoundTrip]]:
    books: dict[tuple[str, str], _Open] = {}
    for fill in fills:
        book = books.setdefault((fill.symbol, fill.product), _Open())
        before = fill.held - fill.signed
        closing, opening = _split(fill, before)
        low, high = _seen(fill)
        if before != book.held and book.held:  # a split or a bonus in between: cost stays
            for lot in book.lots:
                lot.quantity = lot.quantity * before / book.held
        for lot in book.lots:
            lot.low, lot.high = min(lot.low, low), max(lot.high, high)
        if closing is not None:
            yield list(_matches(book.lots, closing, "BUY" if before > 0 else "SELL"))
        if opening is not None:
            amount, quantity = opening.gross, abs(opening.signed)
            book.lots.append(_Lot(opening, quantity, amount, opening.fee, low, high))
        book.held = fill.held


def _matches(lots: list[_Lot], closing: Fill, side: str) -> Iterator[RoundTrip]:
    left, money, fee = abs(closing.signed), closing.gross, closing.fee
    while left > 0 and lots:
        lot = lots[0]
        taken = min(left, lot.quantity)
        entry, entry_fee = lot.take(taken)
        out = money if taken == left else tidy(closing.gross * taken / abs(closing.signed))
        out_fee = fee if taken == left else tidy(closing.fee * taken / abs(closing.signed))
        left, money, fee = left - taken, money - out, fee - out_fee
        yield RoundTrip(
            trade_id=uuid5(closing.exec_id, str(lot.fill.exec_id)),
            method=Method.FIFO,
            symbol=closing.symbol,
            product=closing.product,
            side=side,
            quantity=taken,
            entry=entry,
            exit=out,
            fees=entry_fee + out_fee,
            multiplier=closing.multiplier,
            opened_at=lot.fill.at,
            closed_at=closing.at,
            position=closing.position,
            low=lot.low,
            high=lot.high,
            strategy=lot.fill.strategy,
        )
        if not lot.quantity:
            lots.pop(0)


def _split(fill: Fill, before: Decimal) -> tuple[Fill | None, Fill | None]:
    """The part that closes and the part that opens; a reversal has both."""
    size = abs(fill.signed)
    if before * fill.signed >= 0:
        return None, fill
    if size <= abs(before):
        return fill, None
    closed = abs(before)
    gross, fee = tidy(fill.gross * closed / size), tidy(fill.fee * closed / size)
    sign = 1 if fill.signed > 0 else -1
    return (
        replace(fill, signed=sign * closed, gross=gross, fee=fee),
        replace(fill, signed=sign * (size - closed), gross=fill.gross - gross, fee=fill.fee - fee),
    )


def _entered(trip: RoundTrip | None, fill: Fill) -> RoundTrip:
    low, high = _seen(fill)
    if trip is None:
        return RoundTrip(
            trade_id=fill.exec_id,
            method=Method.FLAT_TO_FLAT,
            symbol=fill.symbol,
            product=fill.product,
            side="BUY" if fill.signed > 0 else "SELL",
            quantity=abs(fill.signed),
            entry=fill.gross,
            exit=ZERO,
            fees=fill.fee,
            multiplier=fill.multiplier,
            opened_at=fill.at,
            closed_at=None,
            position=fill.position,
            low=low,
            high=high,
            strategy=fill.strategy,
        )
    return replace(
        trip,
        quantity=trip.quantity + abs(fill.signed),
        entry=trip.entry + fill.gross,
        fees=trip.fees + fill.fee,
        position=fill.position,
        low=min(trip.low, low),
        high=max(trip.high, high),
    )


def _left(trip: RoundTrip, fill: Fill) -> RoundTrip:
    low, high = _seen(fill)
    return replace(
        trip,
        exit=trip.exit + fill.gross,
        fees=trip.fees + fill.fee,
        position=fill.position,
        low=min(trip.low, low),
        high=max(trip.high, high),
    )


def _rescaled(trip: RoundTrip, held: Decimal, before: Decimal) -> RoundTrip:
    """A split or a bonus between two fills changes how many units, and no money."""
    if held == before or not held:
        return trip
    return replace(trip, quantity=trip.quantity * before / held)


def _seen(fill: Fill) -> tuple[Decimal, Decimal]:
    low = fill.price if fill.low is None else min(fill.low, fill.price)
    high = fill.price if fill.high is None else max(fill.high, fill.price)
    return low, high

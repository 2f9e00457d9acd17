"""The venue's fill model once more, by a clerk with pencil and paper."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from msgspec import Struct

from adapters.venue.sent import PROTECTION
from domain.market import Quality, Quote, quality
from domain.trading import OrderType, Side, Tif

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
STEP = timedelta(milliseconds=150)  # shorter than the latency, so that it matters
ACCOUNTS = (UUID(int=1), UUID(int=2))


class Slice(NamedTuple):
    bid: int | None
    ask: int | None
    last: int | None
    size: int
    late: int  # seconds between its arrival and our dealing on it


class Place(NamedTuple):
    side: Side
    kind: OrderType
    tif: Tif
    limit: int
    quantity: int
    account: int


class Cancel(NamedTuple):
    nth: int


class Change(NamedTuple):
    nth: int
    more: int
    limit: int
    keeps_place: bool


class Answer(NamedTuple):
    """The account answers the oldest fill in flight."""

    taken: bool


Action = Slice | Place | Cancel | Change | Answer


class Note(Struct):
    """An order as a clerk with pencil and paper keeps it."""

    id: UUID
    place: Place
    limit: int
    quantity: int
    since: datetime
    active_at: datetime
    sent: int = 0
    booked: int = 0
    resting: bool = False
    beyond: datetime | None = None
    over: bool = False

    @property
    def turn(self) -> tuple[Side, int, datetime, UUID]:
        cheap_first = self.limit if self.place.side is Side.SELL else -self.limit
        return self.place.side, cheap_first, self.since, self.id


class Clerk:
    """The fill model once more, without any structure: every order, at every slice."""

    def __init__(self) -> None:
        self.notes: list[Note] = []
        self.has_book = False

    def deal(self, show: Slice, at: datetime, now: datetime) -> list[tuple[object, ...]]:
        self.has_book = self.has_book or show.bid is not None or show.ask is not None
        if quality(quote_of(show, 0, at), now) is not Quality.FRESH:
            return []
        done: list[tuple[object, ...]] = []
        used: dict[tuple[str, int], int] = defaultdict(int)
        stuck: set[tuple[Side, int]] = set()
        awake = [note for note in self.notes if not note.over and note.active_at <= at]
        for note in sorted(awake, key=lambda note: note.turn):
            side, account = note.place.side, note.place.account
            found = self.price(note, show)
            if found is None or note.sent >= note.quantity or (side, account) in stuck:
                continue
            price, pool = found
            quantity = min(note.quantity - note.sent, show.size - used[pool, account])
            if quantity <= 0:
                stuck.add((side, account))
                continue
            used[pool, account] += quantity
            note.sent += quantity
            done.append((note.id, quantity, price))
        return done + self.ended(awake, show, now)

    def price(self, note: Note, show: Slice) -> tuple[int, str] | None:
        buying = note.place.side is Side.BUY
        near = show.ask if buying else show.bid
        sign = 1 if buying else -1
        if near is not None and sign * near <= sign * note.limit:
            return (note.limit if note.resting else near), "near" + note.place.side
        if show.last is None:
            return None
        if note.resting:
            return (note.limit, "last") if sign * show.last < sign * note.limit else None
        taken = not self.has_book and sign * show.last <= sign * note.limit
        return (show.last, "last") if taken else None

    def ended(self, awake: list[Note], show: Slice, now: datetime) -> list[tuple[object, ...]]:
        done: list[tuple[object, ...]] = []
        for note in awake:
            buying = note.place.side is Side.BUY
            near = (show.ask if buying else show.bid) if self.has_book else show.last
            if note.resting or note.sent >= note.quantity or (near is None and not self.has_book):
                continue
            within = near is not None and (near <= note.limit if buying else near >= note.limit)
            if note.place.tif is Tif.IOC:
                note.over = True
                done.append((note.id, "IOC"))
            elif within:
                note.beyond = None
            elif note.place.kind is OrderType.LIMIT:
                note.resting = True
            elif near is not None:
                note.beyond = note.beyond or now
                if now - note.beyond >= PROTECTION:
                    note.over = True
                    done.append((note.id, "PRICE_PROTECTION"))
        return done


def quote_of(show: Slice, seq: int, at: datetime) -> Quote:
    size = Decimal(show.size)
    return Quote(
        symbol="ACME",
        source="test",
        seq=seq,
        at=at,
        received_at=at,
        bid=None if show.bid is None else Decimal(show.bid),
        bid_size=None if show.bid is None else size,
        ask=None if show.ask is None else Decimal(show.ask),
        ask_size=None if show.ask is None else size,
        last=None if show.last is None else Decimal(show.last),
        last_size=None if show.last is None else size,
    )

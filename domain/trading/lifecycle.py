"""
The life of an order: the states it may pass through, and how it gets from one to the next.

The table ``NEXT`` is the whole life cycle (FIX 39 and 150); a pair that is not in it is illegal.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum


class Status(StrEnum):
    """FIX 39."""

    PENDING_NEW = "PENDING_NEW"
    HELD = "HELD"
    NEW = "NEW"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    PENDING_CANCEL = "PENDING_CANCEL"
    PENDING_REPLACE = "PENDING_REPLACE"
    SUSPENDED = "SUSPENDED"
    DONE_FOR_DAY = "DONE_FOR_DAY"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    REJECTED = "REJECTED"

    @property
    def is_final(self) -> bool:
        return self in FINAL

    @property
    def is_pending(self) -> bool:
        return self in PENDING


class Move(StrEnum):
    """What can happen to an order, FIX 150."""

    PLACE = "PLACE"
    REJECT = "REJECT"
    ACCEPT = "ACCEPT"
    HOLD = "HOLD"
    TRIGGER = "TRIGGER"
    FILL_PART = "FILL_PART"
    FILL_LAST = "FILL_LAST"
    REQUEST_CANCEL = "REQUEST_CANCEL"
    REJECT_CANCEL = "REJECT_CANCEL"
    REQUEST_REPLACE = "REQUEST_REPLACE"
    REJECT_REPLACE = "REJECT_REPLACE"
    REPLACE = "REPLACE"
    SUSPEND = "SUSPEND"
    FINISH_DAY = "FINISH_DAY"
    RELEASE = "RELEASE"
    CANCEL = "CANCEL"
    EXPIRE = "EXPIRE"


FINAL = frozenset({Status.FILLED, Status.CANCELED, Status.EXPIRED, Status.REJECTED})
PENDING = frozenset({Status.PENDING_CANCEL, Status.PENDING_REPLACE})
#: In these an order remembers the state to which it may return.
AWAY = PENDING | {Status.SUSPENDED, Status.DONE_FOR_DAY}

Next = dict[tuple[Status | None, Move], Status | None]


def _table() -> Iterator[tuple[tuple[Status | None, Move], Status | None]]:
    yield (None, Move.PLACE), Status.PENDING_NEW
    yield (None, Move.REJECT), Status.REJECTED
    # A live venue may fill or cancel before it acknowledges.
    new = {
        Move.ACCEPT: Status.NEW,
        Move.HOLD: Status.HELD,
        Move.REJECT: Status.REJECTED,
        Move.SUSPEND: Status.SUSPENDED,
        Move.FILL_PART: Status.PARTIALLY_FILLED,
        Move.FILL_LAST: Status.FILLED,
        Move.CANCEL: Status.CANCELED,
    }
    yield from (((Status.PENDING_NEW, move), after) for move, after in new.items())
    leaving = {Move.CANCEL: Status.CANCELED, Move.EXPIRE: Status.EXPIRED}
    asking = {
        Move.REQUEST_CANCEL: Status.PENDING_CANCEL,
        Move.REQUEST_REPLACE: Status.PENDING_REPLACE,
        Move.SUSPEND: Status.SUSPENDED,
        Move.FINISH_DAY: Status.DONE_FOR_DAY,
    }
    held = {
        **leaving,
        **asking,
        Move.HOLD: Status.HELD,
        Move.TRIGGER: Status.NEW,
        Move.REJECT: Status.REJECTED,
        Move.REPLACE: Status.HELD,
    }
    yield from (((Status.HELD, move), after) for move, after in held.items())
    filling = {Move.FILL_PART: Status.PARTIALLY_FILLED, Move.FILL_LAST: Status.FILLED}
    for working in (Status.NEW, Status.PARTIALLY_FILLED):
        live = {**leaving, **asking, **filling, Move.REPLACE: working}
        yield from (((working, move), after) for move, after in live.items())
    # None is the state from which the order came: ``Working.prior``.
    for status, done in ((Status.PENDING_CANCEL, ()), (Status.PENDING_REPLACE, (Move.REPLACE,))):
        no = Move.REJECT_CANCEL if status is Status.PENDING_CANCEL else Move.REJECT_REPLACE
        pending = {**leaving, Move.FILL_LAST: Status.FILLED, Move.FILL_PART: status, no: None}
        yield from (((status, move), after) for move, after in pending.items())
        yield from (((status, move), None) for move in done)
    for status in (Status.SUSPENDED, Status.DONE_FOR_DAY):
        away = {**leaving, Move.RELEASE: None}
        yield from (((status, move), after) for move, after in away.items())


#: (state, what happens) -> next state; a next state of None is the one that came before.
NEXT: Next = dict(_table())

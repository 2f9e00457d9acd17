"""
Orders: what is written on the ticket, and the states an order may pass through.

The table ``NEXT`` is the whole life cycle (FIX 39 and 150); a pair that is not in it is illegal.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from domain.money import ZERO


class Side(StrEnum):
    """FIX 54."""

    BUY = "BUY"
    SELL = "SELL"


class OrderType(StrEnum):
    """FIX 40."""

    MARKET = "MARKET"
    LIMIT = "LIMIT"


class Tif(StrEnum):
    """Time in force, FIX 59."""

    DAY = "DAY"
    GTC = "GTC"
    IOC = "IOC"


class Product(StrEnum):
    """How a position is held and paid for; both kinds so far are paid in full and long only."""

    CNC = "CNC"
    SPOT = "SPOT"


class Order(Struct, frozen=True):
    """The ticket.  ``price`` is the worst the trader will take, in currency per unit."""

    symbol: str
    side: Side
    quantity: Decimal
    order_type: OrderType
    product: Product
    price: Decimal | None = None
    tif: Tif = Tif.DAY
    multiplier: Decimal = Decimal(1)


class Status(StrEnum):
    """FIX 39."""

    PENDING_NEW = "PENDING_NEW"
    NEW = "NEW"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    REJECTED = "REJECTED"

    @property
    def is_final(self) -> bool:
        return self in FINAL


class Move(StrEnum):
    """What can happen to an order, FIX 150."""

    PLACE = "PLACE"
    REJECT = "REJECT"
    ACCEPT = "ACCEPT"
    FILL_PART = "FILL_PART"
    FILL_LAST = "FILL_LAST"
    REPLACE = "REPLACE"
    CANCEL = "CANCEL"
    EXPIRE = "EXPIRE"


FINAL = frozenset({Status.FILLED, Status.CANCELED, Status.EXPIRED, Status.REJECTED})

#: (state, what happens) -> next state.  ``None`` is the state before the order exists.
NEXT: dict[tuple[Status | None, Move], Status] = {
    (None, Move.PLACE): Status.PENDING_NEW,
    (None, Move.REJECT): Status.REJECTED,
    (Status.PENDING_NEW, Move.ACCEPT): Status.NEW,
    (Status.PENDING_NEW, Move.REJECT): Status.REJECTED,
    # A live venue may fill or cancel before it acknowledges.
    (Status.PENDING_NEW, Move.FILL_PART): Status.PARTIALLY_FILLED,
    (Status.PENDING_NEW, Move.FILL_LAST): Status.FILLED,
    (Status.PENDING_NEW, Move.CANCEL): Status.CANCELED,
    (Status.NEW, Move.FILL_PART): Status.PARTIALLY_FILLED,
    (Status.NEW, Move.FILL_LAST): Status.FILLED,
    (Status.NEW, Move.REPLACE): Status.NEW,
    (Status.NEW, Move.CANCEL): Status.CANCELED,
    (Status.NEW, Move.EXPIRE): Status.EXPIRED,
    (Status.PARTIALLY_FILLED, Move.FILL_PART): Status.PARTIALLY_FILLED,
    (Status.PARTIALLY_FILLED, Move.FILL_LAST): Status.FILLED,
    (Status.PARTIALLY_FILLED, Move.REPLACE): Status.PARTIALLY_FILLED,
    (Status.PARTIALLY_FILLED, Move.CANCEL): Status.CANCELED,
    (Status.PARTIALLY_FILLED, Move.EXPIRE): Status.EXPIRED,
}


class Working(Struct, frozen=True):
    """
    An order that may still be filled.

    ``limit`` is the worst price at which the venue may fill it: the trader's own, or the
    collar of a market order.  ``reserved`` is what the account sets aside for it.
    """

    order: Order
    status: Status
    cum_qty: Decimal = ZERO
    limit: Decimal = ZERO
    reserved: Decimal = ZERO
    turnover: Decimal = ZERO
    execs: tuple[str, ...] = ()
    client_order_id: str | None = None

    @property
    def leaves_qty(self) -> Decimal:
        return self.order.quantity - self.cum_qty

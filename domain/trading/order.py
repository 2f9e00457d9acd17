"""
Orders: what is written on the ticket.

What may become of a ticket is in ``domain.trading.lifecycle``.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from msgspec import Struct

from domain.market.instrument import OPTIONS, InstrumentType


class Side(StrEnum):
    """FIX 54; what a sale opens below zero is reported as SELL_SHORT, and not asked for."""

    BUY = "BUY"
    SELL = "SELL"


class OrderType(StrEnum):
    """FIX 40 (a trailing stop is P with ExecInst a)."""

    MARKET = "MARKET"
    LIMIT = "LIMIT"
    STOP = "STOP"
    STOP_LIMIT = "STOP_LIMIT"
    MIT = "MIT"
    TRAILING_STOP = "TRAILING_STOP"


#: Those that name the worst price they will take.
PRICED = (OrderType.LIMIT, OrderType.STOP_LIMIT)
#: Those that wait for a price before they work.
CONDITIONAL = frozenset(
    {OrderType.STOP, OrderType.STOP_LIMIT, OrderType.MIT, OrderType.TRAILING_STOP}
)


class Tif(StrEnum):
    """Time in force, FIX 59; OPG is only for the opening, CLS only for the close."""

    DAY = "DAY"
    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"
    GTD = "GTD"
    OPG = "OPG"
    CLS = "CLS"


class Product(StrEnum):
    """
    How a position is held and paid for.

    CNC and SPOT are paid in full and long only; MTF is paid in part, the broker lends the rest;
    MIS (within the day) and NRML (until expiry) need margin and may be short.
    """

    CNC = "CNC"
    SPOT = "SPOT"
    MTF = "MTF"
    MIS = "MIS"
    NRML = "NRML"


#: These wait for a time of the session and are nothing outside of it.
AUCTIONS = (Tif.OPG, Tif.CLS)
#: A tuple, because most orders are of the first kind: found by identity, nothing is hashed.
LONG_ONLY = (Product.CNC, Product.SPOT, Product.MTF)


class Style(StrEnum):
    """PREMIUM: cash moves by the price paid.  VARIATION: only by what is won or lost."""

    PREMIUM = "PREMIUM"
    VARIATION = "VARIATION"


def style_of(product: Product, asset: InstrumentType) -> Style:
    if product in LONG_ONLY or asset in OPTIONS:
        return Style.PREMIUM
    return Style.VARIATION


class TriggerBy(StrEnum):
    """Which price a conditional order waits for, FIX 1107."""

    LAST = "LAST"
    BID_ASK = "BID_ASK"
    MID = "MID"


class GroupKind(StrEnum):
    """FIX 1385: one cancels the other, an entry with its exits, a trigger good for a year."""

    OCO = "OCO"
    BRACKET = "BRACKET"
    GTT = "GTT"


class GroupRole(StrEnum):
    ENTRY = "ENTRY"
    TARGET = "TARGET"
    STOP = "STOP"
    LEG = "LEG"


class Group(Struct, frozen=True):
    """Orders that stand or fall together, and the part that this one plays among them."""

    id: UUID
    kind: GroupKind
    role: GroupRole


class Origin(StrEnum):
    """Whose idea the order was."""

    USER = "USER"
    BOT = "BOT"
    SIGNAL = "SIGNAL"
    SYSTEM = "SYSTEM"


class Order(Struct, frozen=True, omit_defaults=True):
    """
    The ticket: quantities in units, prices in currency per unit.

    ``price`` is the worst the trader will take, ``stop_price`` what a conditional order waits
    for; a trailing stop keeps ``trail_amount`` or ``trail_pct`` (percent) away from the best
    price seen.  ``asset`` is the type of what is traded, ``display_qty`` how much of the order
    is shown, ``notional`` the money that ``quantity`` was reckoned from (zero until then).  A
    field that is not on record has its default: a default never changes.
    """

    symbol: str
    side: Side
    quantity: Decimal
    order_type: OrderType
    product: Product
    price: Decimal | None = None
    tif: Tif = Tif.DAY
    multiplier: Decimal = Decimal(1)
    asset: InstrumentType = InstrumentType.EQ
    stop_price: Decimal | None = None
    trail_amount: Decimal | None = None
    trail_pct: Decimal | None = None
    trigger_by: TriggerBy = TriggerBy.LAST
    expires_at: datetime | None = None
    post_only: bool = False
    reduce_only: bool = False
    after_market: bool = False
    display_qty: Decimal | None = None
    notional: Decimal | None = None
    group: Group | None = None

    @property
    def style(self) -> Style:
        return style_of(self.product, self.asset)

    @property
    def is_conditional(self) -> bool:
        """It waits for a price before the venue may work it."""
        return self.order_type in CONDITIONAL

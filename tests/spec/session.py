"""``Session(orders).shows(bid, ask, trade)``: the test language of the venue."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from msgspec.structs import replace

from adapters.venue import Standing, Venue
from adapters.venue.sent import Command
from commands.trading import (
    AdjustTrail,
    ApplyFill,
    CancelOrder,
    DeferFill,
    ExpireOrder,
    RecordTrigger,
)
from domain.market import Calendars, Instrument, InstrumentType, Level, Quote
from domain.trading import Condition, OrderType, Side, Tif

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ME, YOU = UUID(int=1), UUID(int=2)
ACME = Instrument(
    symbol="ACME",
    name="Acme",
    exchange="SIM",
    type=InstrumentType.EQ,
    currency="INR",
    tick_size=Decimal("0.05"),
)


def order(nth: int, side: str, limit: str, quantity: str = "10", **more: object) -> Standing:
    standing = Standing(
        order_id=UUID(int=100 + nth),
        account_id=ME,
        symbol="ACME",
        side=Side(side),
        order_type=OrderType.LIMIT,
        tif=Tif.GTC,
        limit=Decimal(limit),
        quantity=Decimal(quantity),
        since=NOW + timedelta(milliseconds=nth),
    )
    return replace(standing, **more)


def market(nth: int, side: str, collar: str, quantity: str = "10", **more: object) -> Standing:
    return order(nth, side, collar, quantity, order_type=OrderType.MARKET, **more)


def held(nth: int, side: str, stop: str, **more: object) -> Standing:
    """A stop that becomes a market order, unless it is told otherwise."""
    waiting = {"condition": Condition.STOP, "stop": Decimal(stop), "order_type": OrderType.STOP}
    return order(nth, side, stop, **(waiting | more))  # type: ignore[arg-type]  # of Standing


class Session:
    """A venue and a market that moves one second a slice."""

    def __init__(
        self,
        *orders: Standing,
        listed: Instrument = ACME,
        calendars: Calendars | None = None,
        now: datetime = NOW,
    ) -> None:
        self.venue = Venue([listed], calendars=calendars, secret=b"a secret of the venue")
        self.now = now
        self.seq = 0
        self.sent: Sequence[Command] = ()
        for standing in orders:
            self.venue.on_order(standing)

    def shows(
        self,
        bid: str = "",
        ask: str = "",
        trade: str = "",
        *,
        size: str = "100",
        late: float = 0,
        bids: tuple[tuple[str, str], ...] = (),
        asks: tuple[tuple[str, str], ...] = (),
    ) -> list[str]:
        """Show a slice (``late`` seconds after we got it); what the venue does, in short."""
        self.now += SECOND
        self.seq += 1
        quote = Quote(
            symbol="ACME",
            source="test",
            seq=self.seq,
            at=self.now,
            received_at=self.now,
            bid=Decimal(bid) if bid else None,
            bid_size=Decimal(size) if bid else None,
            ask=Decimal(ask) if ask else None,
            ask_size=Decimal(size) if ask else None,
            last=Decimal(trade) if trade else None,
            last_size=Decimal(size) if trade else None,
            bids=tuple(Level(Decimal(price), Decimal(shown)) for price, shown in bids),
            asks=tuple(Level(Decimal(price), Decimal(shown)) for price, shown in asks),
        )
        self.sent = self.venue.on_quote(quote, self.now + timedelta(seconds=late))
        return told(self.sent)

    def triggered(self, nth: int, works_as: str, limit: str) -> None:
        """The account lets a held order work."""
        order_id = UUID(int=100 + nth)
        self.venue.on_trigger(order_id, OrderType(works_as), Decimal(limit), self.now)

    def filled(self, nth: int, cum_qty: int) -> None:
        """The account has booked what was in flight: so much is filled by now."""
        order_id = UUID(int=100 + nth)
        for fill in self.sent:
            if isinstance(fill, ApplyFill) and fill.order_id == order_id:
                self.venue.on_fill(order_id, fill.exec_id, Decimal(cum_qty))

    def waits(self, seconds: float) -> list[str]:
        """What time alone does to orders."""
        return [happened for happened in self.hears(seconds) if ": waits, " not in happened]

    def hears(self, seconds: float) -> list[str]:
        """The same, and why orders wait as their accounts are told."""
        self.now += timedelta(seconds=seconds)
        return told(self.venue.on_time(self.now))

    def why(self, nth: int) -> str:
        waiting = self.venue.why(UUID(int=100 + nth), self.now)
        return waiting.reason if waiting else ""


def told(commands: Sequence[Command]) -> list[str]:
    return [in_short(command) for command in commands]


def in_short(command: Command) -> str:
    nth = command.order_id.int - 100
    match command:
        case ApplyFill():
            rule = f"{command.evidence.rule} {command.evidence.quality}"
            return f"{nth}: {command.quantity} @ {command.price} {rule}"
        case CancelOrder():
            return f"{nth}: {command.reason}"
        case ExpireOrder():
            return f"{nth}: {command.reason}"
        case RecordTrigger():
            return f"{nth}: goes off at {command.price}"
        case DeferFill():
            return f"{nth}: waits, {command.reason} {command.quote_age_ms}"
        case AdjustTrail():
            return f"{nth}: best {command.watermark}"


def quote_of(seq: int, ask: str, size: str) -> Quote:
    at = NOW + SECOND
    return Quote("ACME", "test", seq, at, at, ask=Decimal(ask), ask_size=Decimal(size))

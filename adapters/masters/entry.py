"""
An entry of a broker's list: the instrument it means, by our own name, and the broker's names.

The brokers spell one contract in many ways, so that nothing is read out of their symbols.  An
instrument is the same where exchange, type and symbol agree, for a derivative the underlying,
the expiry and the strike instead.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from uuid import NAMESPACE_URL, UUID, uuid5

from msgspec import Struct

from adapters.feeds.port import Flaw
from domain.market import Instrument, InstrumentType, is_symbol, listing_faults

_OURS = uuid5(NAMESPACE_URL, "papertape:instrument")
_WORD = re.compile(r"[A-Z0-9]{2,}")
#: What Zerodha and Upstox call the indices on which derivatives are written.
_INDICES = {
    "NIFTY 50": "NIFTY",
    "NIFTY BANK": "BANKNIFTY",
    "NIFTY FIN SERVICE": "FINNIFTY",
    "NIFTY MID SELECT": "MIDCPNIFTY",
    "NIFTY NEXT 50": "NIFTYNXT50",
}
#: Company forms that nobody searches for.
_EMPTY_WORDS = frozenset({"LTD", "LIMITED", "INC", "CORP", "THE", "AND", "CO"})


class Entry(Struct, frozen=True, kw_only=True):
    """``key`` is what the broker's API takes, ``symbol`` what it shows to people."""

    instrument: Instrument
    key: str
    symbol: str
    exchange_token: str | None = None
    is_tradable: bool = True

    @property
    def instrument_id(self) -> UUID:
        return uuid5(_OURS, f"{self.instrument.exchange}:{self.instrument.symbol}")

    @property
    def words(self) -> list[str]:
        """What an instrument is found by besides its symbol."""
        one = self.instrument
        text = f"{one.underlying or one.symbol} {one.name}".upper()
        return sorted(set(_WORD.findall(text)) - _EMPTY_WORDS)


def listed(
    *,
    exchange: str,
    kind: str,
    symbol: str,
    name: str,
    tick: Decimal,
    currency: str = "INR",
    lot: Decimal = Decimal(1),
    freeze: Decimal | None = None,
    underlying: str = "",
    expiry: date | None = None,
    strike: Decimal | None = None,
    isin: str | None = None,
) -> Instrument:
    """The instrument that these terms describe; Flaw when there can be no such thing."""
    try:
        type_ = InstrumentType(kind)
    except ValueError as error:
        raise Flaw("a type of instrument that we do not know") from error
    if type_ is InstrumentType.IDX:
        tick = tick or Decimal("0.05")  # nobody trades it, so that some lists say zero
    derivative = type_ in (InstrumentType.FUT, InstrumentType.CE, InstrumentType.PE)
    if derivative:
        symbol = _contract(type_, underlying, expiry, strike)
    instrument = Instrument(
        symbol=plain_symbol(symbol),
        name=name or symbol,
        exchange=exchange,
        type=type_,
        currency=currency,
        tick_size=tick,
        lot_size=lot,
        underlying=plain_symbol(underlying) if derivative else None,
        expiry=expiry if derivative else None,
        strike=strike if derivative and type_ is not InstrumentType.FUT else None,
        qty_step=lot,
        min_qty=lot,
        max_qty=freeze or lot * 1_000_000,
        isin=isin,
    )
    if faults := listing_faults(instrument):
        raise Flaw(faults[0])
    return instrument


def plain_symbol(text: str) -> str:
    """A broker's spelling of an index or a share, as we spell it."""
    text = text.strip().upper()
    return _INDICES.get(text, text).replace(" ", "")


def _contract(
    type_: InstrumentType, underlying: str, expiry: date | None, strike: Decimal | None
) -> str:
    """NIFTY-261126-24000-CE, or NIFTY-261126-FUT."""
    if not is_symbol(plain_symbol(underlying)) or expiry is None:
        raise Flaw("a derivative without underlying or expiry")
    name = f"{plain_symbol(underlying)}-{expiry:%y%m%d}"
    if type_ is InstrumentType.FUT:
        return f"{name}-FUT"
    if strike is None or strike <= 0:
        raise Flaw("an option without strike")
    return f"{name}-{strike.normalize():f}-{type_}"


def number(row: Mapping[str, str], column: str, usual: str = "0") -> Decimal:
    try:
        value = Decimal(row[column].strip() or usual)
    except (InvalidOperation, KeyError) as error:
        raise Flaw(f"no number in {column}") from error
    if not value.is_finite():
        raise Flaw(f"no number in {column}")
    return value


def day(text: str) -> date | None:
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip()[:10])
    except ValueError as error:
        raise Flaw("no date of expiry") from error

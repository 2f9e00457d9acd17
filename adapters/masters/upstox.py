"""Upstox's instruments: JSON, one object a row, times in milliseconds since 1970."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from msgspec import Raw, Struct, ValidationError, json

from adapters.feeds.port import Flaw, Flaws
from adapters.masters.entry import Entry, listed
from adapters.masters.rows import each, of_series

INDIA = timedelta(hours=5, minutes=30)
EXCHANGES = {
    "NSE_EQ": "NSE",
    "BSE_EQ": "BSE",
    "NSE_INDEX": "NSE",
    "BSE_INDEX": "BSE",
    "NSE_FO": "NFO",
    "BSE_FO": "BFO",
    "NCD_FO": "CDS",
    "BCD_FO": "BCD",
    "MCX_FO": "MCX",
}


class _UpstoxRow(Struct):
    segment: str
    instrument_type: str
    instrument_key: str
    trading_symbol: str
    name: str = ""
    isin: str | None = None
    exchange_token: str | None = None
    tick_size: Decimal = Decimal(0)
    lot_size: Decimal = Decimal(1)
    freeze_quantity: Decimal | None = None
    expiry: int | None = None
    strike_price: Decimal | None = None
    underlying_symbol: str | None = None
    asset_symbol: str | None = None
    mtf_enabled: bool = False


def entries(text: bytes, name: str, flaws: Flaws) -> tuple[str, Iterator[Entry]]:
    rows = json.decode(text, type=list[Raw])
    # No share moves in whole rupees: where the finest step of one is, the file counts in paise.
    finest = min((tick for raw in rows if (tick := _tick_of_share(raw))), default=Decimal(0))
    scale = Decimal("0.01") if finest >= 1 else Decimal(1)
    decode = json.Decoder(_UpstoxRow).decode
    note = "tick sizes are in paise" if scale != 1 else "tick sizes are in rupees"
    return note, each(rows, name, flaws, lambda raw: _entry(decode(raw), scale))


def _tick_of_share(raw: Raw) -> Decimal | None:
    if b"NSE_EQ" not in bytes(raw) and b"BSE_EQ" not in bytes(raw):
        return None
    try:
        return json.decode(raw, type=_UpstoxRow).tick_size
    except ValidationError:
        return None


def _entry(row: _UpstoxRow, scale: Decimal) -> Entry:
    if row.segment not in EXCHANGES:
        raise Flaw(f"an exchange that we do not know: {row.segment}")
    kind, symbol = row.instrument_type, row.trading_symbol
    if row.segment.endswith("_INDEX"):
        kind = "IDX"
    elif row.segment.endswith("_EQ"):
        symbol = of_series(row.segment[:3], symbol, kind)
        kind = "EQ"
    instrument = listed(
        exchange=EXCHANGES[row.segment],
        kind=kind,
        symbol=row.name.upper() if kind == "IDX" else symbol,
        name=row.name,
        tick=row.tick_size * scale,
        lot=max(row.lot_size, Decimal(1)),
        freeze=row.freeze_quantity or None,
        underlying=row.underlying_symbol or row.asset_symbol or "",
        expiry=None if row.expiry is None else _indian_day(row.expiry),
        strike=row.strike_price,
        isin=row.isin or None,
    )
    return Entry(
        instrument=instrument,
        key=row.instrument_key,
        symbol=row.trading_symbol,
        exchange_token=row.exchange_token,
    )


def _indian_day(milliseconds: int) -> date:
    try:
        return (datetime.fromtimestamp(milliseconds / 1000, UTC) + INDIA).date()
    except (ValueError, OverflowError, OSError) as error:
        raise Flaw("no date of expiry") from error

"""Groww's instruments: a CSV of 21 columns; exchange and segment together say where it trades."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from adapters.feeds.port import Flaw, Flaws
from adapters.masters.entry import Entry, day, listed, number
from adapters.masters.rows import Row, each, of_series, table

EXCHANGES = {
    ("NSE", "CASH"): "NSE",
    ("BSE", "CASH"): "BSE",
    ("NSE", "FNO"): "NFO",
    ("BSE", "FNO"): "BFO",
    ("MCX", "COMMODITY"): "MCX",
}


def entries(text: bytes, name: str, flaws: Flaws) -> tuple[str, Iterator[Entry]]:
    columns = ("exchange", "segment", "trading_symbol", "groww_symbol", "instrument_type")
    return "", each(table(text, name, *columns, "tick_size"), name, flaws, _entry)


def _entry(row: Row) -> Entry:
    market = (row["exchange"], row["segment"])
    if market not in EXCHANGES:
        raise Flaw(f"an exchange that we do not know: {' '.join(market)}")
    kind, symbol = row["instrument_type"], row["trading_symbol"]
    if kind == "EQ":
        symbol = of_series(row["exchange"], symbol, row["series"])
    instrument = listed(
        exchange=EXCHANGES[market],
        kind=kind,
        symbol=symbol,
        name=row["name"].strip(),
        tick=number(row, "tick_size"),
        lot=max(number(row, "lot_size", "1"), Decimal(1)),
        freeze=number(row, "freeze_quantity") or None,
        underlying=row["underlying_symbol"],
        expiry=day(row["expiry_date"]),
        strike=number(row, "strike_price"),
        isin=row["isin"].strip() or None,
    )
    return Entry(
        instrument=instrument,
        key=row["groww_symbol"],
        symbol=row["trading_symbol"],
        exchange_token=row["exchange_token"],
        is_tradable=row["buy_allowed"] == "1" or row["sell_allowed"] == "1",
    )

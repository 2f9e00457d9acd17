"""Zerodha's instruments: a CSV of the whole day, without ISIN; an index is a row of INDICES."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from adapters.feeds.port import Flaw, Flaws
from adapters.masters.entry import Entry, day, listed, number
from adapters.masters.rows import Row, each, table

EXCHANGES = {"NSE", "BSE", "NFO", "BFO", "CDS", "BCD", "MCX"}


def entries(text: bytes, name: str, flaws: Flaws) -> tuple[str, Iterator[Entry]]:
    columns = ("instrument_token", "tradingsymbol", "tick_size", "lot_size", "instrument_type")
    return "", each(table(text, name, *columns, "exchange"), name, flaws, _entry)


def _entry(row: Row) -> Entry:
    exchange = row["exchange"]
    if exchange not in EXCHANGES:
        raise Flaw(f"an exchange that we do not know: {exchange}")
    is_index = row["segment"] == "INDICES"
    instrument = listed(
        exchange=exchange,
        kind="IDX" if is_index else row["instrument_type"],
        symbol=row["tradingsymbol"],
        name=row["name"].strip(),
        tick=number(row, "tick_size"),
        lot=max(number(row, "lot_size"), Decimal(1)),
        underlying=row["name"],
        expiry=day(row["expiry"]),
        strike=number(row, "strike"),
    )
    return Entry(
        instrument=instrument,
        key=f"{exchange}:{row['tradingsymbol']}",
        symbol=row["tradingsymbol"],
        exchange_token=row["exchange_token"],
    )

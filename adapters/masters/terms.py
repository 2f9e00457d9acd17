"""The terms on which brokers list what a feed quotes: they are those that orders are held to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import json
from msgspec.structs import replace
from psycopg import Connection

from domain.market import Instrument, InstrumentStatus

_TERMS = """
SELECT exchange, symbol, terms::text, status FROM ref.instrument
 WHERE (exchange, symbol) IN (SELECT * FROM unnest(%s::text[], %s::text[]))
"""
#: What a broker's list says of an instrument; the rest is the feed's own to say.
LISTED = (
    "name", "type", "currency", "tick_size", "lot_size", "qty_step", "min_qty", "max_qty",
    "underlying", "expiry", "strike", "isin",
)  # fmt: skip


def on_listed_terms(
    db: Connection[Any], instruments: Iterable[Instrument]
) -> tuple[Instrument, ...]:
    """The same instruments; those that a broker lists by exchange and symbol on its terms."""
    quoted = tuple(instruments)
    asked = ([one.exchange for one in quoted], [one.symbol for one in quoted])
    found = {
        (exchange, symbol): (json.decode(terms, type=Instrument), status)
        for exchange, symbol, terms, status in db.execute(_TERMS, asked)
    }
    return tuple(
        _on(one, *found[one.exchange, one.symbol]) if (one.exchange, one.symbol) in found else one
        for one in quoted
    )


def _on(one: Instrument, listed: Instrument, status: str) -> Instrument:
    terms = {name: getattr(listed, name) for name in LISTED}
    bands = (listed.lower_band, listed.upper_band)
    return replace(
        one,
        **terms,
        lower_band=one.lower_band if bands[0] is None else bands[0],
        upper_band=one.upper_band if bands[1] is None else bands[1],
        status=InstrumentStatus(status),
    )

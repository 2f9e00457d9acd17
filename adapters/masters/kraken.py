"""Kraken's pairs: the answer of ``AssetPairs``, a JSON object by the broker's own key."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from msgspec import Raw, Struct, json
from msgspec.structs import replace

from adapters.feeds.port import Flaw, Flaws
from adapters.masters.entry import Entry, listed
from adapters.masters.rows import MasterError, each
from domain.market.instrument import Shortable
from domain.money import AMOUNT_PLACES, round_up_to

#: Kraken's REST API keeps names that the market gave up.
NEW_NAMES = {"XBT": "BTC", "XDG": "DOGE"}


class _KrakenRow(Struct):
    wsname: str
    pair_decimals: int
    lot_decimals: int
    ordermin: Decimal
    status: str = "online"
    costmin: Decimal | None = None
    tick_size: Decimal | None = None


class _KrakenFile(Struct):
    error: list[str]
    result: dict[str, Raw]


def entries(text: bytes, name: str, flaws: Flaws) -> tuple[str, Iterator[Entry]]:
    said = json.decode(text, type=_KrakenFile)
    if said.error:
        raise MasterError(f"{name}: Kraken said {', '.join(said.error)}")
    decode = json.Decoder(_KrakenRow).decode
    meant = each(said.result.items(), name, flaws, lambda pair: _entry(pair[0], decode(pair[1])))
    return "", meant


def _entry(key: str, row: _KrakenRow) -> Entry:
    base, slash, quote = row.wsname.partition("/")
    if not slash:
        raise Flaw("a pair without base and quote")
    base, quote = NEW_NAMES.get(base, base), NEW_NAMES.get(quote, quote)
    if not (0 <= row.lot_decimals <= 8 and 0 <= row.pair_decimals <= 8):
        raise Flaw("finer than 8 places")
    tick = row.tick_size or Decimal(1).scaleb(-row.pair_decimals)
    # What is traded must be worth a whole number of the ledger's units: steps are no finer.
    places = AMOUNT_PLACES + int(tick.normalize().as_tuple().exponent)
    step = Decimal(1).scaleb(-min(row.lot_decimals, places))
    instrument = listed(
        exchange="KRAKEN",
        kind="SPOT",
        symbol=f"{base}-{quote}",
        name=f"{base} in {quote}",
        currency=quote,
        tick=tick,
        lot=step,
    )
    # An odd minimum is rounded up to what can be ordered at all.
    least = max(step, round_up_to(row.ordermin, step))
    instrument = replace(
        instrument,
        min_qty=least,
        max_qty=max(least, Decimal(1_000_000)),
        min_notional=row.costmin,
        shortable=Shortable.NONE,
    )
    return Entry(
        instrument=instrument, key=key, symbol=row.wsname, is_tradable=row.status == "online"
    )

"""What a feed quotes is held to the terms on which a broker lists it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapters.masters import on_listed_terms
from adapters.postgres import connect, migrate
from adapters.servers import Database
from domain.market import Instrument, InstrumentStatus, InstrumentType
from tests.contract.test_masters import NOW, take


@pytest.fixture
def kept(database: Database) -> Database:
    migrate(database.admin_dsn)
    return database


def quoted(symbol: str, **terms: Any) -> Instrument:
    """As a feed that knows nothing but the symbol would list it."""
    usual: dict[str, Any] = {
        "symbol": symbol, "name": symbol, "exchange": "NSE", "type": InstrumentType.EQ,
        "currency": "INR", "tick_size": Decimal("0.01"),
    }  # fmt: skip
    return Instrument(**usual | terms)


def test_what_a_feed_quotes_trades_on_the_terms_of_the_imported_list(
    kept: Database, tmp_path: Path
) -> None:
    take(kept, tmp_path, "upstox")
    band, option = Decimal(3000), "NIFTY-261126-24000-CE"
    feed = (
        quoted("RELIANCE", upper_band=band, mtf_own_funds_rate=Decimal("0.25")),
        quoted(option, exchange="NFO", type=InstrumentType.CE, underlying="X", expiry=NOW.date()),
        quoted("RELIANCE", exchange="SIM"),
        quoted("NOBODY"),
    )
    with connect(kept.dsn) as db:
        share, call, *others = on_listed_terms(db, feed)
    assert tuple(others) == feed[2:], "of these no list says anything"
    assert (share.tick_size, share.max_qty) == (Decimal("0.1"), Decimal(100_000))
    assert (share.upper_band, share.mtf_own_funds_rate) == (band, Decimal("0.25"))
    assert (call.lot_size, call.step, call.max_qty) == (Decimal(75), Decimal(75), Decimal(1800))
    assert (call.underlying, call.strike) == ("NIFTY", Decimal(24000))
    take(kept, tmp_path, "upstox", ('"RELIANCE"', '"RELINFRA"'))
    with connect(kept.dsn) as db:
        gone, *_ = on_listed_terms(db, feed)
    assert gone.status is InstrumentStatus.SUSPENDED

"""The option chain at the door: what it shows, and what it refuses."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from domain.market import Instrument, InstrumentType, Quote
from tests.contract.doors.rig import SHARE, doors, now

INDEX = replace(SHARE, symbol="NIFTY", name="Nifty 50", exchange="SIM", type=InstrumentType.IDX)
EXPIRY = (now() + timedelta(days=7)).date()
CHAIN = "/api/v1/market/options/chain"


def option(strike: int, type_: InstrumentType) -> Instrument:
    return replace(
        INDEX,
        symbol=f"NIFTY-{strike}-{type_}",
        type=type_,
        underlying="NIFTY",
        expiry=EXPIRY,
        strike=Decimal(strike),
    )


LISTED = [
    option(k, t) for k in range(23600, 24500, 100) for t in (InstrumentType.CE, InstrumentType.PE)
]


@pytest.fixture
async def answered(tmp_path: Path) -> Any:
    instruments = {one.symbol: one for one in (INDEX, *LISTED)}
    async with doors(tmp_path, instruments=instruments) as house:
        board = house.house.board
        board.publish(_quote("NIFTY", "24000"))
        for one in LISTED:
            assert one.strike is not None
            worth = 100 + max(Decimal(0), (24000 - one.strike) * (1 if one.type == "CE" else -1))
            board.publish(_quote(one.symbol, str(worth), open_interest=Decimal(75)))
        yield house.http


def _quote(symbol: str, price: str, **more: Any) -> Quote:
    at, worth = now(), Decimal(price)
    return Quote(symbol, "test", 1, at, at, worth - 1, Decimal(75), worth + 1, Decimal(75), **more)


async def test_the_chain_of_an_index_is_shown_around_the_money(answered: Any) -> None:
    shown = (await answered.get(CHAIN, params={"symbol": "NIFTY", "strikes_each_side": 2})).json()
    assert shown["underlying"] == {"symbol": "NIFTY", "ltp": "24000", "source": "SYNTHETIC"}
    assert (shown["expiry"], shown["model"]) == (str(EXPIRY), "BLACK76")
    assert (shown["atm_strike"], shown["rate"], shown["pcr_oi"]) == ("24000", "0.065", "1")
    assert [row["strike"] for row in shown["rows"]] == ["23800", "23900", "24000", "24100", "24200"]
    call = shown["rows"][2]["ce"]
    assert (call["iv_quality"], call["oi"], call["moneyness"]) == ("MID", "75", "ATM")
    assert 0.4 < float(call["delta"]) < 0.6
    older = await answered.get("/api/v1/market/options-chain/NIFTY", params={"strikes": 2})
    assert [row["strike"] for row in older.json()["rows"]] == [
        row["strike"] for row in shown["rows"]
    ]


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({"symbol": "NIFTI"}, 404, "INSTRUMENT_UNKNOWN"),
        ({"symbol": "NIFTY", "expiry": "2020-01-01"}, 404, "OPTIONS_UNKNOWN"),
        ({"symbol": "NIFTY-24000-CE"}, 404, "OPTIONS_UNKNOWN"),
        ({"symbol": "NIFTY", "expiry": "soon"}, 422, "VALIDATION"),
        ({"symbol": "NIFTY", "strikes_each_side": "0"}, 422, "VALIDATION"),
        ({"symbol": "NIFTY", "rate": "NaN"}, 422, "VALIDATION"),
        ({"symbol": "NIFTY", "rate": "1e9"}, 422, "VALIDATION"),
        ({"symbol": "NIFTY", "dividend_yield": "x"}, 422, "VALIDATION"),
        ({"symbol": "NIFTY", "model": "CRYSTAL_BALL"}, 422, "VALIDATION"),
        ({}, 422, "VALIDATION"),
    ],
)
async def test_what_makes_no_sense_is_refused(
    asked: dict[str, str], status: int, code: str, answered: Any
) -> None:
    answer = await answered.get(CHAIN, params=asked)
    assert (answer.status_code, answer.json()["code"]) == (status, code)

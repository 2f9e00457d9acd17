"""The UDF datafeed: what a charting library asks, and the answers that it can draw."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from adapters.settings import Settings
from domain.market import Quote
from tests.contract.doors.rig import SHARE, Doors, doors
from tests.contract.doors.test_candles import OPEN, market

__all__ = ["market"]  # a fixture
pytestmark = pytest.mark.anyio
START = int(OPEN.timestamp())


async def get(house: Doors, path: str) -> Any:
    answer = await house.http.get(f"/udf/{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_the_datafeed_says_what_it_can_do(house: Doors) -> None:
    config = await get(house, "config")
    assert {"1S", "1", "60", "1D", "1W", "1M"} <= set(config["supported_resolutions"])
    assert {"supports_search", "supports_time", "supports_marks"} <= config.keys()
    assert [one["value"] for one in config["exchanges"]] == ["", "SIM"]
    assert abs(await get(house, "time") - datetime.now(UTC).timestamp()) < 60


async def test_a_symbol_is_described_with_its_scale_and_its_hours(house: Doors) -> None:
    told = await get(house, "symbols?symbol=SIM:ACME")
    assert (told["minmov"], told["pricescale"]) == (5, 100), "a tick of 0.05"
    assert (told["session"], told["timezone"], told["type"]) == ("24x7", "Etc/UTC", "stock")
    assert await get(house, "symbols?symbol=ACNE") == {"s": "error", "errmsg": "unknown symbol"}


async def test_hours_are_those_of_the_exchange(keys: Path) -> None:
    share = replace(SHARE, exchange="NSE")
    async with doors(keys, instruments={"ACME": share}) as house:
        told = await get(house, "symbols?symbol=ACME")
    assert (told["session"], told["timezone"]) == ("0915-1530", "Asia/Kolkata")


async def test_symbols_are_searched_by_text_type_and_exchange(house: Doors) -> None:
    (found,) = await get(house, "search?query=works&type=stock&exchange=SIM&limit=10")
    assert (found["symbol"], found["full_name"]) == ("ACME", "SIM:ACME")
    for nothing in ("query=zinc", "query=&type=crypto", "query=&exchange=NSE"):
        assert await get(house, f"search?{nothing}") == []


async def test_history_is_columns_of_numbers(market: Doors) -> None:
    asked = f"history?symbol=ACME&resolution=5&from={START}&to={START + 600}"
    assert await get(market, asked) == {
        "s": "ok", "t": [START, START + 300], "o": [100, 105], "h": [104, 109],
        "l": [100, 105], "c": [104, 109], "v": [5, 5],
    }  # fmt: skip
    back = f"history?symbol=ACME&resolution=1&from=0&to={START + 120}&countback=1"
    assert (await get(market, back))["c"] == [101]
    day = await get(market, f"history?symbol=ACME&resolution=1D&from=0&to={START + 90000}")
    assert (day["t"], day["c"]) == ([START], [109])


async def test_no_history_says_where_there_is_some(market: Doors) -> None:
    later = f"history?symbol=ACME&resolution=1&from={START + 9000}&to={START + 9999}"
    assert await get(market, later) == {"s": "no_data", "nextTime": START + 540}
    day = f"history?symbol=ACME&resolution=1D&from={START + 90000}&to={START + 99999}"
    assert await get(market, day) == {"s": "no_data", "nextTime": START}
    earlier = f"history?symbol=ACME&resolution=1&from=0&to={START - 60}"
    assert await get(market, earlier) == {"s": "no_data"}


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ("symbol=ACNE&resolution=1", "unknown symbol"),
        ("symbol=ACME&resolution=7", "unknown resolution"),
    ],
)
async def test_an_error_is_said_as_the_library_understands_it(
    market: Doors, asked: str, why: str
) -> None:
    assert await get(market, f"history?{asked}") == {"s": "error", "errmsg": why}


async def test_times_beyond_all_calendars_are_no_error_of_ours(market: Doors) -> None:
    huge = f"history?symbol=ACME&resolution=1&from=-{10**15}&to={10**15}"
    assert len((await get(market, huge))["t"]) == 10


async def test_quotes_are_told_one_by_one(house: Doors) -> None:
    told = await get(house, "quotes?symbols=SIM:ACME,ACNE")
    assert told["s"] == "ok"
    assert [(one["s"], one["n"]) for one in told["d"]] == [("error", "SIM:ACME"), ("error", "ACNE")]
    at = datetime.now(UTC)
    for seq, price in ((2, "100"), (3, "101.5")):
        quote = Quote("ACME", "t", seq, at, at, last=Decimal(price), last_size=Decimal(2))
        house.house.board.publish(quote)
        house.house.sheets.on_quote(quote)
    (told,) = (await get(house, "quotes?symbols=ACME"))["d"]
    assert told["v"] == {
        "short_name": "ACME", "exchange": "SIM", "description": "Acme Works", "lp": 101.5,
        "open_price": 100, "high_price": 101.5, "low_price": 100, "volume": 4,
    }  # fmt: skip


async def test_without_the_market_there_is_no_datafeed(keys: Path) -> None:
    async with doors(keys, settings=Settings(enabled_modules=("trading",))) as house:
        assert (await house.http.get("/udf/config")).status_code == 404


async def test_only_who_is_signed_in_is_answered(house: Doors) -> None:
    assert (await house.http.get("/udf/config", headers={"Authorization": ""})).status_code == 401

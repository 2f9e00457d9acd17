"""The zip files of LEAN: dollars and UTC, ticks and minutes, sound rows or broken ones."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from tests.contract.recordings import LEAN_TRADES, played, told, zipped


def test_a_day_of_lean_trades_is_in_dollars_and_utc(tmp_path: Path) -> None:
    slices, feed = played(zipped(tmp_path, "20131008_spy_Trade_Tick.csv", *LEAN_TRADES))
    assert [told(quote) for quote in slices] == [
        "08:00:00.000000 SPY None@None None@None last 100@167.41",
        "08:00:00.464000 SPY None@None None@None last 1400@167.42",
    ]
    assert (slices[1].source, slices[1].seq) == ("20131008_spy_Trade_Tick.csv", 2)
    assert feed.flaws.counts == {"suspicious": 1}
    (spy,) = feed.instruments()
    assert (spy.symbol, spy.currency, spy.tick_size) == ("SPY", "USD", Decimal("0.01"))


def test_new_york_is_an_hour_later_in_winter(tmp_path: Path) -> None:
    slices, _ = played(zipped(tmp_path, "20131209_spy_trade_tick.csv", LEAN_TRADES[0]))
    assert slices[0].at == datetime(2013, 12, 9, 9, tzinfo=UTC)


def test_a_zero_in_a_lean_quote_leaves_that_side_as_it_was(tmp_path: Path) -> None:
    path = zipped(
        tmp_path,
        "20131008_ibm_Quote_Tick.csv",
        "14400640,1800100,200,0,0,P,1,0",
        "14400640,0,0,1826200,100,P,1,0",
        "14400641,1800200,300,0,0,P,1,0",
        "14400641,0,0,1800300,100,P,1,1",
    )
    slices, feed = played(path)
    assert [told(quote)[9:] for quote in slices] == [
        "640000 IBM 200@180.01 None@None last None@None",
        "640000 IBM 200@180.01 100@182.62 last None@None",
        "641000 IBM 300@180.02 100@182.62 last None@None",
    ]
    assert feed.flaws.counts == {"suspicious": 1}


def test_lean_trades_are_shown_with_the_book_of_the_same_day(tmp_path: Path) -> None:
    zipped(tmp_path, "20131008_ibm_Trade_Tick.csv", "14400000,1800000,5,P,0,0")
    zipped(tmp_path, "20131008_ibm_Quote_Tick.csv", "14400000,1799900,200,1800100,300,P,1,0")
    slices, _ = played(tmp_path)
    assert [told(quote)[16:] for quote in slices] == [
        "IBM 200@179.99 300@180.01 last None@None",
        "IBM 200@179.99 300@180.01 last 5@180",
    ]


def test_minutes_show_a_size_only_when_it_is_known(tmp_path: Path) -> None:
    path = zipped(
        tmp_path,
        "20131008_spy_minute_quote.csv",
        "14400000,100000,120000,90000,110000,700,130000,140000,120000,130000,800",
        "14460000,,,,,,130000,130000,130000,130000,900",
    )
    slices, _ = played(path)
    assert [
        told(quote)[:8] + told(quote)[19:].removesuffix(" last None@None") for quote in slices
    ] == [
        "08:00:00 None@10 None@13",
        "08:00:15 None@9 None@12",
        "08:00:30 None@12 None@14",
        "08:00:45 700@11 800@13",
        "08:01:00 None@None 800@13",
        "08:01:15 None@None 800@13",
        "08:01:30 None@None 800@13",
        "08:01:45 None@None 900@13",
    ]


def test_ticks_are_played_rather_than_minutes_of_the_same_day(tmp_path: Path) -> None:
    zipped(tmp_path, "20131008_spy_Trade_Tick.csv", *LEAN_TRADES)
    zipped(tmp_path, "20131008_spy_minute_trade.csv", "14400000,9,9,9,9,9")
    zipped(tmp_path, "20131009_spy_minute_trade.csv", "14400000,9,9,9,9,9")
    slices, _ = played(tmp_path)
    assert [(quote.at.day, quote.seq) for quote in slices] == [
        (8, 1), (8, 2), (9, 0), (9, 1), (9, 2), (9, 3),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("14400465,1674100,100,P,0", "wrong number of columns"),
        ("14400463,1674100,100,P,0,0", "back in time"),
        ("86400000,1674100,100,P,0,0", "no time of day"),
        ("-1,1674100,100,P,0,0", "no time of day"),
        ("14400465,0,100,P,0,0", "not above zero"),
        ("14400465,1674100,x,P,0,0", "not a plain number"),
    ],
)
def test_a_lean_row_that_makes_no_sense_is_counted(tmp_path: Path, row: str, reason: str) -> None:
    member = "20131008_spy_Trade_Tick.csv"
    slices, feed = played(zipped(tmp_path, member, *LEAN_TRADES[:2], row, LEAN_TRADES[1]))
    assert [quote.seq for quote in slices] == [1, 2, 4]
    assert feed.flaws.counts == {reason: 1}

"""The files we can play: our own tables, what stands beside them, and what is refused."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from adapters.feeds import FeedError, ReplayFeed, feed_from, speed_of
from adapters.settings import load
from domain.market import InstrumentType
from tests.contract.recordings import LEAN_TRADES, NEVER, played, told, written, zipped


def test_a_table_of_trades_shows_trades_and_no_book(tmp_path: Path) -> None:
    table = written(
        tmp_path / "day.csv",
        "time,symbol,price,size",
        "2026-11-20T09:15:00Z,ACME,100.05,10",
        "2026-11-20T14:45:01.5+05:30,ACME,100.10,2.5",
    )
    slices, feed = played(table)
    assert [told(quote) for quote in slices] == [
        "09:15:00.000000 ACME None@None None@None last 10@100.05",
        "09:15:01.500000 ACME None@None None@None last 2.5@100.1",
    ]
    assert [(quote.source, quote.seq) for quote in slices] == [("day.csv", 1), ("day.csv", 2)]
    assert not feed.flaws.counts


def test_a_table_may_show_each_trade_with_its_book(tmp_path: Path) -> None:
    table = written(
        tmp_path / "day.csv",
        "time,symbol,price,size,bid,bid_size,ask,ask_size",
        "2026-11-20T09:15:00Z,ACME,100,10,99,5,101,6",
        "2026-11-20T09:15:00Z,ACME,100,10,99,5,,",
    )
    slices, _ = played(table)
    assert [told(quote) for quote in slices] == [
        "09:15:00.000000 ACME 5@99 6@101 last 10@100",
        "09:15:00.000000 ACME 5@99 None@None last 10@100",
    ]


def test_trades_and_books_of_two_files_are_shown_together(tmp_path: Path) -> None:
    written(
        tmp_path / "a_trades.csv",
        "time,symbol,price,size",
        "2026-11-20T09:15:00Z,ACME,100,10",
        "2026-11-20T09:15:02Z,ACME,100,7",
    )
    written(
        tmp_path / "books.csv",
        "time,symbol,bid,bid_size,ask,ask_size",
        "2026-11-20T09:15:01Z,ACME,99,5,101,6",
        "2026-11-20T09:15:02Z,ACME,98,5,101,6",
        "2026-11-20T09:15:03Z,ACME,,,,",
    )
    slices, _ = played(tmp_path)
    assert [told(quote)[6:] for quote in slices] == [
        "00.000000 ACME None@None None@None last 10@100",
        "01.000000 ACME 5@99 6@101 last None@100",
        "02.000000 ACME 5@98 6@101 last None@100",
        "02.000000 ACME 5@98 6@101 last 7@100",
        "03.000000 ACME None@None None@None last None@100",
    ]


def test_a_trade_with_its_own_book_keeps_it_beside_another_file(tmp_path: Path) -> None:
    written(
        tmp_path / "trades.csv",
        "time,symbol,price,size,bid,bid_size,ask,ask_size",
        "2026-11-20T09:15:02Z,ACME,100,7,98,1,102,2",
    )
    written(
        tmp_path / "books.csv",
        "time,symbol,bid,bid_size,ask,ask_size",
        "2026-11-20T09:15:01Z,ACME,99,5,101,6",
    )
    slices, _ = played(tmp_path)
    assert told(slices[1])[6:] == "02.000000 ACME 1@98 2@102 last 7@100"


def test_a_bar_is_told_as_open_low_high_close(tmp_path: Path) -> None:
    table = written(
        tmp_path / "bars.csv",
        "time,symbol,open,high,low,close,volume",
        "2026-11-20T09:15:00Z,ACME,100,104,99,103,4000",
        "2026-11-20T09:15:00Z,OTHER,5,5,5,5,10",
        "2026-11-20T09:20:00Z,ACME,103,103,103,103,1",
    )
    slices, _ = played(table)
    assert [told(quote).replace("None@None None@None last ", "") for quote in slices[:8]] == [
        "09:15:00.000000 ACME 100@100",
        "09:15:00.000000 OTHER 0.25@5",
        "09:16:15.000000 ACME 100@99",
        "09:16:15.000000 OTHER 0.25@5",
        "09:17:30.000000 ACME 100@104",
        "09:17:30.000000 OTHER 0.25@5",
        "09:18:45.000000 ACME 100@103",
        "09:18:45.000000 OTHER 0.25@5",
    ]


BROKEN = {
    "2026-11-20 nonsense,ACME,100,10": "no RFC 3339 time",
    "2026-11-20T09:15:01,ACME,100,10": "no RFC 3339 time",
    "2026-11-20T09:14:59Z,ACME,100,10": "back in time",
    "2026-11-20T09:15:01Z,ACME,100": "wrong number of columns",
    "": "wrong number of columns",
    "2026-11-20T09:15:01Z,acme corp,100,10": "no symbol",
    "2026-11-20T09:15:01Z,ACME,NaN,10": "not a plain number",
    "2026-11-20T09:15:01Z,ACME,1E+3,10": "not a plain number",
    "2026-11-20T09:15:01Z,ACME,-100,10": "not a plain number",
    "2026-11-20T09:15:01Z,ACME,100,99999999999999999999": "not a plain number",
    "2026-11-20T09:15:01Z,ACME,100,0": "not above zero",
    "2026-11-20T09:15:01Z,ACME,100,": "a number is missing",
}


@pytest.mark.parametrize(("row", "reason"), BROKEN.items())
def test_a_row_that_makes_no_sense_is_counted_and_named(
    tmp_path: Path, row: str, reason: str
) -> None:
    good = "2026-11-20T09:15:00Z,ACME,100,10"
    slices, feed = played(written(tmp_path / "day.csv", "time,symbol,price,size", good, row, good))
    assert [quote.seq for quote in slices] == [1, 3]
    assert feed.flaws.counts == {reason: 1}
    assert str(feed.flaws) == f"1 {reason}"
    assert feed.flaws.first[0].startswith(f"day.csv:2: {reason}: ")


def test_only_the_first_few_flaws_are_named_but_all_are_counted(tmp_path: Path) -> None:
    good = "2026-11-20T09:15:00Z,ACME,100,10"
    table = written(tmp_path / "day.csv", "time,symbol,price,size", good, *["?"] * 1000)
    _, feed = played(table)
    assert feed.flaws.counts.total() == 1000
    assert len(feed.flaws.first) == 5
    assert len(list(feed.slices(NEVER))) == 1
    assert feed.flaws.counts.total() == 1000  # played twice, counted once


def test_files_we_do_not_know_are_named_and_do_no_harm(tmp_path: Path) -> None:
    zipped(tmp_path, "20131008_spy_Trade_Tick.csv", *LEAN_TRADES)
    zipped(tmp_path, "spy.csv", "20131008 00:00,1,1,1,1,1")
    written(tmp_path / "notes.csv", "who,what", "me,that")
    written(tmp_path / "README.md", "# Hello")
    slices, feed = played(tmp_path)
    assert len(slices) == 2
    assert feed.flaws.counts == {"suspicious": 1, "no recording that we know": 2}


def test_instruments_may_be_described_beside_the_recording(tmp_path: Path) -> None:
    written(tmp_path / "coins.csv", "time,symbol,price,size", "2026-11-20T09:15:00Z,BTC,9,0.5")
    written(
        tmp_path / "instruments.csv",
        "symbol,name,type,currency,tick_size,lot_size,qty_step,min_qty,max_qty",
        "BTC,Bitcoin,SPOT,EUR,0.5,0.001,0.001,0.001,",
    )
    (coin,) = ReplayFeed(tmp_path).instruments()
    assert (coin.symbol, coin.type, coin.currency) == ("BTC", InstrumentType.SPOT, "EUR")
    assert (coin.tick_size, coin.qty_step) == (Decimal("0.5"), Decimal("0.001"))
    assert (coin.exchange, coin.max_qty) == ("REPLAY", Decimal(1_000_000))


@pytest.mark.parametrize(
    ("listing", "complaint"),
    [
        (("symbol,colour", "ACME,red"), "columns must be"),
        (("name", "Acme"), "columns must be"),
        (("symbol,type", "ACME,BOND"), "ACME: Invalid enum value"),
        (("symbol,tick_size", "ACME,0"), "ACME: tick_size must be above zero"),
    ],
)
def test_a_listing_that_makes_no_sense_is_refused(
    tmp_path: Path, listing: tuple[str, ...], complaint: str
) -> None:
    written(tmp_path / "day.csv", "time,symbol,price,size", "2026-11-20T09:15:00Z,ACME,9,1")
    written(tmp_path / "instruments.csv", *listing)
    with pytest.raises(FeedError, match=complaint) as caught:
        ReplayFeed(tmp_path)
    assert "instruments.csv" in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "20131008_spy_trade.zip"
    broken.write_bytes(b"PK but no zip file")
    with pytest.raises(FeedError, match=str(broken)):
        ReplayFeed(broken)
    binary = tmp_path / "day.csv"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FeedError, match=str(binary)):
        ReplayFeed(binary)


def test_a_zip_file_that_breaks_off_is_named_when_it_is_played(tmp_path: Path) -> None:
    path = zipped(tmp_path, "20131008_spy_Trade_Tick.csv", *LEAN_TRADES)
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"1674200", b"1674300", 1))
    with pytest.raises(FeedError, match=str(path)):
        played(path)


@pytest.mark.parametrize("name", ["absent.csv", "absent", "empty", "notes.csv"])
def test_a_feed_with_nothing_to_play_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    written(tmp_path / "notes.csv", "who,what")
    with pytest.raises(FeedError, match=name):
        ReplayFeed(tmp_path / name)


def test_the_operator_chooses_the_feed_and_its_speed(tmp_path: Path) -> None:
    table = written(tmp_path / "day.csv", "time,symbol,price,size", "2026-11-20T09:15:00Z,ACME,9,1")
    simulated = load({"FEED_SEED": "7"}, None)
    assert next(feed_from(simulated, NEVER.date()).slices(NEVER)).source == "sim:7"
    assert speed_of(simulated) == 1
    recorded = load({"FEED": "replay", "REPLAY_PATH": str(table), "REPLAY_SPEED": "0"}, None)
    assert [quote.symbol for quote in feed_from(recorded, NEVER.date()).slices(NEVER)] == ["ACME"]
    assert speed_of(recorded) == 0

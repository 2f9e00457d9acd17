"""Brokers' lists of instruments become one list of ours, and it is found again what was in them."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from adapters.feeds.port import Flaws
from adapters.ids import Ids
from adapters.masters import (
    Found,
    Imported,
    MasterError,
    import_master,
    read,
    search,
)
from adapters.masters.files import BROKERS
from adapters.postgres import as_app, connect, migrate
from adapters.servers import Database
from domain.errors import Illegal
from domain.market import Differences, InstrumentType
from projections.query import Page, prepare
from tests.contract.brokers_lists import written

NOW = datetime(2026, 11, 25, 6, tzinfo=UTC)
IDS = Ids()


@pytest.fixture
def kept(database: Database) -> Database:
    migrate(database.admin_dsn)
    return database


def take(
    kept: Database,
    folder: Path,
    broker: str,
    change: tuple[str, str] = ("", ""),
    *,
    at: datetime = NOW,
    refusing: Exception | None = None,
) -> Imported:
    def record(imported: Imported) -> None:
        if refusing:
            raise refusing

    with connect(kept.dsn) as db:
        path = written(folder, broker, change)
        return import_master(db, path, broker, import_id=IDS(), at=at, record=record)


def find(kept: Database, q: str = "", **asked: Any) -> Page[Found]:
    async def asking() -> Page[Found]:
        async with await psycopg.AsyncConnection.connect(as_app(kept.dsn)) as db:
            await prepare(db)
            return await search(db, q, **asked)

    return asyncio.run(asking())


def symbols(found: Page[Found]) -> list[str]:
    return [f"{one.instrument.exchange}:{one.instrument.symbol}" for one in found.items]


def names(folder: Path, broker: str) -> dict[str, Any]:
    entries = read(written(folder, broker), broker, Flaws()).entries
    return {f"{one.instrument.exchange}:{one.instrument.symbol}": one for one in entries}


def test_every_broker_calls_a_contract_differently_and_means_the_same(tmp_path: Path) -> None:
    lists = {broker: names(tmp_path, broker) for broker in BROKERS}
    option = "NFO:NIFTY-261126-24000-CE"
    assert {broker: said[option].key for broker, said in lists.items() if option in said} == {
        "zerodha": "NFO:NIFTY26N2624000CE",
        "upstox": "NSE_FO|50783",
        "groww": "NSE-NIFTY-26Nov26-24000-CE",
    }
    assert len({said[option].instrument_id for said in lists.values() if option in said}) == 1
    one = lists["upstox"][option].instrument
    assert (one.underlying, one.expiry, one.strike) == ("NIFTY", date(2026, 11, 26), 24000)
    assert (one.tick_size, one.lot_size, one.max_qty) == (Decimal("0.05"), 75, 1800)
    assert "NSE:NIFTY" in lists["zerodha"].keys() & lists["upstox"].keys()
    assert lists["upstox"]["NSE:SMALLCO-BE"].instrument.type is InstrumentType.EQ
    bitcoin = lists["kraken"]["KRAKEN:BTC-USD"].instrument
    assert (bitcoin.tick_size, bitcoin.min_qty) == (Decimal("0.1"), Decimal("0.00005"))
    assert (bitcoin.currency, bitcoin.min_notional) == ("USD", Decimal("0.5"))


def test_upstox_counts_in_paise_or_in_rupees_and_it_is_found_out_which(tmp_path: Path) -> None:
    assert "paise" in read(written(tmp_path, "upstox"), "upstox", Flaws()).note
    share = names(tmp_path, "upstox")["NSE:RELIANCE"].instrument
    assert share.tick_size == Decimal("0.1")
    rupees = written(tmp_path, "upstox", ('"tick_size":1.0', '"tick_size":0.01'))
    assert "rupees" in read(rupees, "upstox", Flaws()).note


@pytest.mark.parametrize(
    ("broker", "left_out"),
    [
        (
            "zerodha",
            {
                "no number in tick_size": 1,
                "no date of expiry": 1,
                "an exchange that we do not know: GLOBAL": 1,
                "listed twice": 1,
            },
        ),
        ("groww", {"an exchange that we do not know: NSE MUTUAL": 1}),
    ],
)
def test_a_row_that_makes_no_sense_is_named_and_counted(
    broker: str, left_out: dict[str, int], tmp_path: Path
) -> None:
    flaws = Flaws()
    assert list(read(written(tmp_path, broker), broker, flaws).entries)
    assert flaws.counts == left_out
    assert len(flaws.first) == sum(left_out.values())
    assert all(line.startswith(f"{broker}.csv:") for line in flaws.first)


@pytest.mark.parametrize("broker", ["upstox", "kraken"])
def test_a_row_of_another_shape_spoils_no_other(broker: str, tmp_path: Path) -> None:
    flaws = Flaws()
    assert list(read(written(tmp_path, broker), broker, flaws).entries)
    assert flaws.counts.total() == 1


@pytest.mark.parametrize(
    ("broker", "text"),
    [
        ("zerodha", "a,b\n1,2\n"),
        ("groww", ""),
        ("upstox", "{}"),
        ("kraken", '{"error":["EGeneral:Internal error"],"result":{}}'),
    ],
)
def test_a_file_of_another_kind_is_refused(broker: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text(text)
    with pytest.raises(MasterError, match="file"):
        list(read(path, broker, Flaws()).entries)
    path.write_bytes(b"\x1f\x8bnothing")
    with pytest.raises(MasterError, match="cannot be read"):
        read(path, broker, Flaws())


def test_a_list_is_compared_with_the_one_before(kept: Database, tmp_path: Path) -> None:
    first = take(kept, tmp_path, "zerodha")
    assert first.differences == Differences(listed=9)
    assert first.sha256 == hashlib.sha256((tmp_path / "zerodha.csv").read_bytes()).hexdigest()
    assert take(kept, tmp_path, "zerodha").differences == Differences()
    dearer = ("884737,3456,TATAMOTORS,TATA MOTORS,0.0,,0.0,0.05", "884737,3456,TATAMOTORS,T,0,,0,1")
    assert take(kept, tmp_path, "zerodha", dearer).differences == Differences(changed=1)
    assert find(kept, "TATAMOTORS").items[0].instrument.tick_size == 1


def test_what_vanishes_is_suspended_or_expired(kept: Database, tmp_path: Path) -> None:
    take(kept, tmp_path, "zerodha")
    gone = ("519937,2031,M&M,", "519937,2031,MM,")
    assert take(kept, tmp_path, "zerodha", gone).differences == Differences(listed=1, suspended=1)
    assert find(kept, "M&M").items[0].status == "SUSPENDED"
    later = datetime(2026, 11, 27, tzinfo=UTC)
    rolled = ("NIFTY26N2624000CE,NIFTY,0.0,2026-11-26", "X,NIFTY,0.0,2026-12-31")
    changed = take(kept, tmp_path, "zerodha", rolled, at=later).differences
    assert (changed.expired, changed.listed, changed.changed) == (1, 1, 1)  # M&M is back
    assert find(kept, "NIFTY-261126-24000-CE").items[0].status == "EXPIRED"
    assert take(kept, tmp_path, "zerodha", at=later).differences.changed == 1
    assert find(kept, "M&M").items[0].status == "ACTIVE"


def test_an_instrument_lives_while_one_broker_lists_it(kept: Database, tmp_path: Path) -> None:
    take(kept, tmp_path, "zerodha")
    assert take(kept, tmp_path, "groww").differences.listed == 4
    assert take(kept, tmp_path, "upstox").differences.listed == 4
    (share,) = find(kept, "INE002A01018").items
    assert share.brokers == {
        "zerodha": "NSE:RELIANCE",
        "groww": "NSE-RELIANCE",
        "upstox": "NSE_EQ|INE002A01018",
    }
    gone = ("NSE,2885,RELIANCE,NSE-RELIANCE,Reliance", "NSE,2886,OTHER,NSE-OTHER,Other")
    assert take(kept, tmp_path, "groww", gone).differences == Differences(listed=1, suspended=1)
    assert find(kept, "RELIANCE", exchange="NSE").items[0].status == "ACTIVE"


def test_what_is_not_recorded_is_not_there(kept: Database, tmp_path: Path) -> None:
    with pytest.raises(Illegal):
        take(kept, tmp_path, "kraken", refusing=Illegal("INSTRUMENTS_LOST"))
    assert find(kept).items == []


def test_the_digest_can_be_made_again_from_the_differences(kept: Database, tmp_path: Path) -> None:
    imported = take(kept, tmp_path, "kraken")
    with connect(kept.dsn) as db:
        rows = db.execute(
            "SELECT kind, instrument_id, before::text, after::text FROM ref.difference"
            " WHERE import_id = %s ORDER BY kind, instrument_id",
            [imported.import_id],
        ).fetchall()
    assert len(rows) == 2
    lines = (f"{k} {i} {b or '-'} {a or '-'}\n".encode() for k, i, b, a in rows)
    assert hashlib.sha256(b"".join(lines)).hexdigest() == imported.digest


def test_options_come_behind_all_others_page_by_page(kept: Database, tmp_path: Path) -> None:
    take(kept, tmp_path, "zerodha")
    whole = symbols(find(kept, "NIFTY"))
    assert whole == [
        "NSE:NIFTY", "NFO:NIFTY-261126-FUT", "NFO:NIFTY-261126-24000-CE",
        "NFO:NIFTY-261126-24000-PE",
    ]  # fmt: skip
    one_by_one, cursor = [], None
    for _ in whole:
        page = find(kept, "NIFTY", limit=1, cursor=cursor)
        one_by_one += symbols(page)
        cursor = page.next
    assert (one_by_one, cursor) == (whole, None)


@pytest.mark.parametrize("trigrams", [True, False])
def test_an_instrument_is_found_by_what_people_type(
    trigrams: bool, kept: Database, tmp_path: Path
) -> None:
    take(kept, tmp_path, "zerodha")
    take(kept, tmp_path, "upstox")
    if not trigrams:  # a server without pg_trgm
        with psycopg.connect(kept.admin_dsn, autocommit=True) as db:
            db.execute("DROP EXTENSION pg_trgm CASCADE")
    assert symbols(find(kept, "reli")) == ["NSE:RELIANCE", "BSE:RELIANCE"]
    assert symbols(find(kept, "tata mot")) == ["NSE:TATAMOTORS"]
    assert symbols(find(kept, "mahindra")) == ["NSE:M&M"]
    assert symbols(find(kept, "nifty-261126-24000")) == [
        "NFO:NIFTY-261126-24000-CE",
        "NFO:NIFTY-261126-24000-PE",
    ]
    for mistyped in ("RELAINCE", "RELIACE", "RELIANNCE", "RELIENCE"):
        assert symbols(find(kept, mistyped)) == ["NSE:RELIANCE", "BSE:RELIANCE"]
    assert symbols(find(kept, "INE002A01018")) == ["NSE:RELIANCE"]
    farther = symbols(find(kept, "TATTAMOTTORSS"))
    assert farther == (["NSE:TATAMOTORS"] if trigrams else [])
    assert find(kept, "QQQQ").items == find(kept, "!").items == find(kept, "%").items == []
    assert symbols(find(kept, "nifty", type="FUT")) == ["NFO:NIFTY-261126-FUT"]
    assert symbols(find(kept, "", exchange="CDS")) == ["CDS:USDINR-261126-FUT"]


def test_pages_follow_each_other_without_gap(kept: Database, tmp_path: Path) -> None:
    for broker in BROKERS:
        take(kept, tmp_path, broker)
    whole = symbols(find(kept))
    cursor, seen = None, []
    while True:
        page = find(kept, limit=4, cursor=cursor)
        seen += symbols(page)
        cursor = page.next
        if cursor is None:
            break
    assert seen == whole
    assert len(whole) == 13

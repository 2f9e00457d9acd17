"""The shelf: candles in Postgres, asked in any timeframe, adjusted, told anew, thrown away."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest
from psycopg import Connection

import adapters.candles
import adapters.candles.recorder as recorder_module
from adapters.calendars import calendars
from adapters.candles import Asked, Builder, Candles, Recorder, Remembered, Retention, backfill
from adapters.candles.backfill import BackfillError, read_actions
from adapters.candles.query import Candle, candles
from adapters.candles.shelf import Action, forget, keep, keep_actions, sessions, unfinished
from adapters.feeds.port import Flaws
from adapters.postgres import connect, connect_async, migrate
from adapters.servers import Database
from domain.market import Quote
from domain.market.candle import Level, Timeframe, trading_day
from projections.query import prepare
from tests.contract.conftest import TAPE
from tests.contract.real_data import DATA, demand_real_data

FILES = [*TAPE, *Path(adapters.candles.__file__).parent.glob("*.sql")]
XNYS = partial(trading_day, calendars().of("XNYS"))
OPEN = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
ACME = Asked("ACME", Timeframe.M1)


@pytest.fixture
def shelf(database: Database) -> Iterator[Connection[Any]]:
    migrate(database.admin_dsn, FILES)
    with connect(database.dsn) as db:
        yield db


def traded(*prints: tuple[datetime, str]) -> Builder:
    builder = Builder(lambda _: XNYS)
    for at, price in prints:
        builder.on_quote(Quote("ACME", "t", 1, at, at, last=Decimal(price), last_size=Decimal(10)))
    return builder


def every_minute(many: int, first: datetime = OPEN) -> Builder:
    return traded(*((first + n * timedelta(minutes=1), str(100 + n)) for n in range(many)))


def put(db: Connection[Any], builder: Builder) -> int:
    assert builder.reached is not None
    return keep(db, builder.changed(), builder.reached, "test")


def ask(database: Database, asked: Asked) -> list[Candle]:
    async def look() -> list[Candle]:
        async with await connect_async(database.dsn) as db:
            await prepare(db)
            return await candles(db, asked)

    return asyncio.run(look())


def shown(found: list[Candle]) -> list[str]:
    return [f"{one.time:%d %H:%M} {one.open} {one.high} {one.low} {one.close}" for one in found]


def test_minutes_become_longer_candles_of_one_session(
    database: Database, shelf: Connection[Any]
) -> None:
    put(shelf, every_minute(12))
    five = ask(database, Asked("ACME", Timeframe.M5))
    assert shown(five) == [
        "23 14:30 100 104 100 104", "23 14:35 105 109 105 109", "23 14:40 110 111 110 111",
    ]  # fmt: skip
    assert [one.complete for one in five] == [True, True, False]
    assert [(one.volume, one.trades, one.vwap) for one in five[:1]] == [("50", 5, "102")]
    assert shown(ask(database, Asked("ACME", Timeframe.D1))) == ["23 14:30 100 111 100 111"]
    newest = Asked("ACME", Timeframe.M5, limit=1, until=OPEN + timedelta(minutes=10))
    assert shown(ask(database, newest)) == ["23 14:35 105 109 105 109"]
    since = Asked("ACME", Timeframe.M5, since=OPEN + timedelta(minutes=7))
    assert shown(ask(database, since)) == ["23 14:40 110 111 110 111"]


def test_weeks_and_months_are_made_of_sessions(database: Database, shelf: Connection[Any]) -> None:
    days = [OPEN - timedelta(days=n) for n in (28, 6, 3)] + [OPEN]
    put(shelf, traded(*((at, str(100 + n)) for n, at in enumerate(days))))
    weeks, months = (Asked("ACME", frame) for frame in (Timeframe.W1, Timeframe.MONTH))
    assert [one.day.isoformat() for one in ask(database, weeks)] == [
        "2026-10-26", "2026-11-17", "2026-11-23",
    ]  # fmt: skip
    assert [(one.day.month, one.volume) for one in ask(database, months)] == [
        (10, "10"),
        (11, "30"),
    ]


def test_what_trades_outside_the_session_is_shown_when_asked_for(
    database: Database, shelf: Connection[Any]
) -> None:
    put(shelf, traded((OPEN - timedelta(minutes=3), "90"), (OPEN, "100")))
    assert shown(ask(database, Asked("ACME", Timeframe.M5))) == ["23 14:30 100 100 100 100"]
    extended = ask(database, Asked("ACME", Timeframe.M5, extended=True))
    assert shown(extended) == ["23 14:25 90 90 90 90", "23 14:30 100 100 100 100"]


def test_an_answer_is_remembered_until_its_symbol_changes(
    database: Database, shelf: Connection[Any]
) -> None:
    async def scenario() -> None:
        remembered = Remembered()
        async with await connect_async(database.dsn) as db:
            await prepare(db)
            put(shelf, every_minute(3))
            first = await remembered.answer(db, ACME)
            assert await remembered.answer(db, ACME) is first
            put(shelf, every_minute(3))
            again = await remembered.answer(db, ACME)
            assert (again is first, again.etag) == (False, first.etag)
            put(shelf, every_minute(4))
            assert (await remembered.answer(db, ACME)).etag != first.etag
            assert len(msgspec.json.decode(first.body, type=Candles).items) == 3

    asyncio.run(scenario())


def test_a_candle_told_anew_counts_its_revisions(shelf: Connection[Any]) -> None:
    assert put(shelf, every_minute(2)) == 5
    assert put(shelf, every_minute(2)) == 0
    put(shelf, traded((OPEN, "99"), (OPEN + timedelta(minutes=1), "101")))
    rows = shelf.execute(
        "SELECT level, revision FROM md.candle WHERE begins = %s AND level <> '1D' ORDER BY 1",
        [OPEN],
    )
    assert rows.fetchall() == [("1m", 1), ("1s", 1)]


def test_the_unfinished_are_taken_up_again(shelf: Connection[Any]) -> None:
    put(shelf, every_minute(3))
    kept = unfinished(shelf)["ACME"]
    assert kept[Level.MINUTE].begins == OPEN + timedelta(minutes=2)
    assert (str(kept[Level.DAY].open), kept[Level.DAY].trades) == ("100", 3)


def test_the_last_two_sessions_are_told_newest_first(shelf: Connection[Any]) -> None:
    day = timedelta(days=1)
    put(shelf, traded((OPEN, "100"), (OPEN + day, "90"), (OPEN + 2 * day, "105")))
    (told,) = sessions(shelf).values()
    assert [one.last_at for one in told] == [OPEN + 2 * day, OPEN + day]
    assert [str(one.close) for one in told] == ["105", "90"]
    assert [(one.day.day, str(one.volume)) for one in told] == [(25, "10"), (24, "10")]


def test_old_seconds_are_thrown_away_and_minutes_stay(
    database: Database, shelf: Connection[Any]
) -> None:
    put(shelf, every_minute(2, OPEN - timedelta(days=3)))
    put(shelf, every_minute(2))
    assert forget(shelf, Level.SECOND, OPEN) == ["candle_1s_20261120"]
    assert len(ask(database, Asked("ACME", Timeframe.S1))) == 2
    assert len(ask(database, ACME)) == 4
    assert forget(shelf, Level.DAY, OPEN) == []


def test_adjusted_prices_are_in_the_shares_of_today(
    database: Database, shelf: Connection[Any], tmp_path: Path
) -> None:
    put(shelf, traded((OPEN - timedelta(days=3), "100"), (OPEN, "50")))
    file = tmp_path / "actions.csv"
    file.write_text("symbol,ex_date,ratio,amount\nACME,2026-11-23,2,\n")
    assert read_actions(file) == [Action("ACME", date(2026, 11, 23), Decimal(2))]
    keep_actions(shelf, read_actions(file))
    asked = Asked("ACME", Timeframe.D1)
    assert [one.close for one in ask(database, asked)] == ["100", "50"]
    adjusted = ask(database, msgspec.structs.replace(asked, adjusted=True))
    assert [(one.close, one.volume) for one in adjusted] == [("50", "20"), ("50", "10")]
    file.write_text("symbol,ex_date,ratio\nACME,soon,2\n")
    with pytest.raises(BackfillError, match=r"actions\.csv"):
        read_actions(file)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO md.candle SELECT * FROM md.candle",
        "UPDATE md.series SET version = 0",
        "DELETE FROM md.candle",
        "TRUNCATE md.candle",
        "DROP TABLE md.candle",
        "SELECT md.provide('1m', now())",
    ],
)
def test_the_service_writes_candles_through_one_door(
    shelf: Connection[Any], statement: str
) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        shelf.execute(statement.encode())


def test_the_recorder_writes_what_the_board_shows_over_one_connection(
    database: Database, shelf: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And over another when that is lost."""
    monkeypatch.setattr(recorder_module, "EVERY_S", 0.05)
    admin = psycopg.connect(database.admin_dsn, autocommit=True)
    (ours,) = shelf.execute("SELECT pg_backend_pid()").fetchone() or (0,)
    others = (
        b"SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
        b" AND backend_type = 'client backend' AND pid NOT IN (pg_backend_pid(), %s)"
    )

    async def written(recorder: Recorder, nth: int) -> list[int]:
        """Who is connected once this minute has been written."""
        at = OPEN + nth * timedelta(minutes=1)
        recorder.on_quote(Quote("ACME", "t", nth, at, at, last=Decimal(1), last_size=Decimal(1)))
        minutes = f"SELECT count(*) FROM md.candle WHERE level = '1m' AND begins = '{at}'"
        for _ in range(200):
            await asyncio.sleep(0.05)
            if shelf.execute(minutes.encode()).fetchone() == (1,):
                return [pid for (pid,) in admin.execute(others, [ours]).fetchall()]
        raise AssertionError("it was never written")

    async def scenario() -> None:
        recorder = Recorder(database.dsn, "test", lambda _: XNYS, Retention(1, 0))
        await asyncio.to_thread(recorder.take_up)
        running = asyncio.create_task(recorder.run())
        (first,) = await written(recorder, 0)
        assert [await written(recorder, nth) for nth in (1, 2)] == [[first], [first]]
        admin.execute("SELECT pg_terminate_backend(%s)", [first])
        (second,) = await written(recorder, 3)
        assert second != first
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    with admin:
        asyncio.run(scenario())
    assert shelf.execute("SELECT count(*) FROM md.candle").fetchone() == (9,)


def test_a_backfill_of_our_own_bars_leaves_out_what_makes_no_sense(
    database: Database, shelf: Connection[Any], tmp_path: Path
) -> None:
    file = tmp_path / "bars.csv"
    rows = ["time,symbol,open,high,low,close,volume"]
    rows += [f"2026-11-23T14:3{n}:00Z,ACME,{n + 1},{n + 3},{n + 1},{n + 2},5" for n in range(3)]
    rows += ["2026-11-23T14:34:00Z,ACME,1,1,2,1,5", "2026-11-23T14:35:30Z,ACME,1,1,1,1,5"]
    file.write_text("\n".join(rows))
    flaws = Flaws()
    assert backfill(shelf, file, lambda _: XNYS, flaws) == 4
    assert flaws.counts == {"open or close outside low and high": 1, "off the minute": 1}
    assert shown(ask(database, Asked("ACME", Timeframe.D1))) == ["23 14:30 1 5 1 4"]
    with pytest.raises(BackfillError, match="no such file"):
        backfill(shelf, tmp_path / "nowhere", lambda _: XNYS, flaws)


def test_a_backfill_of_real_days_makes_sessions_and_years(
    database: Database, shelf: Connection[Any]
) -> None:
    assert backfill(shelf, demand_real_data() / "minute" / "spy", lambda _: XNYS, Flaws()) > 2000
    minutes = ask(database, Asked("SPY", Timeframe.M1, limit=5000))
    assert len(minutes) == 3 * 390
    sessions = ask(database, Asked("SPY", Timeframe.D1))
    assert [one.day.day for one in sessions] == [7, 8, 9]
    hours = ask(database, Asked("SPY", Timeframe.H1))
    assert [f"{one.time:%H:%M}" for one in hours[:7]] == [
        "13:30", "14:30", "15:30", "16:30", "17:30", "18:30", "19:30",
    ]  # fmt: skip
    assert backfill(shelf, DATA / "daily" / "spy.zip", lambda _: XNYS, Flaws()) > 4000
    years = ask(database, Asked("SPY", Timeframe.MONTH, limit=5000))
    assert len(years) > 190

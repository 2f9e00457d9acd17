"""Read models are made anew while people look on, and come out as the tape says."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from psycopg import Connection
from psycopg.errors import LockNotAvailable

from adapters.postgres import connect, connect_async
from adapters.projector import (
    BuildFailed,
    Projector,
    check_against_replay,
    checkpoints,
    reached,
    rebuild,
    rebuilding,
    shown,
)
from adapters.projector import build as building
from adapters.projector.build import Build
from adapters.projector.live import Live
from adapters.projector.pages import Pages
from adapters.projector.projector import outdated
from adapters.projector.tables import Table
from adapters.servers import Database
from domain.errors import Conflict, NotFound
from domain.trading import OrderPlaced
from projections import READ_MODELS, positions
from projections.query import prepare
from tests.contract.history import Trading, record
from tests.contract.projecting import (
    MODELS,
    Stumbling,
    disagreeing,
    follow,
    installed,
    position_of,
    rows,
)


@pytest.fixture
def db(database: Database) -> Iterator[Connection[Any]]:
    with installed(database) as connection:
        yield connection


def test_a_rebuild_makes_the_same_rows_and_tells_how_far_it_is(
    database: Database, db: Connection[Any]
) -> None:
    facts = Trading(seed=5).facts(500)
    record(db, facts)
    follow(db)
    told: list[tuple[int, int]] = []
    rebuild(database.dsn, MODELS, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (len(facts), len(facts))
    assert {c.version for c in shown(db).values()} == {2}
    assert rows(db, b"SELECT count(*) FROM pg_tables WHERE schemaname = 'rm'") == [
        (len(MODELS) + 2,)
    ]
    assert disagreeing(database) == []


def test_a_rebuild_with_little_memory_writes_more_often_and_the_same(
    database: Database, db: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    record(db, Trading(seed=5).facts(500))
    follow(db)
    monkeypatch.setattr(building, "PAGE", 40)
    monkeypatch.setattr(building, "WINDOW", 90)
    assert disagreeing(database) == []
    monkeypatch.setattr(building, "HELD_MAX", 50)
    assert disagreeing(database) == []


def test_facts_that_arrive_during_a_rebuild_are_neither_missed_nor_doubled(
    database: Database, db: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = Trading(seed=5).facts(1500)
    record(db, facts[:300])
    monkeypatch.setattr(building, "PAGE", 50)
    monkeypatch.setattr(rebuilding, "PAGE", 50)
    done = threading.Event()

    def project() -> None:
        with connect(database.dsn) as mine:
            live = Live(mine, READ_MODELS)
            while not (done.is_set() and reached(mine, MODELS) == len(facts)):
                live.step(20)

    def trade() -> None:
        with connect(database.dsn) as mine:
            for first in range(300, len(facts), 10):
                record(mine, facts[first : first + 10])
        done.set()

    workers = [threading.Thread(target=project), threading.Thread(target=trade)]
    for worker in workers:
        worker.start()
    rebuilds = 0
    while not done.is_set():
        rebuild(database.dsn, MODELS)
        rebuilds += 1
    for worker in workers:
        worker.join(60)
    assert rebuilds >= 1
    assert reached(db, MODELS) == len(facts)
    assert disagreeing(database) == []


def test_an_exchange_never_takes_people_back_in_time(
    database: Database, db: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = Trading(seed=5).facts(160)
    record(db, facts[:130])
    follow(db)
    put_in_place = rebuilding._put_in_place

    def after_more_has_happened(build: Build, name: str, position: int, pages: Pages) -> None:
        if name == "orders":
            record(db, facts[130:])
            follow(db)
        put_in_place(build, name, position, pages)

    monkeypatch.setattr(rebuilding, "_put_in_place", after_more_has_happened)
    rebuild(database.dsn, ["accounts", "orders"])
    assert {name: (c.position, c.version) for name, c in shown(db).items() if c.version > 1} == {
        "accounts": (len(facts), 2),
        "orders": (len(facts), 2),
    }
    assert disagreeing(database) == []


def test_the_projector_stands_still_while_a_table_is_exchanged(
    database: Database, db: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = Trading(seed=5).facts(160)
    record(db, facts[:130])
    follow(db)
    show = checkpoints.show

    def meanwhile(build_db: Connection[Any], table: Table, position: int) -> None:
        record(db, facts[130:])
        db.execute("SET lock_timeout = '50ms'")
        with pytest.raises(LockNotAvailable):
            follow(db)
        show(build_db, table, position)

    monkeypatch.setattr(checkpoints, "show", meanwhile)
    rebuild(database.dsn, ["orders"])
    assert (shown(db)["orders"].position, shown(db)["fills"].position) == (130, 130)
    follow(db)
    assert disagreeing(database) == []


@pytest.mark.anyio
async def test_people_look_on_while_the_table_under_them_is_exchanged(
    database: Database, db: Connection[Any]
) -> None:
    trading = Trading(seed=5)
    record(db, trading.facts(200))
    follow(db)
    account_id = trading.accounts[0]
    owner = UUID(trading.account(account_id).owner.removeprefix("user:"))
    async with await connect_async(database.dsn) as views:
        await prepare(views)
        rebuilding = asyncio.create_task(asyncio.to_thread(rebuild, database.dsn, MODELS))
        first = await positions.of_account(views, owner, account_id, {})
        while not rebuilding.done():
            assert await positions.of_account(views, owner, account_id, {}) == first
        await rebuilding
        assert await positions.of_account(views, owner, account_id, {}) == first


def test_a_rebuild_that_meets_poison_changes_nothing(
    database: Database, db: Connection[Any]
) -> None:
    facts = Trading(seed=5).facts(160)
    record(db, facts)
    follow(db)
    broken = {**READ_MODELS, "lots": Stumbling(READ_MODELS["lots"], *range(1, len(facts) + 1))}
    with pytest.raises(BuildFailed, match="lots cannot take in fact"):
        rebuild(database.dsn, MODELS, models=broken)
    assert {c.version for c in shown(db).values()} == {1}
    assert rows(db, b"SELECT count(*) FROM rm.checkpoint WHERE state = 'building'") == [(0,)]
    assert disagreeing(database) == []


def test_a_rebuild_that_died_leaves_no_trouble_and_two_at_once_are_refused(
    database: Database, db: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    record(db, Trading(seed=5).facts(160))
    follow(db)
    with connect(database.dsn) as other:
        assert checkpoints.claim(other, "orders")
        with pytest.raises(Conflict, match="REBUILD_RUNNING"):
            rebuild(database.dsn, MODELS)
    # The process is gone before it could sweep up.
    monkeypatch.setattr(building.Build, "discard", lambda _: None)
    monkeypatch.setattr(rebuilding, "_put_in_place", lambda *_: None)
    rebuild(database.dsn, MODELS)
    monkeypatch.undo()
    assert rows(db, b"SELECT count(*) FROM rm.checkpoint WHERE state = 'building'") == [
        (len(MODELS),)
    ]
    rebuild(database.dsn, MODELS)
    assert rows(db, b"SELECT count(*) FROM rm.checkpoint") == [(len(MODELS),)]
    assert disagreeing(database) == []


def test_a_model_there_is_not_cannot_be_rebuilt(database: Database) -> None:
    with pytest.raises(NotFound, match="READ_MODEL_UNKNOWN"):
        rebuild(database.dsn, ["rankings"])


def test_a_model_whose_program_changed_is_made_anew_at_the_next_start(
    database: Database, db: Connection[Any]
) -> None:
    record(db, Trading(seed=5).facts(160))
    Projector(database.dsn).catch_up()
    assert outdated(db) == []
    db.execute("UPDATE rm.checkpoint SET fingerprint = 'of yesterday' WHERE name = 'fills'")
    assert outdated(db) == ["fills"]
    Projector(database.dsn).catch_up()
    assert outdated(db) == []
    assert (shown(db)["fills"].version, shown(db)["orders"].version) == (2, 1)
    assert disagreeing(database) == []


def test_a_model_that_cannot_be_made_anew_stays_as_it_was_and_the_others_go_on(
    database: Database, db: Connection[Any]
) -> None:
    facts = Trading(seed=5).facts(160)
    record(db, facts[:130])
    Projector(database.dsn).catch_up()
    db.execute(
        "UPDATE rm.checkpoint SET fingerprint = 'of yesterday' WHERE name IN ('lots', 'fills')"
    )
    before = rows(db, b"SELECT * FROM rm.lots")
    assert before
    record(db, facts[130:])
    broken = {**READ_MODELS, "lots": Stumbling(READ_MODELS["lots"], *range(len(facts) + 1))}
    Projector(database.dsn, broken).catch_up()
    assert rows(db, b"SELECT * FROM rm.lots") == before
    standing = {name: (c.position, c.version) for name, c in shown(db).items()}
    assert (standing.pop("lots"), standing.pop("fills")) == ((130, 1), (len(facts), 2))
    assert set(standing.values()) == {(len(facts), 1)}


TAMPERINGS = {
    "accounts": b"UPDATE rm.accounts_v1 SET owner_id = account_id",
    "orders": b"UPDATE rm.orders_v1 SET reason = 'because' WHERE placed = 5",
    "fills": b"UPDATE rm.fills_v1 SET evidence = '{}'",
    "positions": b"UPDATE rm.positions_v1 SET realised_fifo = realised_fifo - 1",
    "lots": b"UPDATE rm.lots_v1 SET opened_at = opened_at + interval '1 us'",
    "wallets": b"UPDATE rm.wallets_v1 SET cash = cash + 0.00000001",
    "ledger": b"DELETE FROM rm.ledger_v1 WHERE kind = 'TRADE'",
    "equity": b"INSERT INTO rm.equity_v1 SELECT position + 100000, updated_at, account_id, ts,"
    b" cash, positions_value, equity FROM rm.equity_v1 LIMIT 1",
    "dashboard": b"UPDATE rm.dashboard_v1 SET open_orders = open_orders + 1",
}


def test_a_row_that_is_not_what_the_tape_says_is_found_in_every_model(
    database: Database, db: Connection[Any]
) -> None:
    facts = Trading(seed=5).facts(120)
    placed = position_of(facts, lambda fact: isinstance(fact.event, OrderPlaced))
    record(db, facts)
    follow(db)
    assert disagreeing(database) == []
    for name in MODELS:
        later = f"UPDATE rm.{name}_v1 SET updated_at = updated_at + interval '1 us'".encode()
        tampering = TAMPERINGS.get(name, later).replace(b"= 5", b"= %d" % placed)
        assert db.execute(tampering).rowcount > 0, name
        findings = check_against_replay(database.dsn, models={name: READ_MODELS[name]})
        assert [(each.model, each.agrees) for each in findings] == [(name, False)]
        assert findings[0].difference

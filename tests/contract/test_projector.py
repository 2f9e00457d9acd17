"""The projector takes in every fact once, and is never wrong in silence."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import wraps
from typing import Any

import pytest
from msgspec import json
from msgspec.structs import replace
from psycopg import Connection

from adapters.postgres import connect
from adapters.projector import (
    BuildFailed,
    install,
    reached,
    rebuild,
    shown,
)
from adapters.projector.fold import Fold
from adapters.projector.live import Live
from adapters.projector.pages import LEAN_CODEC, Intake, Stored
from adapters.servers import Database
from adapters.tape.codec import CODEC, Codec, UnknownFact
from domain import EVENTS
from domain.trading import AccountOpened, OrderFilled, OrderPlaced
from projections import READ_MODELS
from projections.accounts import AccountRow
from projections.base import At, Row
from projections.wallets import WalletRow
from tests.contract.history import OPENING, Trading, record
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


def test_two_projectors_at_once_take_in_every_fact_once(database: Database) -> None:
    facts = Trading(seed=5).facts(600)
    with connect(database.dsn) as db:
        install(db, READ_MODELS)
        record(db, facts[:200])
        barrier = threading.Barrier(3)

        def play(page: int) -> None:
            with connect(database.dsn) as mine:
                live = Live(mine, READ_MODELS)
                barrier.wait()
                while reached(mine, MODELS) < len(facts):
                    live.step(page)

        players = [threading.Thread(target=play, args=(page,)) for page in (3, 5)]
        for player in players:
            player.start()
        barrier.wait()
        for first in range(200, len(facts), 50):
            record(db, facts[first : first + 50])
        for player in players:
            player.join(60)
        assert reached(db, MODELS) == len(facts)
    assert disagreeing(database) == []


def test_whoever_comes_second_writes_nothing_and_goes_on_from_there(
    database: Database, db: Connection[Any]
) -> None:
    record(db, Trading(seed=5).facts(40))
    with connect(database.dsn) as other:
        early, late = Live(db, READ_MODELS), Live(other, READ_MODELS)
        early.step(10)
        before = rows(db, b"SELECT * FROM rm.ledger ORDER BY account_id, position, line")
        late.step(10)
        after = rows(db, b"SELECT * FROM rm.ledger ORDER BY account_id, position, line")
        assert before == after
        assert reached(db, MODELS) == 10
        late.step(10)
        assert reached(db, MODELS) == 20


def test_a_model_that_came_later_catches_up_until_it_is_level(
    database: Database, db: Connection[Any]
) -> None:
    facts = Trading(seed=5).facts(120)
    record(db, facts[:100])
    follow(db)
    db.execute("DELETE FROM rm.checkpoint WHERE name = 'lots'")
    db.execute("DROP TABLE rm.lots_v1 CASCADE")
    install(db, READ_MODELS)
    assert shown(db)["lots"].position == 0
    record(db, facts[100:])
    live = Live(db, READ_MODELS)
    live.step(30)
    assert (shown(db)["lots"].position, shown(db)["orders"].position) == (30, len(facts))
    follow(db, page=30)
    assert len({checkpoint.position for checkpoint in shown(db).values()}) == 1
    assert disagreeing(database) == []


def test_text_that_json_must_escape_is_shown_as_it_was_given(db: Connection[Any]) -> None:
    label = 'tab\there, line\nthere, "quoted", back\\slash, \\n, é, null, ]\n[ and \x01'
    facts = Trading(seed=5, accounts=3).facts(3)
    relabelled = [
        replace(fact, event=replace(fact.event, label=label))
        if isinstance(fact.event, AccountOpened)
        else fact
        for fact in facts
    ]
    record(db, relabelled)
    follow(db)
    assert rows(db, b"SELECT DISTINCT label FROM rm.accounts") == [(label,)]


def test_a_fact_that_a_model_cannot_take_parks_its_stream_for_that_model_alone(
    database: Database, db: Connection[Any]
) -> None:
    facts = Trading(seed=5).facts(300)
    stone = position_of(facts, lambda fact: isinstance(fact.event, OrderFilled))
    stream = facts[stone - 1].stream
    record(db, facts)
    models = {**READ_MODELS, "orders": Stumbling(READ_MODELS["orders"], stone)}
    follow(db, models)
    letters = rows(
        db, b"SELECT name, position, stream, error FROM rm.dead_letter ORDER BY position"
    )
    assert letters[0] == ("orders", stone, stream, "ArithmeticError: this one is poison")
    after = {fact.position for fact in facts if fact.stream == stream and fact.position >= stone}
    parked = {position for _, position, _, _ in letters}
    assert parked <= after
    assert {name for name, *_ in letters} == {"orders"}
    assert rows(
        db,
        b"SELECT count(*) FROM rm.orders o JOIN rm.accounts USING (account_id)"
        b" WHERE 'account-' || account_id = '%b' AND o.position >= %d" % (stream.encode(), stone),
    ) == [(0,)]
    assert reached(db, MODELS) == len(facts)
    assert all(checkpoint.state == "live" for checkpoint in shown(db).values())
    assert disagreeing(database) == ["orders"]

    follow(db, models)  # started again, it still leaves the stream alone
    rebuild(database.dsn, ["orders"])
    assert disagreeing(database) == []
    assert rows(db, b"SELECT * FROM rm.dead_letter") == []


def test_a_model_of_money_stops_before_the_fact_it_cannot_take_and_the_others_go_on(
    database: Database, db: Connection[Any]
) -> None:
    facts = Trading(seed=5).facts(300)
    stone = position_of(
        facts, lambda fact: fact.position > 150 and isinstance(fact.event, OrderFilled)
    )
    record(db, facts)
    follow(db, {**READ_MODELS, "wallets": Stumbling(READ_MODELS["wallets"], stone)})
    stopped = shown(db)["wallets"]
    assert (stopped.state, stopped.position, stopped.failure_position) == (
        "stopped",
        stone - 1,
        stone,
    )
    assert stopped.failure_detail == "ArithmeticError: this one is poison"
    others = {name: c for name, c in shown(db).items() if name != "wallets"}
    assert {(c.state, c.position) for c in others.values()} == {("live", len(facts))}
    assert disagreeing(database) == ["wallets"]

    rebuild(database.dsn, ["wallets"])
    assert shown(db)["wallets"].state == "live"
    assert disagreeing(database) == []


def test_a_row_that_postgres_refuses_is_poison_too(db: Connection[Any]) -> None:
    facts = Trading(seed=5).facts(120)
    stone = position_of(facts, lambda fact: isinstance(fact.event, AccountOpened))
    record(db, facts)
    model = Stumbling(READ_MODELS["accounts"])
    project = model.project

    def too_large(event: AccountOpened, at: At) -> Sequence[Row]:
        (row,) = project(event, at)
        assert isinstance(row, AccountRow)
        row.opened = 1 << 70 if at.position == stone else row.opened
        return (row,)

    model.project = wraps(project)(too_large)
    follow(db, {**READ_MODELS, "accounts": model})
    letters = rows(db, b"SELECT name, position, split_part(error, ':', 1) FROM rm.dead_letter")
    assert letters == [("accounts", stone, "NumericValueOutOfRange")]
    assert reached(db, MODELS) == len(facts)


def test_a_change_of_a_row_that_was_never_made_is_poison(
    database: Database, db: Connection[Any]
) -> None:
    facts = Trading(seed=5).facts(120)
    lost = position_of(facts, lambda fact: isinstance(fact.event, OrderPlaced))
    stream = facts.pop(lost - 1).stream
    record(db, facts)
    follow(db)
    letter, *_ = rows(db, b"SELECT name, position, stream, error FROM rm.dead_letter")
    assert letter == ("orders", lost, stream, "RowMissing: 1 rows of rm.orders_v1")
    assert reached(db, MODELS) == len(facts)
    with pytest.raises(BuildFailed, match="orders cannot take in"):
        rebuild(database.dsn, ["orders"])


def test_an_old_program_waits_before_a_fact_it_has_no_words_for(db: Connection[Any]) -> None:
    facts = Trading(seed=5).facts(120)
    stone = position_of(facts, lambda fact: isinstance(fact.event, OrderFilled))
    old = Codec({name: event for name, event in EVENTS.items() if name != "OrderFilled"})
    record(db, facts)
    live = Live(db, READ_MODELS, old)
    with pytest.raises(UnknownFact, match="OrderFilled"):
        live.step()
    assert reached(db, MODELS) == stone - 1
    assert rows(db, b"SELECT * FROM rm.dead_letter") == []


def test_a_lean_fact_is_the_very_fact_but_for_evidence_kept_as_text() -> None:
    for fact in Trading(seed=5).facts(120):
        name, payload = type(fact.event).__name__, CODEC.encode(fact.event)
        (lean,) = LEAN_CODEC.decode(name, 1, payload)
        assert isinstance(lean, type(fact.event))
        assert CODEC.decode(name, 1, LEAN_CODEC.encode(lean)) == (fact.event,)


def test_an_old_shape_that_is_several_facts_today_is_taken_in_whole_or_not_at_all() -> None:
    fact = Trading(seed=5).facts(2)[1]
    opened = json.decode(CODEC.encode(fact.event))
    paid_in = {name: opened[name] for name in ("account_id", "postings", "balance")}
    paid_in |= {"amount": "1", "reason": "then"}
    both = [("AccountOpened", 1, opened), ("FundsDeposited", 1, paid_in)]
    codec = Codec(EVENTS, {("AccountOpenedAndFunded", 1): lambda _: both})
    row = Stored(9, fact.stream, "AccountOpenedAndFunded", 1, "{}", OPENING, OPENING)
    folds = {name: Fold(model) for name, model in READ_MODELS.items()}
    refused: list[str] = []
    stumbling = Fold(Stumbling(READ_MODELS["wallets"], 9))
    takers = [*folds.values(), stumbling]
    Intake(takers, codec, lambda *failure: refused.append(str(failure[2]))).take([row])
    (wallet,) = folds["wallets"].taken().new
    assert isinstance(wallet, WalletRow)
    assert (wallet.opening_capital, wallet.deposits) == (Decimal(100_000), Decimal(1))
    assert len(folds["ledger"].taken().new) == 2
    assert (refused, len(stumbling)) == (["this one is poison"], 0)

"""P6: how fast all read models are made anew, against reading the log and doing nothing."""

from __future__ import annotations

from collections.abc import Iterator
from time import perf_counter

from adapters.postgres import connect
from adapters.projector import install, rebuild
from adapters.servers import Database
from adapters.tape.reader import Reader
from projections import READ_MODELS
from tests.bench import history
from tests.bench.budgets import Figure, compared
from tests.bench.stage import Stage, in_turn

IDS = ("P6",)
ACCOUNTS = 2000
PAGE = 5000
ROUNDS = 3


def measure(stage: Stage, asked: frozenset[str], scale: float = 1.0) -> Iterator[Figure]:
    with stage.database("p6") as database:
        facts = history.write(database, max(int(ACCOUNTS * scale), 1))
        with connect(database.dsn) as db:
            install(db, READ_MODELS)
        stage.settle()
        rounds = in_turn(
            lambda: facts / rebuilding(database), lambda: facts / reading(database, facts), ROUNDS
        )
    yield compared("P6", rounds)


def rebuilding(database: Database) -> float:
    """Seconds until people see every model as made anew."""
    began = perf_counter()
    rebuild(database.dsn, list(READ_MODELS))
    return perf_counter() - began


def reading(database: Database, facts: int) -> float:
    """Seconds for all rows, by position, with every column of the log."""
    began, position = perf_counter(), 0
    with connect(database.dsn) as db:
        reader = Reader(db)
        while rows := reader.rows(position, PAGE):
            position = rows[-1].position
    assert position == facts, "every row was read"
    return perf_counter() - began

"""P1, P4, P5, P8: how fast facts become durable through dispatch, in process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from commands.base import Command
from tests.bench import people
from tests.bench.bare import Bare
from tests.bench.budgets import Figure, compared
from tests.bench.engine import Engine
from tests.bench.stage import Stage, in_turn
from tests.bench.stock import stock

IDS = ("P1", "P4", "P5", "P8")
ACCOUNTS = 1000
ROUNDS = 7


def measure(stage: Stage, asked: frozenset[str], scale: float = 1.0) -> Iterator[Figure]:
    """``scale`` makes rounds longer or shorter."""
    commands = int(5000 * scale)
    if "P1" in asked:
        yield against_bare(stage, commands)
    if "P5" in asked:
        yield one_hot_account(stage, commands)
    if "P4" in asked:
        yield against_stock(stage, commands)
    if "P8" in asked:
        yield on_a_long_tape(stage, commands, scale)


def against_bare(stage: Stage, commands: int) -> Figure:
    with stage.database("p1") as database, Engine(database) as engine, Bare(database) as bare:
        mine, theirs = engine.accounts(ACCOUNTS), bare.accounts(ACCOUNTS)
        rounds = in_turn(
            lambda: _facts(engine.run(people.resting(mine, commands))),
            lambda: _facts(bare.run(people.resting(theirs, commands))),
            ROUNDS,
        )
    return compared("P1", rounds)


def one_hot_account(stage: Stage, commands: int) -> Figure:
    with stage.database("p5") as database, Engine(database) as engine:
        many, hot = engine.accounts(ACCOUNTS), engine.accounts(1)
        rounds = in_turn(
            lambda: _commands(engine, people.resting(hot, commands)),
            lambda: _commands(engine, people.resting(many, commands)),
            ROUNDS,
        )
    return compared("P5", rounds)


def against_stock(stage: Stage, commands: int) -> Figure:
    few = max(commands // 10, 1)
    with (
        stage.database("p4") as database,
        stage.database("p4_stock", migrated=False) as another,
        Engine(database) as engine,
        stock(another) as recorder,
    ):
        accounts = engine.accounts(ACCOUNTS)
        rounds = in_turn(
            lambda: _facts(engine.run(people.deposits(accounts, commands))),
            lambda: _facts(recorder.run(people.deposits(accounts, few))),
            ROUNDS,
        )
    return compared("P4", rounds)


def on_a_long_tape(stage: Stage, commands: int, scale: float) -> Figure:
    stage.million(scale)
    with stage.database("p8") as database, Engine(database) as empty, Engine(stage.home) as full:
        few, many = empty.accounts(ACCOUNTS), full.accounts(ACCOUNTS)
        stage.settle()
        rounds = in_turn(
            lambda: _facts(full.run(people.resting(many, commands))),
            lambda: _facts(empty.run(people.resting(few, commands))),
            ROUNDS,
        )
    return compared("P8", rounds)


def _facts(found: tuple[float, int]) -> float:
    seconds, facts = found
    return facts / seconds


def _commands(engine: Engine, commands: Sequence[Command]) -> float:
    seconds, _ = engine.run(commands)
    return len(commands) / seconds

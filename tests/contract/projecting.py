"""What the tests of the projector have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any

from psycopg import Connection

from adapters.postgres import connect
from adapters.projector import (
    check_against_replay,
    install,
)
from adapters.projector.live import Live
from adapters.servers import Database
from domain.base import Fact
from projections import READ_MODELS
from projections.base import At, ReadModel, Row

MODELS = list(READ_MODELS)
Models = dict[str, ReadModel]


class Stumbling:
    """A model that cannot take in the facts at some positions until it is repaired."""

    def __init__(self, model: ReadModel, *stones: int) -> None:
        self.__name__ = model.__name__
        self.TABLE = model.TABLE
        self.MONEY = model.MONEY

        @wraps(model.project)
        def project(event: Any, at: At) -> Sequence[Row]:
            if at.position in stones:
                raise ArithmeticError("this one is poison")
            return model.project(event, at)

        self.project = project


@contextmanager
def installed(database: Database) -> Iterator[Connection[Any]]:
    with connect(database.dsn) as connection:
        install(connection, READ_MODELS)
        yield connection


def follow(db: Connection[Any], models: Models = READ_MODELS, page: int = 100) -> None:
    live = Live(db, models)
    while live.step(page):
        pass


def disagreeing(database: Database) -> list[str]:
    return [each.model for each in check_against_replay(database.dsn) if not each.agrees]


def rows(db: Connection[Any], query: bytes) -> list[tuple[Any, ...]]:
    return db.execute(query).fetchall()


def position_of(facts: list[Fact], what: Callable[[Fact], bool]) -> int:
    return next(fact.position for fact in facts if what(fact))

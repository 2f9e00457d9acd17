"""The stage: a real Postgres with the settings of production, and databases to measure on."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from adapters.postgres import migrate
from adapters.servers import Database, embedded_postgres, ensure_database, located
from tests.bench import history

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build"


class Stage:
    """
    One Postgres for a whole run, in a data folder on the disk of the checkout (not in memory:
    fsync is part of what is measured).  A context; it leaves nothing behind.
    """

    def __init__(self, data: Path = BUILD / "bench-data") -> None:
        self.data = data
        self._server = ExitStack()
        self._accounts = 0

    def __enter__(self) -> Self:
        shutil.rmtree(self.data, ignore_errors=True)
        self._server.enter_context(embedded_postgres(self.data))
        migrate(self.home.admin_dsn)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop_postgres()
        shutil.rmtree(self.data, ignore_errors=True)

    @property
    def home(self) -> Database:
        """The database that a service in this data folder takes for its own."""
        return located(self.data.resolve())

    def stop_postgres(self) -> None:
        """For a service that starts its own in this folder."""
        self._server.close()

    @contextmanager
    def database(self, name: str, migrated: bool = True) -> Iterator[Database]:
        """An empty database for the time of the block."""
        new = Database(_named(self.home.dsn, name), _named(self.home.admin_dsn, name))
        ensure_database(self.home.admin_dsn, name)
        try:
            if migrated:
                migrate(new.admin_dsn)
            yield new
        finally:
            with psycopg.connect(self.home.admin_dsn, autocommit=True) as db:
                drop = sql.SQL("DROP DATABASE {} WITH (FORCE)")
                db.execute(drop.format(sql.Identifier(name)))

    def million(self, scale: float = 1.0) -> int:
        """Have a million facts in ``home``, written once; returns how many accounts they are of."""
        if not self._accounts:
            self._accounts = max(int(history.ACCOUNTS * scale), 1)
            history.write(self.home, self._accounts)
            self.settle()
        return self._accounts

    def settle(self) -> None:
        """Let no checkpoint of what was done before fall into what is measured next."""
        with psycopg.connect(self.home.admin_dsn, autocommit=True) as db:
            db.execute("CHECKPOINT")


def in_turn(
    ours: Callable[[], float], theirs: Callable[[], float], rounds: int
) -> list[tuple[float, float]]:
    """Measure A B, B A, A B, ...; what drifts with time helps neither."""
    found: list[tuple[float, float]] = []
    for nth in range(rounds):
        if nth % 2 == 0:
            first = ours()
            found.append((first, theirs()))
        else:
            second = theirs()
            found.append((ours(), second))
    return found


def _named(url: str, database: str) -> str:
    return urlsplit(url)._replace(path=f"/{database}").geturl()

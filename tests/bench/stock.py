"""The library's own recorder, as it comes: one event a command, from sixteen threads."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from time import perf_counter
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore

from adapters.servers import Database
from adapters.tape.codec import CODEC
from commands.trading import DepositVirtual
from domain.trading import Account

THREADS = 16


class Stock:
    """Writes the payloads that our engine writes, each with a transaction of its own."""

    def __init__(self, recorder: PostgresApplicationRecorder, threads: ThreadPoolExecutor) -> None:
        self._recorder = recorder
        self._threads = threads

    def run(self, commands: list[DepositVirtual]) -> tuple[float, int]:
        """Seconds until the last event was stored, and how many."""
        payloads = [CODEC.encode(command.decide(Account())[0]) for command in commands]
        began = perf_counter()
        parts = (payloads[nth::THREADS] for nth in range(THREADS))
        stored = sum(self._threads.map(self._work, parts))
        return perf_counter() - began, stored

    def _work(self, payloads: list[bytes]) -> int:
        stream = uuid4()
        for version, payload in enumerate(payloads, 1):
            self._recorder.insert_events([StoredEvent(stream, version, "FundsDeposited", payload)])
        return len(payloads)


@contextmanager
def stock(database: Database) -> Iterator[Stock]:
    with _datastore(database.admin_dsn) as datastore, ThreadPoolExecutor(THREADS) as threads:
        recorder = PostgresApplicationRecorder(datastore, events_table_name="stored_events")
        recorder.create_table()
        yield Stock(recorder, threads)


def _datastore(dsn: str) -> PostgresDatastore:
    parts = urlsplit(dsn)
    options: dict[str, Any] = parse_qs(parts.query)
    return PostgresDatastore(
        dbname=parts.path.strip("/"),
        host=options["host"][0],
        port=options["port"][0],
        user=parts.username or "",
        password=parts.password or "",
        pool_size=THREADS,
    )

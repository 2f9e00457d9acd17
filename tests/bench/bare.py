"""The least that a durable fact can cost: ``es.append`` in a loop, with batches made before."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter
from typing import Self
from uuid import UUID

from psycopg.types.json import Json

from adapters.postgres import connect
from adapters.servers import Database
from adapters.tape.batch import Batch
from adapters.tape.chain import Head
from adapters.tape.codec import CODEC
from adapters.tape.reader import HEAD
from adapters.tape.writer import APPEND
from commands.base import Command, Entry
from domain.base import Meta, State, fold
from tests.bench import people

FACTS = 300  # a batch


class Bare:
    """Decides, encodes and seals beforehand, so that ``run`` does nothing but append."""

    def __init__(self, database: Database) -> None:
        self._connection = connect(database.dsn)
        self._known: dict[str, tuple[int, State]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def accounts(self, count: int) -> list[UUID]:
        accounts = [people.ids() for _ in range(count)]
        self.run([people.opening(account) for account in accounts])
        return accounts

    def run(self, commands: Sequence[Command]) -> tuple[float, int]:
        """Seconds that the appends alone took, and the facts they stored."""
        statements = self._sealed(commands)
        began = perf_counter()
        for values in statements:
            self._connection.execute(APPEND, values, prepare=True)
        return perf_counter() - began, sum(count for _, count, *_ in statements)

    def _sealed(self, commands: Sequence[Command]) -> list[tuple[Json, int, int, bytes, None]]:
        position, digest = self._connection.execute(HEAD).fetchone() or (0, b"")
        head = Head(position, bytes(digest))
        statements: list[tuple[Json, int, int, bytes, None]] = []
        entries: list[Entry] = []
        for command in commands:
            entries.append(self._decided(command))
            if sum(len(entry.facts) for entry in entries) >= FACTS or command is commands[-1]:
                batch = Batch.of(entries, CODEC)
                sealed = batch.seal(head, people.now(), "bench")
                statements.append(
                    (Json(sealed.json(), bytes), len(batch), head.position, sealed.head.hash, None)
                )
                entries, head = [], sealed.head
        return statements

    def _decided(self, command: Command) -> Entry:
        version, state = self._known.get(command.stream) or (0, command.state())
        facts = command.decide(state)
        self._known[command.stream] = version + len(facts), fold(state, facts)
        meta = Meta(
            actor=people.TRADER.actor,
            command_id=people.ids(),
            correlation_id=people.TRADER.correlation_id,
            occurred_at=command.at,
        )
        return Entry(command.stream, version, facts, meta)

"""Our engine in process: dispatch on a real tape, with as many commands in flight as asked."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from time import perf_counter
from typing import Self
from uuid import UUID

import uvloop

from adapters.garbage import spare_what_stays
from adapters.servers import Database
from adapters.tape.tape import AsyncTape
from commands.base import Command
from commands.dispatch import Dispatch
from tests.bench import people

IN_FLIGHT = 256


class Engine:
    """Dispatch as the service runs it, on an event loop that only runs while it is measured."""

    def __init__(self, database: Database) -> None:
        self._runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        self._database = database

    def __enter__(self) -> Self:
        self._runner.run(self._open())
        spare_what_stays()
        return self

    def __exit__(self, *_: object) -> None:
        self._runner.run(self._close())
        self._runner.close()

    async def _open(self) -> None:
        self._tape = AsyncTape(self._database.dsn, people.now, "bench")
        await self._tape.open()
        self._dispatch = Dispatch(self._tape, people.ids)

    async def _close(self) -> None:
        await self._dispatch.close()
        await self._tape.close()

    def accounts(self, count: int) -> list[UUID]:
        """New accounts, opened before anything is measured."""
        accounts = [people.ids() for _ in range(count)]
        self.run([people.opening(account) for account in accounts], in_flight=16)
        return accounts

    def run(self, commands: Sequence[Command], in_flight: int = IN_FLIGHT) -> tuple[float, int]:
        """Seconds until the last of the commands was answered, and the facts they became."""
        return self._runner.run(self._run(commands, in_flight))

    async def _run(self, commands: Sequence[Command], in_flight: int) -> tuple[float, int]:
        left = iter(commands)
        began = perf_counter()
        facts = await asyncio.gather(*(self._work(left) for _ in range(in_flight)))
        return perf_counter() - began, sum(facts)

    async def _work(self, commands: Iterable[Command]) -> int:
        facts = 0
        for command in commands:
            receipt = await self._dispatch(command, people.TRADER)
            facts += len(receipt.facts)
        return facts

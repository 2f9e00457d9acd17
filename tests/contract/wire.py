"""A wire to Postgres that can be cut: before a statement arrives, or between commit and answer."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator
from enum import Enum, auto
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from adapters.servers import Database

BATCH = b'[{"s":'  # how the document of an append begins
READY = b"Z\x00\x00\x00\x05I"  # ReadyForQuery, idle: the transaction has ended


class Cut(Enum):
    """What befalls the next statement: a fault strikes once, ``DOWN`` until it is taken back."""

    NEVER = auto()
    BEFORE = auto()  # it does not arrive
    MIDST = auto()  # it arrives, and who sent it never learns more
    AFTER = auto()  # it is committed, and the answer is lost
    LATE = auto()  # it arrives after the sender was cut off: see ``release``
    DOWN = auto()  # nobody answers, and all wires are cut


class Wire:
    """Between a client at ``dsn`` and the server; only statements of appends are cut."""

    def __init__(self, dsn: str, folder: str) -> None:
        given = conninfo_to_dict(dsn)
        port = given.get("port") or 5432
        self.dsn = make_conninfo(dsn, host=folder)
        self.cut = Cut.NEVER
        self.cuts = 0
        self._near = Path(folder) / f".s.PGSQL.{port}"
        self._far = Path(str(given["host"])) / f".s.PGSQL.{port}"
        self._held: list[tuple[asyncio.StreamWriter, bytes]] = []
        self._pumps: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        self._server = await asyncio.start_unix_server(self._joined, self._near)

    async def close(self) -> None:
        assert self._server
        self._server.close()
        await self.fall_silent()
        for far, _ in self._held:
            far.close()

    async def fall_silent(self) -> None:
        """Cut every wire there is."""
        for pump in self._pumps:
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)
        await asyncio.sleep(0.01)  # the sockets close in the turns of the loop that follow

    def release(self) -> None:
        """Let the statements that were held back arrive at last."""
        for far, statement in self._held:
            far.write(statement)
            far.write_eof()

    async def _joined(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pump = asyncio.current_task()
        assert pump
        self._pumps.add(pump)
        pump.add_done_callback(self._pumps.discard)
        with contextlib.suppress(OSError, asyncio.CancelledError, asyncio.IncompleteReadError):
            if self.cut is not Cut.DOWN:
                far_reader, far = await asyncio.open_unix_connection(str(self._far))
                await self._carry(reader, writer, far_reader, far)
        writer.close()

    async def _carry(
        self,
        near_reader: asyncio.StreamReader,
        near: asyncio.StreamWriter,
        far_reader: asyncio.StreamReader,
        far: asyncio.StreamWriter,
    ) -> None:
        keep = False
        answers = asyncio.create_task(self._answers(far_reader, near))
        try:
            while statement := await near_reader.read(1 << 20):
                cut = self.cut if BATCH in statement else Cut.NEVER
                if cut in (Cut.BEFORE, Cut.MIDST, Cut.AFTER, Cut.LATE):
                    self.cut = Cut.NEVER
                    self.cuts += 1
                    keep = await self._strike(cut, statement, answers, far_reader, far)
                    return
                far.write(statement)
                await far.drain()
        finally:
            answers.cancel()
            if not keep:
                far.close()

    async def _strike(
        self,
        cut: Cut,
        statement: bytes,
        answers: asyncio.Task[None],
        far_reader: asyncio.StreamReader,
        far: asyncio.StreamWriter,
    ) -> bool:
        """Let the fault happen; True if the far end is still needed."""
        answers.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await answers
        match cut:
            case Cut.MIDST:
                far.write(statement)
                await far.drain()
            case Cut.AFTER:
                far.write(statement)
                answer = b""
                while not answer.endswith(READY) and (more := await far_reader.read(1 << 20)):
                    answer += more
            case Cut.LATE:
                self._held.append((far, statement))
                return True
        return False

    async def _answers(self, far: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while answer := await far.read(1 << 20):
                near.write(answer)
                await near.drain()
        near.close()


@contextlib.asynccontextmanager
async def wire_to(dsn: str) -> AsyncIterator[Wire]:
    with tempfile.TemporaryDirectory(prefix="wire-") as folder:
        wire = Wire(dsn, folder)
        await wire.open()
        try:
            yield wire
        finally:
            await wire.close()


def terminate_backends(database: Database) -> None:
    """Kill the server's end of every connection that appends, whatever it is doing."""
    with psycopg.connect(database.admin_dsn, autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND query LIKE '%es.append%'"
        )

"""The evidence: what a campaign has left behind, as the oracles look at it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import nats
from msgspec import Raw, Struct
from nats.js.api import AckPolicy, ConsumerConfig

from adapters import servers
from adapters.postgres import connect
from adapters.projector import Projector
from adapters.relay import NAME, Relay
from adapters.servers import Database
from adapters.tape import Reader
from tests.chaos.campaign import Aftermath
from tests.chaos.history import History

PAGE = 2000
RELAY_S = 60.0


class Line(Struct, frozen=True):
    """A fact as a stranger reads it: the columns that matter here, and the text of its payload."""

    position: int
    stream: str
    version: int
    type: str
    actor: str
    text: str
    command_id: UUID
    correlation_id: UUID
    recorded_at: float
    hash: str

    @property
    def payload(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.text)
        return found


class Body(Struct, frozen=True):
    """What is read of a CloudEvent; ``data`` byte for byte."""

    position: str
    hash: str
    data: Raw


class Evidence:
    """
    A history beside the stores it was made on, which nobody writes to any more.

    ``secrets`` must be found nowhere in ``papers``: logs, and what the parts said.
    """

    def __init__(
        self,
        *,
        history: History,
        database: Database,
        nats_url: str,
        secrets: dict[str, bytes],
        papers: list[Path],
        stream: str = NAME,
    ) -> None:
        self.history, self.database, self.nats_url = history, database, nats_url
        self.secrets, self.papers, self.stream = secrets, papers, stream

    def but(self, **changed: Any) -> Evidence:
        """The same evidence with a part of it replaced."""
        names = ("history", "database", "nats_url", "secrets", "papers", "stream")
        return Evidence(**({name: getattr(self, name) for name in names} | changed))

    @cached_property
    def tape(self) -> list[Line]:
        return list(self._lines())

    @cached_property
    def at(self) -> dict[int, Line]:
        return {line.position: line for line in self.tape}

    @cached_property
    def messages(self) -> list[tuple[int, Body]]:
        """All of the stream: sequence and body."""
        return asyncio.run(_messages(self.nats_url, self.stream))

    def _lines(self) -> Iterator[Line]:
        position = 0
        with connect(self.database.dsn) as db:
            while rows := Reader(db).rows(position, PAGE):
                position = rows[-1].position
                for row in rows:
                    yield Line(
                        row.position, row.stream, row.version, row.type, row.actor, row.payload,
                        row.command_id, row.correlation_id, row.recorded_at.timestamp(),
                        row.hash.hex(),
                    )  # fmt: skip


@contextmanager
def gathered(aftermath: Aftermath) -> Iterator[Evidence]:
    """Postgres and NATS of the stopped service; what its parts had left to copy is copied."""
    with servers.held(aftermath.data) as data, ExitStack() as stack:
        for server in (servers.Postgres(data), servers.Nats(data)):
            stack.callback(server.end)
            server.launch()
        database, nats_url = servers.located(data), servers.nats_url(data)
        if aftermath.level:
            Projector(database.dsn).catch_up()
            asyncio.run(_relayed(database, nats_url))
        papers = [aftermath.folder / "said", *(data / "logs").iterdir()]
        yield Evidence(
            history=aftermath.history,
            database=database,
            nats_url=nats_url,
            secrets=_secrets(aftermath),
            papers=papers,
        )


async def _relayed(database: Database, nats_url: str) -> None:
    """Publish what the relay of the stopped service had not published yet."""
    with connect(database.dsn) as db:
        head = Reader(db).head().position
    relay = Relay(database.dsn, nats_url)
    relaying = asyncio.create_task(relay.run())
    async with asyncio.timeout(RELAY_S):
        while relay.position < head and not relaying.done():
            await asyncio.sleep(0.02)
    relaying.cancel()
    with suppress(asyncio.CancelledError):
        await relaying


def _secrets(aftermath: Aftermath) -> dict[str, bytes]:
    found = {
        f"{what} of person {nth}": text.encode()
        for nth, person in enumerate(aftermath.people)
        for what, text in person.secrets
    }
    for file in (aftermath.data / "keys").iterdir():
        key = file.read_bytes()
        # Of a PEM file a line in the middle: the first and the last are everybody's.
        lines = key.splitlines()
        found[f"key {file.name}"] = lines[len(lines) // 2] if key.startswith(b"-----") else key
    return found


async def _messages(url: str, stream: str) -> list[tuple[int, Body]]:
    client = await nats.connect(url)
    try:
        js = client.jetstream(timeout=10)
        left = (await js.stream_info(stream)).state.messages
        once = ConsumerConfig(ack_policy=AckPolicy.NONE)
        reading = await js.pull_subscribe("", stream=stream, config=once)
        found: list[tuple[int, Body]] = []
        while len(found) < left:
            for message in await reading.fetch(min(PAGE, left - len(found)), timeout=10):
                body = msgspec.json.decode(message.data, type=Body)
                found.append((message.metadata.sequence.stream, body))
        return found
    finally:
        await client.close()

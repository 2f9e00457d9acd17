"""A door: one keep-alive connection of one client, which knows what it means not to be answered."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from msgspec import Struct, json

PATIENCE_S = 30.0  # far beyond what any answer may take, so that a hang is seen and measured


class Lost(Exception):
    """No answer came: what was asked may have been done, or not."""


class Answer(Struct, frozen=True):
    """Header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.decode(self.body)


class Door:
    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: object = None,
        leave_after: float | None = None,
    ) -> Answer:
        """The answer, or Lost; a client may hang up by itself ``leave_after`` seconds."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                reader, writer = await self._opened()
                writer.write(self._spelt(method, path, headers, body))
                if leave_after is not None:
                    await writer.drain()
                    await asyncio.sleep(leave_after)
                    raise Lost("hung up")
                return await _answer(reader)
        except (OSError, EOFError, TimeoutError, Lost) as error:
            await self.close()
            raise Lost(type(error).__name__) from error

    async def close(self) -> None:
        if self._streams is not None:
            writer, self._streams = self._streams[1], None
            writer.transport.abort()
            await asyncio.sleep(0)  # the transport says goodbye in the next turn of the loop

    async def _opened(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._host, self._port)
        return self._streams

    def _spelt(self, method: str, path: str, headers: Mapping[str, str], body: object) -> bytes:
        content = b"" if body is None else json.encode(body)
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self._host}:{self._port}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if body is not None:
            lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
        return "\r\n".join([*lines, "", ""]).encode() + content


async def _answer(reader: asyncio.StreamReader) -> Answer:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.rstrip("\r\n").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Answer(int(first.split(" ", 2)[1]), headers, body)

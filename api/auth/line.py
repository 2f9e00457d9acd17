"""
The line to a listener on a WebSocket: how fast they are heard, and how long we wait for them.

Whoever talks too fast is heard later, and is not read meanwhile; whoever does not listen is hung
up on, so that nothing is kept for them.
"""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import Any

from litestar.types import Message, Receive, Send

from adapters.limits import Limit
from adapters.limits.bucket import taken

#: Messages of one listener, of at most ``FRAME_BYTES_MAX`` each (api.serve).
SAID = Limit("said", 20, 40)
#: As long as one message may be under way to somebody who does not read.
SLOW_S = 10.0


class Line:
    """``receive`` and ``send`` of one WebSocket, with bounds."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._full_at = 0.0

    async def receive(self) -> Any:
        message = await self._receive()
        while message["type"] == "websocket.receive":
            self._full_at, verdict = taken(SAID, self._full_at, monotonic())
            if verdict.allowed:
                break
            await asyncio.sleep(verdict.wait_s)
        return message

    async def send(self, message: Message) -> None:
        """Raise TimeoutError when the listener does not listen."""
        async with asyncio.timeout(SLOW_S):
            await self._send(message)

"""
Quotes between processes: core NATS, because a quote that is late is worth nothing.

A process that plays a feed publishes what prints, and the latest book of each symbol that
changed; others put them on a board of their own.  In one process (``papertape up``) nothing of
this is needed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import nats
from nats.aio.client import Client

from adapters.feeds import Board, Quarantine
from adapters.feeds.outbox import Outbox
from adapters.feeds.quarantine import BROKEN
from domain.market import Quote

SUBJECT = "papertape.quotes"
#: How often changes are published, in seconds: slower readers get what is latest.
EVERY_S = 0.05
_FOREVER = -1

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Quote).decode


async def publish(board: Board, url: str) -> None:
    """Tell others what changes on this board, until cancelled."""
    outbox = Outbox()
    _, quotes = board.since(0)
    for quote in quotes:
        outbox.put(quote)
    board.subscribe(outbox.put)
    async with _connected(url) as client:
        while True:
            for quote in await outbox.take():
                await client.publish(f"{SUBJECT}.{quote.symbol}", _encode(quote))
            await asyncio.sleep(EVERY_S)


async def listen(quarantine: Quarantine, url: str) -> None:
    """Put on the board, past its quarantine, what others tell, until cancelled."""
    async with _connected(url) as client:
        subscription = await client.subscribe(f"{SUBJECT}.>")
        async for message in subscription.messages:
            try:
                quote = _decode(message.data)
            except (msgspec.MsgspecError, UnicodeError):
                quarantine.withhold(BROKEN, message.subject)
            else:
                quarantine(quote)


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[Client]:
    """A connection that looks for its server as long as it takes."""
    client = await nats.connect(
        url, max_reconnect_attempts=_FOREVER, reconnect_time_wait=0.5, error_cb=_quiet
    )
    try:
        yield client
    finally:
        await client.close()


async def _quiet(_: Exception) -> None:
    """A server that is away for a while shows in the age of the quotes."""

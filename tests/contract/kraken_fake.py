"""A Kraken on this machine: speaks the documented frames of WebSocket v2, on the loopback only."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from zlib import crc32

from websockets.asyncio.server import ServerConnection, serve

PAIR = {
    "symbol": "BTC/USD", "base": "BTC", "quote": "USD", "status": "online", "qty_precision": 8,
    "qty_increment": 0.00000001, "price_precision": 1, "price_increment": 0.1, "qty_min": 0.0001,
    "cost_min": 0.5, "cost_precision": 5, "marginable": True, "has_index": True,
}  # fmt: skip
STAMP = "2026-11-23T09:00:{:02d}.000000Z"


def checksum(asks: list[tuple[str, str]], bids: list[tuple[str, str]]) -> int:
    """As the documentation says: digits without the point and without leading zeros."""
    text = ""
    for price, qty in (*asks[:10], *bids[:10]):
        text += price.replace(".", "").lstrip("0") + qty.replace(".", "").lstrip("0")
    return crc32(text.encode())


def side(levels: list[tuple[str, str]]) -> str:
    return ",".join(f'{{"price":{price},"qty":{qty}}}' for price, qty in levels)


def book(kind: str, asks: list[tuple[str, str]], bids: list[tuple[str, str]], sum_: int) -> str:
    """Numbers are written as Kraken writes them, zeros at the end and all."""
    return (
        f'{{"channel":"book","type":"{kind}","data":[{{"symbol":"BTC/USD","bids":[{side(bids)}],'
        f'"asks":[{side(asks)}],"checksum":{sum_}}}]}}'
    )


ASKS = [("101.0", "1.00000000"), ("101.5", "0.25000000"), ("102.0", "3.00000000")]
BIDS = [("100.5", "2.00000000"), ("100.0", "0.00100000")]
SNAPSHOT = book("snapshot", ASKS, BIDS, checksum(ASKS, BIDS))
STATUS = '{{"channel":"status","type":"update","data":[{{"system":"{}"}}]}}'
HEARTBEAT = '{"channel":"heartbeat"}'


def trade(trade_id: int, price: str, second: int = 1, kind: str = "update") -> str:
    return (
        f'{{"channel":"trade","type":"{kind}","data":[{{"symbol":"BTC/USD","side":"buy",'
        f'"price":{price},"qty":0.5,"ord_type":"limit","trade_id":{trade_id},'
        f'"timestamp":"{STAMP.format(second)}"}}]}}'
    )


class FakeKraken:
    """Answers every subscription as Kraken does; ``say`` sends a frame to all who listen."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[dict[str, Any]] = []
        self.listeners: list[ServerConnection] = []
        self.connected = 0
        #: What is answered to whoever subscribes.
        self.book = SNAPSHOT
        self.traded = trade(100, "100.5", 0, "snapshot")

    async def answer(self, wire: ServerConnection) -> None:
        self.connected += 1
        await wire.send(STATUS.format("online"))
        async for text in wire:
            asked = json.loads(text)
            self.asked.append(asked)
            channel = asked["params"]["channel"]
            await wire.send(json.dumps({"method": asked["method"], "success": True, "result": {}}))
            if asked["method"] == "unsubscribe":
                continue
            if channel == "instrument":
                strange = {"symbol": "ODD/USD", "qty_min": None}
                data = {"assets": [], "pairs": [strange, PAIR]}
                frame = {"channel": channel, "type": "snapshot", "data": data}
                await wire.send(json.dumps(frame))
            elif channel == "trade":
                await wire.send(self.traded)
            elif channel == "book":
                await wire.send(self.book)
                if wire not in self.listeners:
                    self.listeners.append(wire)

    async def say(self, *texts: str) -> None:
        for wire in self.listeners:
            for text in texts:
                await wire.send(text)

    async def hang_up(self) -> None:
        for wire in self.listeners:
            await wire.close()
        self.listeners.clear()


@asynccontextmanager
async def kraken() -> AsyncIterator[FakeKraken]:
    fake = FakeKraken()
    async with serve(fake.answer, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        fake.url = f"ws://127.0.0.1:{port}"
        yield fake


async def until(true: Callable[[], object], seconds: float = 10.0) -> None:
    for _ in range(int(seconds / 0.02)):
        if true():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it never came true")

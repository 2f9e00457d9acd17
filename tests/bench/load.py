"""
Load: keep-alive connections, each of which sends its next request when the last is answered.

    python -m tests.bench.load < plan > outcome          (both msgpack)

A process of its own, as lean as Python allows: the requests are bytes made before, and of an
answer only status and length are looked at.
"""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from time import perf_counter, process_time
from typing import cast

import msgspec
import uvloop
from msgspec import Struct

END = b"\r\n\r\n"
LENGTH = b"\r\ncontent-length: "


class Plan(Struct):
    """
    What to send, where and how long, once everything has been sent and answered before.

    ``rate`` is requests a second of all connections together; None is as fast as they are
    answered.
    """

    port: int
    requests: list[bytes]
    status: int
    seconds: float
    warmup: float = 0.3
    connections: int = 64
    rate: float | None = None
    host: str = "127.0.0.1"


class Outcome(Struct):
    """``rate`` is of right answers a second; ``cpu`` the share of a core that the load took."""

    rate: float
    answered: int
    wrong: int
    first_wrong: str
    p50_ms: float
    p99_ms: float
    cpu: float


class Tally:
    """What all connections have seen so far; counts only while it is ``open``."""

    def __init__(self, status: int) -> None:
        self.expected = b"HTTP/1.1 %d " % status
        self.open = False
        self.times: list[float] = []
        self.wrong = 0
        self.first_wrong = ""
        self.answers = 0


class Connection(asyncio.Protocol):
    """One keep-alive connection, with its share of the requests over and over."""

    transport: asyncio.Transport

    def __init__(self, requests: Sequence[bytes], tally: Tally, every: float, first: float) -> None:
        self._requests, self._tally = requests, tally
        self._every, self._due = every, first
        self._nth = 0
        self._heard = b""
        self._sent = 0.0
        self._stopped = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # as it is, whatever its class

    def stop(self) -> None:
        self._stopped = True

    def send(self) -> None:
        if self._stopped:
            return
        self._sent = perf_counter()
        if self._every:
            self._due += self._every
        self.transport.write(self._requests[self._nth])
        self._nth = (self._nth + 1) % len(self._requests)

    def data_received(self, data: bytes) -> None:
        heard = self._heard + data if self._heard else data
        head = heard.find(END)
        if head < 0:
            self._heard = heard
            return
        at = heard.find(LENGTH, 0, head + 2)
        length = int(heard[at + len(LENGTH) : heard.index(b"\r", at + 2)]) if at > 0 else 0
        if len(heard) < head + len(END) + length:
            self._heard = heard
            return
        self._heard = b""
        self._answered(heard)

    def _answered(self, answer: bytes) -> None:
        tally, now = self._tally, perf_counter()
        tally.answers += 1
        if not answer.startswith(tally.expected):
            tally.wrong += 1
            tally.first_wrong = tally.first_wrong or answer.decode(errors="replace")
        elif tally.open:
            tally.times.append(now - self._sent)
        if self._every and self._due > now:
            asyncio.get_running_loop().call_later(self._due - now, self.send)
        else:
            self.send()

    def connection_lost(self, error: Exception | None) -> None:
        if not self._stopped:
            self._tally.wrong += 1
            self._tally.first_wrong = self._tally.first_wrong or f"connection lost: {error}"


def _same(connection: Connection) -> Connection:
    return connection


async def run(plan: Plan) -> Outcome:
    loop = asyncio.get_running_loop()
    tally = Tally(plan.status)
    every = plan.connections / plan.rate if plan.rate else 0.0
    count = plan.connections
    connections = [
        Connection(plan.requests[nth::count], tally, every, perf_counter()) for nth in range(count)
    ]
    for connection in connections:
        await loop.create_connection(partial(_same, connection), plan.host, plan.port)
    for nth, connection in enumerate(connections):
        loop.call_later(every * nth / count, connection.send)
    await asyncio.sleep(plan.warmup)
    while tally.answers < len(plan.requests) and not tally.wrong:
        await asyncio.sleep(plan.warmup)
    began, cpu = perf_counter(), process_time()
    tally.open = True
    await asyncio.sleep(plan.seconds)
    tally.open = False
    seconds, cpu = perf_counter() - began, process_time() - cpu
    for connection in connections:
        connection.stop()
    await asyncio.sleep(0.1)
    for connection in connections:
        connection.transport.close()
    return _outcome(tally, seconds, cpu)


def _outcome(tally: Tally, seconds: float, cpu: float) -> Outcome:
    times = sorted(tally.times) or [0.0]
    return Outcome(
        rate=len(tally.times) / seconds,
        answered=len(tally.times),
        wrong=tally.wrong,
        first_wrong=tally.first_wrong,
        p50_ms=1e3 * times[len(times) // 2],
        p99_ms=1e3 * times[len(times) * 99 // 100],
        cpu=cpu / seconds,
    )


def applied(plan: Plan) -> Outcome:
    """Run the plan in a process outside this one; every answer must be the expected one."""
    argv = [sys.executable, "-m", "tests.bench.load"]
    done = subprocess.run(argv, input=msgspec.msgpack.encode(plan), stdout=-1, check=True)
    outcome = msgspec.msgpack.decode(done.stdout, type=Outcome)
    if outcome.wrong or not outcome.answered:
        raise AssertionError(f"{outcome.wrong} wrong answers, the first: {outcome.first_wrong}")
    return outcome


if __name__ == "__main__":
    gc.disable()
    given = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Plan)
    found = uvloop.run(run(given))
    sys.stdout.buffer.write(msgspec.msgpack.encode(found))

"""
A flood: strangers who try to sign in, so many a second, from a process of their own.

``python -m tests.security.flooding URL PER_SECOND`` goes on until it is terminated, and then
prints how often it was answered with which status.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections import Counter
from ipaddress import IPv4Address
from secrets import randbelow
from urllib.parse import urlsplit

from tests.e2e.api.doorstep import somebody


def anywhere() -> IPv4Address:
    """One of the addresses from which a flood comes, if the service believes what it says."""
    return IPv4Address("10.0.0.0") + randbelow(2**24)


async def attempt(host: str, port: int, statuses: Counter[str]) -> None:
    body = json.dumps(somebody()).encode()
    head = (
        f"POST /api/v1/auth/login HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n"
        f"X-Forwarded-For: {anywhere()}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(head.encode() + body)
    answer = await reader.read()
    statuses[answer[9:12].decode()] += 1
    writer.close()


async def flood(url: str, per_s: float) -> Counter[str]:
    where, stop, statuses = urlsplit(url), asyncio.Event(), Counter[str]()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    host, port = where.hostname or "", where.port or 80
    attempts = set()
    while not stop.is_set():
        attempts.add(asyncio.create_task(attempt(host, port, statuses)))
        await asyncio.sleep(1 / per_s)
    await asyncio.wait(attempts, timeout=10)
    return statuses


if __name__ == "__main__":
    print(json.dumps(asyncio.run(flood(sys.argv[1], float(sys.argv[2])))))

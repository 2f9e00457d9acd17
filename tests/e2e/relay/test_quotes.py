"""Quotes from one process to another: prints all come, books only as they are now."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import nats
import pytest

from adapters import quotes
from adapters.feeds import Board, Quarantine
from domain.market import Quote

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


def book(seq: int, bid: int) -> Quote:
    at = NOW + timedelta(seconds=seq)
    return Quote("ACME", "t", seq, at, at, bid=Decimal(bid), bid_size=Decimal(1))


def trade(seq: int, last: int) -> Quote:
    at = NOW + timedelta(seconds=seq)
    return Quote("ACME", "t", seq, at, at, last=Decimal(last), last_size=Decimal(1))


async def test_whoever_listens_gets_every_print_and_the_latest_book(url: str) -> None:
    theirs, ours = Board(), Board()
    quarantine = Quarantine(ours.publish, {"ACME"})
    heard: list[Quote] = []
    ours.subscribe(heard.append)
    listening = asyncio.create_task(quotes.listen(quarantine, url))
    talker = await nats.connect(url)
    while not quarantine.counts:  # until somebody listens, nobody hears
        await talker.publish(f"{quotes.SUBJECT}.ACME", b'{"symbol":"\xed\xa0\x80"}')
        await asyncio.sleep(0.01)
    theirs.publish(book(1, 99))
    telling = asyncio.create_task(quotes.publish(theirs, url))
    while not heard:
        await asyncio.sleep(0.01)
    for seq in range(2, 100):
        theirs.publish(trade(seq, 100) if seq % 2 else book(seq, 90))
    theirs.publish(book(100, 95))
    while heard[-1].seq < 100:
        await asyncio.sleep(0.01)
    assert [quote.seq for quote in heard] == [1, *range(3, 100, 2), 100]
    assert quarantine.counts.keys() == {"broken frame"}
    for task in (listening, telling):
        task.cancel()
    await asyncio.gather(listening, telling, return_exceptions=True)
    await talker.close()

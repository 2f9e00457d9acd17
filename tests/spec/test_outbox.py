"""Whoever is slower than the market gets every print, and of books what is latest."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from decimal import Decimal

from adapters.feeds.outbox import WAITING_MAX, Outbox
from domain.market import Quote

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


def book(seq: int, symbol: str = "ACME") -> Quote:
    return Quote(symbol, "t", seq, NOW, NOW, bid=Decimal(1))


def trade(seq: int) -> Quote:
    return Quote("ACME", "t", seq, NOW, NOW, last=Decimal(1), last_size=Decimal(1))


def taken(*quotes: Quote) -> tuple[list[int], int]:
    outbox = Outbox()
    for quote in quotes:
        outbox.put(quote)
    return [quote.seq for quote in asyncio.run(outbox.take())], outbox.conflated


def test_a_book_that_waits_is_replaced_by_the_next() -> None:
    assert taken(*(book(n) for n in range(1000)), book(7, "OTHER")) == ([999, 7], 999)


def test_every_print_goes_out_in_its_turn_and_shows_the_book_that_stood() -> None:
    assert taken(book(1), trade(2), book(3), trade(4), book(5), book(6)) == ([2, 4, 6], 3)


def test_of_too_many_the_oldest_are_dropped_and_counted() -> None:
    seqs, conflated = taken(*(trade(n) for n in range(WAITING_MAX + 5)))
    assert (seqs[0], len(seqs), conflated) == (5, WAITING_MAX, 5)

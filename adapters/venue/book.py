"""
The book of one symbol: the orders of many accounts, each side with the best price first.

Accounts do not compete for what is displayed, so each has a line of its own, and the front
holds the first of every line.  A slice that reaches nobody costs one comparison a side.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from adapters.venue.ticket import Ticket
from domain.market import Quote
from domain.trading import Side

Rank = tuple[Decimal, datetime, UUID]


class Queue:
    """One side.  Sorted lists: a step is a search and a short move of memory."""

    def __init__(self, side: Side) -> None:
        self._side = side
        self._lines: dict[UUID, list[tuple[Rank, Ticket]]] = {}
        self._front: list[tuple[Rank, UUID]] = []
        #: The limit of the first order of all; None when nobody waits.
        self.best: Decimal | None = None

    def add(self, ticket: Ticket) -> None:
        account = ticket.order.account_id
        line = self._lines.setdefault(account, [])
        entry = (ticket.rank, ticket)
        if not line or entry[0] < line[0][0]:
            self._step_back(account, line)
            insort(self._front, (entry[0], account))
        insort(line, entry, key=_rank)
        self._look()

    def remove(self, ticket: Ticket) -> bool:
        """Whether it was in the queue."""
        account, rank = ticket.order.account_id, ticket.rank
        line = self._lines.get(account, [])
        place = bisect_left(line, rank, key=_rank)
        if place == len(line) or line[place][1] is not ticket:
            return False
        if place == 0:
            self._step_back(account, line)
        del line[place]
        if not line:
            del self._lines[account]
        elif place == 0:
            insort(self._front, (line[0][0], account))
        self._look()
        return True

    def tickets(self) -> Iterator[Ticket]:
        for line in self._lines.values():
            yield from (ticket for _, ticket in line)

    def lines(self, reached: Decimal) -> Iterator[Iterator[Ticket]]:
        """For each account that a price reaches: its orders which that price reaches, in turn."""
        key = -reached if self._side is Side.BUY else reached
        for rank, account in self._front:
            if rank[0] > key:
                return
            yield self._reached(self._lines[account], key)

    def _reached(self, line: list[tuple[Rank, Ticket]], key: Decimal) -> Iterator[Ticket]:
        for rank, ticket in line:
            if rank[0] > key:
                return
            yield ticket

    def _step_back(self, account: UUID, line: list[tuple[Rank, Ticket]]) -> None:
        if line:
            del self._front[bisect_left(self._front, (line[0][0], account))]

    def _look(self) -> None:
        first = self._front[0][0][0] if self._front else None
        self.best = -first if first is not None and self._side is Side.BUY else first


class Book:
    """
    Both sides of a symbol, and the last slice seen.

    ``taking`` are the orders that have not come to rest; ``quoted`` says that this symbol has
    a book at its exchange, so that a trade alone is no price to deal at.  ``queueing`` counts
    the orders that a trade exactly at their limit may fill.
    """

    def __init__(self) -> None:
        self.buys = Queue(Side.BUY)
        self.sells = Queue(Side.SELL)
        self.taking: dict[UUID, Ticket] = {}
        self.quote: Quote | None = None
        self.quoted = False
        self.queueing = 0

    def at_rest(self) -> Iterator[Ticket]:
        """All of both sides that wait in the book."""
        for queue in (self.buys, self.sells):
            yield from (ticket for ticket in queue.tickets() if ticket.resting)

    def side(self, side: Side) -> Queue:
        return self.buys if side is Side.BUY else self.sells

    def add(self, ticket: Ticket) -> None:
        self.side(ticket.order.side).add(ticket)
        self.queueing += ticket.model.at_the_limit
        if not ticket.resting:
            self.taking[ticket.order.order_id] = ticket

    def remove(self, ticket: Ticket) -> None:
        if self.side(ticket.order.side).remove(ticket):
            self.queueing -= ticket.model.at_the_limit
        self.taking.pop(ticket.order.order_id, None)

    def reached_by(self, quote: Quote) -> bool:
        """Whether this slice concerns anybody at rest (a trade mostly only strictly through)."""
        last = quote.last if quote.last_size is not None else None
        if self.queueing and last is not None and self._borders_on(last):
            return True
        best = self.buys.best
        if best is not None and (
            (quote.ask is not None and quote.ask <= best) or (last is not None and last < best)
        ):
            return True
        best = self.sells.best
        return best is not None and (
            (quote.bid is not None and quote.bid >= best) or (last is not None and last > best)
        )

    def _borders_on(self, last: Decimal) -> bool:
        buy, sell = self.buys.best, self.sells.best
        return (buy is not None and last <= buy) or (sell is not None and last >= sell)


def _rank(entry: tuple[Rank, Ticket]) -> Rank:
    return entry[0]

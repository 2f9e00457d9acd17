"""The walk over a tape: every fact of every account, and the first that breaks an invariant."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from msgspec import Struct
from psycopg import Connection

from adapters.invariants.books import Books
from adapters.tape import Reader
from domain.base import Fact
from domain.money import ZERO

PAGE = 2000
ACCOUNTS = "account-"

#: By number: what must be true.
SAYS = {
    "I-01": "the fills of a position add up to what is held",
    "I-02": "layers add up to the position, and nothing is left of one that is flat",
    "I-03": "equity is what was paid in, what was won and lost, and what was charged",
    "I-04": "realised and unrealised P&L are the same by average and first in first out",
    "I-05": "what is paid in full never overdraws cash",
    "I-06": "a fill never lowers the buying power at its price",
    "I-07": "what is reserved and held as margin is that of working orders and positions",
    "I-08": "no more is on offer than is held, and what is long only is never short",
    "I-09": "an order goes only where it may, and its quantities add up",
    "I-10": "an execution is booked once",
    "I-11": "the fees of an order depend on its turnover alone",
    "I-12": "a fill is within its limit, and within what its evidence shows",
    "I-14": "every posting has its counterpart, in each fact and over all accounts",
    "I-15": "a restated position is the one that the corrected history comes to",
    "I-17": "orders of an account that is no live one go to the paper venue alone",
    "I-18": "while trading is halted no order is accepted, except to reduce",
}


class Invariant(Struct, frozen=True):
    """``broken`` is the first fact that breaks it, None when none does."""

    number: str
    says: str
    broken: str | None = None

    def __str__(self) -> str:
        return f"{self.number} {'ok  ' if self.broken is None else 'FAIL'} {self.says}" + (
            "" if self.broken is None else f": {self.broken}"
        )


class Auditor:
    """Takes in the facts of a tape, in order."""

    def __init__(self) -> None:
        self.checked = 0
        self._books: dict[str, Books] = {}
        self._broken: dict[str, str] = {}

    def take(self, facts: Iterable[Fact]) -> None:
        for fact in facts:
            if not fact.stream.startswith(ACCOUNTS):
                continue
            self.checked += 1
            books = self._books.setdefault(fact.stream, Books())
            try:
                for number, wrong in books.take(fact.event, fact.meta.occurred_at):
                    self._broken.setdefault(number, f"position {fact.position}: {wrong}")
            except (KeyError, ArithmeticError) as error:
                # Facts so wrong that they cannot be reckoned with break the first rule of all.
                self._broken.setdefault("I-01", f"position {fact.position}: {error!r}")

    def verdict(self) -> list[Invariant]:
        """Every invariant, in the order of their numbers."""
        total = sum((sum(books.ledgers.values(), ZERO) for books in self._books.values()), ZERO)
        if total:
            self._broken.setdefault("I-14", f"all ledgers together hold {total:f}")
        return [Invariant(number, says, self._broken.get(number)) for number, says in SAYS.items()]


INVARIANTS = tuple(SAYS)


def audit(
    db: Connection[Any], progress: Callable[[int], None] | None = None
) -> tuple[list[Invariant], int]:
    """All invariants over the whole tape, and how many facts of accounts were looked at."""
    auditor, reader, position = Auditor(), Reader(db), 0
    while facts := reader.facts(position, PAGE):
        auditor.take(facts)
        position = facts[-1].position
        if progress is not None:
            progress(position)
    return auditor.verdict(), auditor.checked

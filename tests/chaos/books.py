"""O5, the books: every sum done again from the payloads alone, with none of the domain's code."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import psycopg

from tests.chaos.evidence import Evidence, Line

ZERO = Decimal(0)
WALLETS = "SELECT account_id::text, cash, reserved FROM rm.wallets"
POSITIONS = "SELECT account_id::text, symbol, product, quantity FROM rm.positions"


class Account:
    """One account as its facts add up."""

    def __init__(self) -> None:
        self.cash = ZERO
        self.reserved: dict[str, Decimal] = {}  # by working order
        self.held: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
        self.wanted: defaultdict[str, Decimal] = defaultdict(Decimal)
        self.filled: defaultdict[str, Decimal] = defaultdict(Decimal)

    def take(self, line: Line) -> Iterator[str]:
        """Book one fact; yields what in it does not add up."""
        fact = line.payload
        yield from self._postings(fact)
        order_id = fact.get("order_id", "")
        match line.type:
            case "OrderPlaced":
                self.wanted[order_id] = Decimal(fact["order"]["quantity"])
            case "OrderAccepted":
                self.reserved[order_id] = Decimal(fact["reserved"])
            case "OrderReplaced":
                self.wanted[order_id] = Decimal(fact["quantity"])
                self.reserved[order_id] = Decimal(fact["reserved"])
            case "OrderFilled":
                yield from self._fill(fact)
            case "OrderCanceled" | "OrderExpired":
                left = self.wanted[order_id] - self.filled[order_id]
                if Decimal(fact["canceled_qty"]) != left:
                    yield f"{fact['canceled_qty']} canceled of the {left} that were left"
                self.reserved.pop(order_id, None)
        yield from self._balance(fact)

    def _postings(self, fact: dict[str, Any]) -> Iterator[str]:
        postings = fact.get("postings", [])
        if (total := sum((Decimal(each["amount"]) for each in postings), ZERO)) != 0:
            yield f"its postings sum to {total}"
        self.cash += sum(
            (Decimal(each["amount"]) for each in postings if each["ledger"] == "cash"), ZERO
        )

    def _fill(self, fact: dict[str, Any]) -> Iterator[str]:
        order_id, quantity = fact["order_id"], Decimal(fact["last_qty"])
        key = fact["symbol"], fact["product"]
        self.filled[order_id] += quantity
        self.held[key] += quantity if fact["side"] == "BUY" else -quantity
        leaves = self.wanted[order_id] - self.filled[order_id]
        self.reserved[order_id] = Decimal(fact["reserved"])
        for name, said, is_so in (
            ("cum_qty", fact["cum_qty"], self.filled[order_id]),
            ("leaves_qty", fact["leaves_qty"], leaves),
            ("position", fact["position"]["quantity"], self.held[key]),
        ):
            if Decimal(said) != is_so:
                yield f"{name} is {is_so}, not {said}"
        if leaves < 0 or self.held[key] < 0:
            yield f"overfilled: {leaves} left, {self.held[key]} held"
        if leaves == 0:
            self.reserved.pop(order_id)

    def _balance(self, fact: dict[str, Any]) -> Iterator[str]:
        balance = fact.get("balance")
        if balance is None:
            return
        reserved = sum(self.reserved.values(), ZERO)
        for name, is_so in (("cash", self.cash), ("reserved", reserved)):
            if Decimal(balance[name]) != is_so:
                yield f"{name} is {is_so}, not {balance[name]}"


def the_books_balance(evidence: Evidence) -> Iterator[str]:
    """Postings sum to zero; cash, reservations and positions are the sums of their parts."""
    accounts: defaultdict[str, Account] = defaultdict(Account)
    for line in evidence.tape:
        if line.stream.startswith("account-"):
            for wrong in accounts[line.stream.removeprefix("account-")].take(line):
                yield f"position {line.position}: {wrong}"
    with psycopg.connect(evidence.database.dsn) as db:
        for account_id, cash, reserved in db.execute(WALLETS).fetchall():
            account = accounts[account_id]
            if (cash, reserved) != (account.cash, sum(account.reserved.values(), ZERO)):
                yield f"wallet of {account_id}: {cash} cash, {reserved} reserved"
        for account_id, symbol, product, quantity in db.execute(POSITIONS).fetchall():
            if quantity != accounts[account_id].held[symbol, product]:
                yield f"position of {account_id}: {quantity} {symbol}"

"""``papertape demo``: a tour for whoever wants to see it work before reading how."""

from __future__ import annotations

import json
import sys
import time
from argparse import Namespace
from collections.abc import Iterator
from contextlib import ExitStack
from decimal import Decimal
from random import Random
from secrets import token_hex
from typing import Any

from rich.console import Console
from rich.table import Table

from adapters import servers
from adapters.settings import Settings
from api.client import Client, Problem
from api.forgery import forge_a_copy
from api.sandbox import own_service, running_service

TRADERS = 3
CAPITAL = "1000000"
SEED = 7
CURVE_WIDTH, CURVE_HEIGHT = 72, 10


def run(settings: Settings, asked: Namespace) -> int:
    """The tour on the service that runs, or on one of our own; 0 if all of it held."""
    out = Console(highlight=False)
    with ExitStack() as stack:
        found = running_service(settings, asked.url)
        if found is None:
            out.print("No service answers: the tour starts one of its own in a temporary folder.")
            found = stack.enter_context(own_service(out.print))
        tour = Tour(Client(found.url), found.settings, out, asked.orders)
        try:
            return tour.walk()
        except (Problem, OSError, LookupError) as error:
            print(f"papertape: the tour ends here: {error}", file=sys.stderr)
            return 1


class Tour:
    def __init__(self, client: Client, settings: Settings, out: Console, orders: int) -> None:
        self._api = client
        self._settings = settings
        self._out = out
        self._orders = orders
        self._dice = Random(SEED)  # noqa: S311 - a tour that can be repeated
        self._head = 0

    def walk(self) -> int:
        out = self._out
        out.rule("1. Who trades what")
        listed = self._listed()
        accounts = [self._open(listed[0]["currency"]) for _ in range(TRADERS)]
        out.print(f"{len(listed)} instruments, {TRADERS} accounts with {CAPITAL} each")
        out.rule("2. A session")
        middle = self._trade(accounts, listed)
        out.rule("3. What came of it")
        for account in accounts:
            self._show(account)
        out.rule(f"4. The same account as of position {middle}, in mid-session")
        self._look_back(accounts[0], middle)
        out.rule("5. Proof")
        return self._prove()

    def _listed(self) -> list[dict[str, Any]]:
        email, password = f"tour-{token_hex(4)}@example.com", token_hex(12)
        person = {"email": email, "password": password}
        self._api.post("/auth/signup", person)
        self._api.sign_in(person)
        names = [one["symbol"] for one in _items(self._api.get("/market/instruments"))]
        wanted = [name for name in names if name in ("SPY", "IBM", "BAC")] or names[:5]
        every = _items(self._api.get("/market/instruments"))
        return [one for one in every if one["symbol"] in wanted]

    def _open(self, currency: str) -> str:
        body = {"kind": "PAPER", "currency": currency, "opening_capital": CAPITAL}
        return str(self._api.post("/accounts", body)["account_id"])

    def _trade(self, accounts: list[str], listed: list[dict[str, Any]]) -> int:
        """Place the orders; returns the position at which half of them were placed."""
        answers: dict[str, int] = {}
        middle = 0
        for number in range(self._orders):
            account, one = self._dice.choice(accounts), self._dice.choice(listed)
            said = self._place(account, one)
            answers[said] = answers.get(said, 0) + 1
            if number == self._orders // 2:
                middle = self._head
            time.sleep(0.15)
        time.sleep(2)
        told = ", ".join(f"{count} {said}" for said, count in sorted(answers.items()))
        self._out.print(f"{self._orders} orders: {told}")
        return middle

    def _place(self, account: str, one: dict[str, Any]) -> str:
        (quote,) = _items(self._api.get(f"/market/quotes?symbols={one['symbol']}"))
        order: dict[str, Any] = {
            "account_id": account,
            "symbol": one["symbol"],
            "side": self._dice.choice(["BUY", "BUY", "SELL"]),
            "quantity": str(self._dice.randint(1, 20) * Decimal(one["qty_step"])),
            "order_type": "MARKET",
        }
        price = quote.get("last") or quote.get("ask")
        if price and self._dice.random() < 0.5:
            order |= {"order_type": "LIMIT", "price": price}
        try:
            self._head = int(self._api.post("/orders", order)["position"])
        except Problem as refusal:
            return refusal.code
        return "accepted"

    def _show(self, account: str) -> None:
        wallet = self._api.get(f"/wallet?account_id={account}", at_least=self._head)
        names = ("cash", "reserved_orders", "available", "equity", "realised_wac", "realised_fifo")
        table = Table(*names, title=f"account {account}", title_justify="left")
        table.add_row(*(wallet[name] for name in names))
        self._out.print(table)
        held = _items(self._api.get(f"/positions?account_id={account}"))
        columns = ("symbol", "quantity", "average_price", "mark", "unrealised", "realised_wac")
        positions = Table(*columns, title="positions", title_justify="left")
        for one in held:
            positions.add_row(*(str(one[name] or "") for name in columns))
        self._out.print(positions)
        points = _items(self._api.get(f"/accounts/{account}/equity?limit=500"))
        curve = [Decimal(point["equity"]) for point in sorted(points, key=lambda p: p["position"])]
        for line in drawn(curve):
            self._out.print(line)

    def _look_back(self, account: str, position: int) -> None:
        then = self._api.get(f"/accounts/{account}?as_of={position}")
        self._out.print_json(json.dumps({"wallet": then["wallet"], "positions": then["positions"]}))

    def _prove(self) -> int:
        with servers.database(self._settings) as database:
            before, forged, after = forge_a_copy(database.admin_dsn)
        self._out.print(f"the tape:     {before}")
        self._out.print(f"a forger adds a digit to what was bought at position {forged} of a copy")
        self._out.print(f"the forgery:  {after}")
        caught = before.sound and after.bad == forged
        self._out.print("[bold]caught[/bold]" if caught else "[bold red]NOT CAUGHT[/bold red]")
        return 0 if caught else 1


def drawn(values: list[Decimal]) -> Iterator[str]:
    """The curve of these values as lines of text, highest first."""
    if len(values) < 2:
        return
    low, high = min(values), max(values)
    span = high - low or Decimal(1)
    step = max(1, -(-len(values) // CURVE_WIDTH))
    shown = values[::step]
    for level in range(CURVE_HEIGHT, -1, -1):
        floor = low + span * level / CURVE_HEIGHT
        dots = "".join("█" if value >= floor else " " for value in shown)
        label = f"{floor:>14.2f}" if level in (0, CURVE_HEIGHT) else " " * 14
        yield f"{label} │{dots}"


def _items(answer: Any) -> list[dict[str, Any]]:
    """The rows of an answer, whether it is a page or a list."""
    return list(answer["items"]) if isinstance(answer, dict) else list(answer)

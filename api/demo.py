"""``papertape demo``: a tour for whoever wants to see it work before reading how."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime
from decimal import Decimal
from random import Random
from secrets import token_hex
from typing import Any

import psycopg
from rich.console import Console, RenderableType
from rich.text import Text

from adapters import servers
from adapters.settings import Settings
from api import terminal
from api.client import Client, Problem
from api.forgery import forge_a_copy
from api.sandbox import own_service, running_service
from api.traders import SHARE, Sight, Trader, cast

CAPITAL = "1000000"
SEED = 7
WANTED = ("SPY", "IBM", "BAC", "RELIANCE", "TCS", "INFY", "BTCINR")
PAUSE_S = 0.5  # between two orders
SETTLE_S = 2.0  # until the market has come to the last of them
POINTS_MAX = 500


def run(settings: Settings, asked: Namespace) -> int:
    """The tour on the service that runs, or on one of our own; 0 if all of it held."""
    out = Console(highlight=False)
    with ExitStack() as stack:
        try:
            found = running_service(settings, asked.url)
            if found is None and asked.url:
                raise OSError(f"nobody answers at {asked.url}")
            if found is None:
                out.print("No service runs here: the tour starts one of its own for a while.")
                found = stack.enter_context(own_service(out.print))
            return Tour(Client(found.url), found.settings, out, asked.orders).walk()
        except (Problem, OSError, LookupError, psycopg.Error, servers.ServerFailed) as error:
            print(f"papertape: the tour ends here: {error}", file=sys.stderr)
            return 1


class Tour:
    def __init__(self, client: Client, settings: Settings, out: Console, orders: int) -> None:
        self._api = client
        self._settings = settings
        self._out = out
        self._orders = orders
        self._dice = Random(SEED)  # noqa: S311 - a tour that can be repeated
        self._traders = cast()
        self._instruments: list[dict[str, Any]] = []
        self._before: dict[str, Decimal] = {}
        self._head = 0

    def walk(self) -> int:
        self._rule("1. Three traders")
        self._begin()
        self._rule("2. A session")
        middle = self._trade()
        self._refusal()
        time.sleep(SETTLE_S)
        self._rule("3. What came of it")
        best = self._standings()
        self._show(best)
        self._rule(f"4. {best.name}'s account as it was at position {middle} of the tape")
        self._look_back(best, middle)
        self._rule("5. Proof")
        return self._prove()

    def _rule(self, title: str) -> None:
        self._out.print()
        self._out.rule(f"[bold]{title}[/bold]", align="left")
        self._out.print()

    def _part(self, part: RenderableType) -> None:
        """Something that an empty line follows."""
        self._out.print(part, soft_wrap=isinstance(part, str))
        self._out.print()

    # ── a session ──────────────────────────────────────────────────────────────

    def _begin(self) -> None:
        """Sign up, open the accounts, and choose a few instruments of one currency."""
        person = {"email": f"tour-{token_hex(4)}@example.com", "password": token_hex(12)}
        self._api.post("/auth/signup", person)
        self._api.sign_in(person)
        every = self._api.get("/market/instruments")["items"]
        listed = [one for one in every if one["symbol"] in WANTED] or every[:5]
        currency = listed[0]["currency"]
        self._instruments = [one for one in listed if one["currency"] == currency]
        for trader in self._traders:
            body = {"kind": "PAPER", "currency": currency, "opening_capital": CAPITAL}
            opened = self._api.post("/accounts", body | {"label": trader.name})
            trader.account_id = opened["account_id"]
            self._out.print(f"{trader.name} {trader.says}.", style="bold")
            self._out.print(f"    account {trader.account_id}", style="dim")
        names = ", ".join(one["symbol"] for one in self._instruments)
        self._out.print(f"\nEach begins with {CAPITAL} {currency} and trades {names}.")

    def _trade(self) -> int:
        """Place the orders; returns the position at which half of them were placed."""
        answers: Counter[str] = Counter()
        middle = self._head
        for number in range(self._orders):
            time.sleep(PAUSE_S)
            trader = self._traders[number % len(self._traders)]
            sight, at = self._look(trader)
            if sight is None:
                answers["held back, nothing quoted"] += 1
                continue
            order = trader.habit(sight, Decimal(CAPITAL) * SHARE, self._dice)
            said = self._place(trader, order)
            answers[said] += 1
            self._tell(at, trader, order, said)
            if number <= self._orders // 2:
                middle = self._head
        told = ", ".join(f"{count} {said}" for said, count in answers.most_common())
        self._out.print(f"\n{self._orders} orders: {told}.")
        return middle

    def _look(self, trader: Trader) -> tuple[Sight | None, str]:
        """One instrument at random, and when in the market's time that was."""
        one = self._dice.choice(self._instruments)
        symbol = one["symbol"]
        (quote,) = self._api.get(f"/market/quotes?symbols={symbol}")["items"]
        if quote["mark"] is None:
            return None, ""
        price = Decimal(quote["last"] or quote["mark"])
        before, self._before[symbol] = self._before.get(symbol, price), price
        positions = self._of(trader, "/positions")
        held = next((row["quantity"] for row in positions if row["symbol"] == symbol), "0")
        return Sight(one, price, before, Decimal(held)), quote["at"][11:19]

    def _place(self, trader: Trader, order: dict[str, str]) -> str:
        try:
            placed = self._api.post("/orders", {"account_id": trader.account_id, **order})
        except Problem as refusal:
            self._head = max(self._head, refusal.position)
            return refusal.code
        self._head = int(placed["position"])
        return "accepted"

    def _tell(self, at: str, trader: Trader, order: dict[str, str], said: str) -> None:
        price = f"at {order['price']}" if "price" in order else "at the market"
        what = f"{order['side']:<4} {order['quantity']:>8} {order['symbol']:<9} {price:<14}"
        line = Text(f"{at}  ", "dim").append(f"{trader.name}  {what} ", "default")
        self._out.print(line.append(said, "green" if said == "accepted" else "yellow"))

    def _refusal(self) -> None:
        """Somebody wants more than there is: the answer is no, and the no is a fact."""
        trader = self._traders[-1]
        order = {"symbol": self._instruments[0]["symbol"], "side": "BUY", "order_type": "MARKET"}
        quantity = self._instruments[0]["max_qty"]
        said = self._place(trader, {**order, "quantity": quantity})
        what = f"{trader.name} asks for {quantity} {order['symbol']}"
        self._out.print(f"{what}: [yellow]{said}[/yellow], which is on the tape as well.")

    # ── what came of it ────────────────────────────────────────────────────────

    def _standings(self) -> Trader:
        """Everybody's money; returns whoever has the most."""
        rows: list[dict[str, Any]] = []
        for trader in self._traders:
            wallet = self._wallet(trader)
            row = {"trader": trader.name, "P&L": str(Decimal(wallet["equity"]) - Decimal(CAPITAL))}
            fills = self._of(trader, f"/fills?limit={POINTS_MAX}")
            rows.append(wallet | row | {"fills": len(fills)})
        names = ("trader", "fills", "cash", "positions_value", "equity", "P&L")
        self._part(terminal.listed("standings", rows, names))
        best = max(rows, key=lambda row: Decimal(row["equity"]))
        return self._traders[rows.index(best)]

    def _show(self, trader: Trader) -> None:
        held = [row for row in self._of(trader, "/positions") if Decimal(row["quantity"])]
        self._out.print(f"[bold]{trader.name}[/bold] {trader.says}.\n")
        self._part(terminal.holdings(held) if held else "Nothing is held.")
        self._part("[bold]equity curve[/bold]")
        points = self._of(trader, f"/accounts/{trader.account_id}/equity?points={POINTS_MAX}")
        curve = [(datetime.fromisoformat(row["ts"]), Decimal(row["equity"])) for row in points]
        curve.append((datetime.now(UTC), Decimal(self._wallet(trader)["equity"])))
        for line in terminal.curve(curve):
            self._out.print(line)

    def _look_back(self, trader: Trader, middle: int) -> None:
        path = f"/accounts/{trader.account_id}?as_of="
        at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        then, now = (self._api.get(f"{path}{moment}") for moment in (middle, at))
        moments = {f"at {middle}": then["wallet"], "now": now["wallet"]}
        self._part(terminal.money(**moments))
        held = terminal.holdings(then["positions"])
        self._part(held if then["positions"] else "Nothing was held.")
        words = f"papertape replay {trader.account_id} --at {middle}"
        self._out.print(f"[dim]{words}[/dim]\nsays the same, from the tape alone.")

    def _prove(self) -> int:
        with servers.database(self._settings) as database:
            before, forged, after = forge_a_copy(database.admin_dsn)
        self._part(f"papertape verify\n[dim]{before}[/dim]")
        self._part(f"A forger adds a digit to what was bought at position {forged} of a copy.")
        self._part(f"papertape verify\n[dim]{after}[/dim]")
        caught = before.sound and after.bad == forged
        self._out.print("[bold green]Caught.[/]" if caught else "[bold red]NOT CAUGHT[/]")
        return 0 if caught else 1

    def _wallet(self, trader: Trader) -> dict[str, Any]:
        path = f"/wallet?account_id={trader.account_id}"
        wallet: dict[str, Any] = self._api.get(path, at_least=self._head)
        return wallet

    def _of(self, trader: Trader, path: str) -> list[dict[str, Any]]:
        """The rows of one account, as of the last order at least."""
        joint = "&" if "?" in path else "?"
        of_account = "" if trader.account_id in path else f"{joint}account_id={trader.account_id}"
        answer = self._api.get(path + of_account, at_least=self._head)
        return list(answer["items"])

"""
The load: traders who never stop wanting something, and ask until they know what became of it.

What each wants is drawn from the seed.  Some hang up before the answer comes, which is what a
network that loses answers looks like from the service.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from decimal import Decimal
from random import Random
from secrets import token_hex
from typing import Any
from uuid import UUID

from msgspec import Struct

from tests.chaos.door import Answer, Door, Lost
from tests.chaos.history import Attempt, History, Kind, Op

API = "/api/v1"
SYMBOLS = ("RELIANCE", "HDFCBANK", "ITC", "SBIN")
READY_S = 90.0
PAUSE_S = (0.05, 0.25)  # before a request is sent again
WEIGHTS: dict[Kind, int] = {
    "place": 300, "cancel": 70, "replace": 50, "deposit": 30, "withdraw": 15, "see": 60,
    "open": 5, "login": 2,
}  # fmt: skip


class Person(Struct):
    """A user; ``secrets`` must never be found in a log or on the tape."""

    email: str
    password: str
    token: str = ""
    secrets: list[tuple[str, str]] = []

    def logged_in(self, answer: dict[str, Any]) -> None:
        self.token = answer["access_token"]
        self.secrets += [("token", self.token), ("refresh token", answer["refresh_token"])]


class Manners(Struct, frozen=True):
    """
    ``keyed`` sends an Idempotency-Key; ``leaving`` is the share of requests whose sender hangs
    up; ``pause_s`` the longest rest between two wishes of one trader, ``patience_s`` how long
    a wish is asked again once the attack is over.
    """

    keyed: bool = True
    leaving: float = 0.02
    pause_s: float = 0.04
    patience_s: float = 90.0


class Trader:
    """One client on one connection; ``market`` is a price in whole rupees by symbol."""

    def __init__(
        self,
        *,
        door: Door,
        person: Person,
        account_id: str,
        market: dict[str, int],
        history: History,
        rng: Random,
        manners: Manners,
    ) -> None:
        self._door, self._person, self._account_id = door, person, account_id
        self._market, self._history = market, history
        self._rng, self._manners = rng, manners
        self._working: list[str] = []  # orders of mine that I have not taken back
        self._told: list[dict[str, Any]] = []  # what I was told, for asking to see it

    async def trade(self, over: asyncio.Event) -> None:
        kinds, weights = list(WEIGHTS), list(WEIGHTS.values())
        while not over.is_set():
            kind = self._rng.choices(kinds, weights)[0]
            op = Op(UUID(int=self._rng.getrandbits(128), version=4), kind, self._wish(kind))
            if op.asked:
                self._history.ops.append(op)
                await self._pursue(op, over)
                self._learn(op)
            await asyncio.sleep(self._rng.uniform(0, self._manners.pause_s))
        await self._door.close()

    # ── what a trader wants ────────────────────────────────────────────────────

    def _wish(self, kind: Kind) -> dict[str, Any]:
        """What to ask for; empty when there is nothing to ask it of."""
        cents = Decimal(self._rng.randrange(1, 1_000_000)) / 100
        match kind:
            case "place":
                return self._ticket()
            case "deposit" | "withdraw":
                return {"account_id": self._account_id, "amount": f"{cents}"}
            case "open":
                return {"kind": "PAPER", "currency": "INR", "opening_capital": f"{cents}"}
            case "login":
                return {"email": self._person.email}
            case "see":
                return self._told.pop() if self._told else {}
            case _ if not self._working:
                return {}
            case "replace":
                order_id = self._rng.choice(self._working)
                return {"order_id": order_id, "quantity": str(self._rng.randrange(1, 40))}
            case "cancel":
                return {"order_id": self._working.pop(self._rng.randrange(len(self._working)))}

    def _ticket(self) -> dict[str, Any]:
        symbol = self._rng.choice(SYMBOLS)
        side = self._rng.choice(("BUY", "BUY", "BUY", "SELL"))
        ticket: dict[str, Any] = {
            "account_id": self._account_id, "symbol": symbol, "side": side,
            "quantity": str(self._rng.randrange(1, 20)), "order_type": "MARKET",
            "tif": self._rng.choice(("DAY", "DAY", "GTC", "IOC")),
        }  # fmt: skip
        far = {"rests": 0.7, "crosses": 1.05, "market": None}
        factor = far[self._rng.choice(("rests", "rests", "crosses", "market"))]
        if factor is not None:
            aside = factor if side == "BUY" else 2 - factor
            ticket |= {"order_type": "LIMIT", "price": str(int(self._market[symbol] * aside))}
        if self._rng.random() < 0.5:
            ticket["client_order_id"] = f"c-{self._rng.getrandbits(80):x}"
        return ticket

    # ── asking until it is known ───────────────────────────────────────────────

    async def _pursue(self, op: Op, over: asyncio.Event) -> None:
        until = None
        while True:
            attempt = Attempt(time.monotonic(), left=self._rng.random() < self._manners.leaving)
            with suppress(Lost):
                answer = await self._send(op, self._rng.uniform(0, 0.02) if attempt.left else None)
                self._take_down(op, attempt, answer)
            attempt.returned = time.monotonic()
            self._history.note(op, attempt)
            if over.is_set():
                until = until or time.monotonic() + self._manners.patience_s
            if attempt.settles or (until is not None and time.monotonic() > until):
                return
            await asyncio.sleep(self._rng.uniform(*PAUSE_S))

    async def _send(self, op: Op, leave_after: float | None) -> Answer:
        method, path, body = self._request(op)
        headers = {"X-Request-ID": str(op.op_id)}
        if op.kind != "login":
            headers["Authorization"] = f"Bearer {self._person.token}"
        if op.kind == "see":
            headers["X-Min-Position"] = str(op.asked["position"])
        elif self._manners.keyed:
            headers["Idempotency-Key"] = str(op.op_id)
        return await self._door.ask(method, API + path, headers, body, leave_after)

    def _request(self, op: Op) -> tuple[str, str, object]:
        asked = op.asked
        match op.kind:
            case "place":
                return "POST", "/orders", asked
            case "open":
                return "POST", "/accounts", asked
            case "deposit" | "withdraw":
                path = f"/accounts/{asked['account_id']}/{op.kind}"
                path += "als" if op.kind == "withdraw" else "s"
                return "POST", path, {"amount": asked["amount"]}
            case "replace":
                return "PATCH", f"/orders/{asked['order_id']}", {"quantity": asked["quantity"]}
            case "cancel":
                return "DELETE", f"/orders/{asked['order_id']}", None
            case "see":
                return "GET", f"/orders/{asked['order_id']}", None
            case "login":
                body = {"email": self._person.email, "password": self._person.password}
                return "POST", "/auth/login", body

    def _take_down(self, op: Op, attempt: Attempt, answer: Answer) -> None:
        attempt.status = answer.status
        attempt.retry_after = answer.headers.get("retry-after")
        attempt.replayed = "idempotency-replayed" in answer.headers
        attempt.position = int(answer.headers.get("x-position", 0)) or None
        if answer.status >= 300:
            attempt.problem = answer.body.decode(errors="replace")
        elif op.kind == "login":
            self._person.logged_in(answer.json())
        if attempt.settles and op.kind != "login":
            op.answer = answer.json()

    def _learn(self, op: Op) -> None:
        if op.settled is None or op.settled.status not in {200, 201} or op.position is None:
            return
        if op.kind == "place":
            self._working.append(op.answer["order_id"])
        if op.kind in {"place", "replace", "cancel"}:
            status = "CANCELED" if op.answer["status"] == "CANCELED" else None
            told = {"order_id": op.answer["order_id"], "position": op.position, "status": status}
            self._told.append(told)


async def ready(door: Door) -> None:
    """Wait until the service can be used."""
    async with asyncio.timeout(READY_S):
        while True:
            with suppress(Lost):
                if (await door.ask("GET", "/readyz", {})).status == 200:
                    return
            await asyncio.sleep(0.05)


async def signed_up(door: Door) -> Person:
    """A new person with a token."""
    person = Person(f"{token_hex(6)}@chaos.example", f"pw {token_hex(16)}")
    person.secrets = [("address", person.email), ("password", person.password)]
    body = {"email": person.email, "password": person.password}
    await asked(door, "POST", "/auth/signup", {}, body)
    person.logged_in(await asked(door, "POST", "/auth/login", {}, body))
    return person


async def opened(door: Door, person: Person) -> str:
    body = {"kind": "PAPER", "currency": "INR", "opening_capital": "100000000"}
    headers = {"Authorization": f"Bearer {person.token}"}
    answer = await asked(door, "POST", "/accounts", headers, body)
    return str(answer["account_id"])


async def prices(door: Door, person: Person) -> dict[str, int]:
    """What each symbol costs now, in whole rupees, once all have been quoted."""
    headers = {"Authorization": f"Bearer {person.token}"}
    while True:
        path = f"/market/quotes?symbols={','.join(SYMBOLS)}"
        quotes = (await asked(door, "GET", path, headers))["items"]
        if all(quote.get("mark") for quote in quotes):
            return {quote["symbol"]: int(Decimal(quote["mark"])) for quote in quotes}
        await asyncio.sleep(0.1)


async def asked(
    door: Door, method: str, path: str, headers: dict[str, str], body: object = None
) -> dict[str, Any]:
    answer = await door.ask(method, API + path, headers, body)
    if answer.status not in {200, 201}:
        raise AssertionError(f"{method} {path}: {answer.status} {answer.body.decode()}")
    found: dict[str, Any] = answer.json()
    return found

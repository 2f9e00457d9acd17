"""A real ``papertape up`` for tests, and people who use it as strangers would."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from secrets import token_hex
from typing import Any

import httpx
import psutil

ROOT = Path(__file__).parents[2]
PASSWORD = "correct horse battery"
#: What of our own environment a service under test may see: nothing that is a setting.
KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV", "COVERAGE_PROCESS_START")


class Service:
    """Where it answers, where it keeps its data, and the words of its command line."""

    def __init__(self, pid: int, url: str, data: Path, env: dict[str, str]) -> None:
        self.pid = pid
        self.url = url
        self.api = f"{url}/api/v1"
        self.data = data
        self.env = env

    def papertape(self, *words: str) -> subprocess.CompletedProcess[str]:
        """``papertape WORD...`` beside the service, by the same environment."""
        return papertape(*words, env=self.env)

    def part(self, word: str) -> psutil.Process:
        """The child of ours with this word in its command line."""
        children = psutil.Process(self.pid).children()
        return next(child for child in children if word in " ".join(child.cmdline()))

    @contextmanager
    def person(self) -> Iterator[Person]:
        """Somebody new, signed in."""
        with httpx.Client(base_url=self.api, timeout=30) as http:
            identity = {"email": f"{token_hex(6)}@example.com", "password": PASSWORD}
            http.post("/auth/signup", json=identity).raise_for_status()
            yield Person(http, identity)

    @contextmanager
    def known(self, email: str, password: str) -> Iterator[Person]:
        """Somebody who has signed up before, signed in."""
        with httpx.Client(base_url=self.api, timeout=30) as http:
            yield Person(http, {"email": email, "password": password})


class Person:
    """A client with a token; answers are JSON of an expected status."""

    def __init__(self, http: httpx.Client, identity: dict[str, str]) -> None:
        self.http = http
        self.position = 0
        self.identity = identity
        self.token: str = self.post("/auth/login", self.identity, 200)["access_token"]
        self.http.headers["Authorization"] = f"Bearer {self.token}"
        self.user_id: str = self.ask("GET", "/auth/me", 200)["user_id"]

    def ask(self, method: str, path: str, status: int, **how: Any) -> Any:
        response = self.http.request(method, path, **how)
        assert response.status_code == status, f"{method} {path}: {response.text}"
        self.position = max(self.position, int(response.headers.get("X-Position", 0)))
        return response.json()

    def get(self, path: str, status: int = 200, **params: object) -> Any:
        """What a query says once it shows all that this person has done."""
        headers = {"X-Min-Position": str(self.position)}
        return self.ask("GET", path, status, params=params, headers=headers)

    def post(self, path: str, body: object, status: int = 201) -> Any:
        return self.ask("POST", path, status, json=body)

    def account(self, capital: str = "1000000") -> str:
        body = {"kind": "PAPER", "currency": "INR", "opening_capital": capital}
        return str(self.post("/accounts", body)["account_id"])

    def order(self, account: str, status: int = 201, **ticket: str) -> Any:
        """Ten RELIANCE at the market, but for what the ticket says otherwise."""
        return self.post("/orders", _ticket(account, ticket), status)

    def resting(self, account: str, **ticket: str) -> Any:
        """An order to buy far below the market, which waits."""
        far = {"order_type": "LIMIT", "price": self.price("0.8"), "tif": "GTC", **ticket}
        return self.post("/orders", _ticket(account, far))

    def price(self, share: str, symbol: str = "RELIANCE") -> str:
        """That share of the last price, on a whole rupee."""
        (quote,) = self.get("/market/quotes", symbols=symbol)["items"]
        return str(int(Decimal(quote["mark"]) * Decimal(share)))

    def filled(self, order_id: str) -> Any:
        """The order, once it has been filled."""
        report = eventually(
            lambda: self.get(f"/orders/{order_id}"), lambda order: order["status"] == "FILLED"
        )
        self.position = max(self.position, report["position"])
        return report


def _ticket(account: str, ticket: dict[str, str]) -> dict[str, str]:
    order = {"symbol": "RELIANCE", "side": "BUY", "quantity": "10", "order_type": "MARKET"}
    return {"account_id": account, **order, **ticket}


def eventually(
    look: Callable[[], Any], enough: Callable[[Any], object], seconds: float = 30
) -> Any:
    """What is seen as soon as it is enough; an assertion fails when it never is."""
    until = time.monotonic() + seconds
    while not enough(seen := look()):
        assert time.monotonic() < until, f"still {seen}"
        time.sleep(0.05)
    return seen


def environment(data: Path, **given: str) -> dict[str, str]:
    """The environment of a machine on which nothing but these settings is set."""
    ours = {name: os.environ[name] for name in KEPT if name in os.environ}
    where = {"PYTHONPATH": str(ROOT), "PAPERTAPE_DATA": str(data), "PAPERTAPE_PORT": "0"}
    # All tests ask from one address, and are quicker than any person.
    return ours | where | {"RATE_LIMIT_SCALE": "0"} | given


def papertape(
    *words: str, env: dict[str, str], cwd: Path | None = None, seconds: float = 120
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "api", *words]
    return subprocess.run(
        command, env=env, cwd=cwd, capture_output=True, text=True, timeout=seconds, check=False
    )


@contextmanager
def running(**given: str) -> Iterator[Service]:
    """A service of one's own in a temporary folder, until the block is left."""
    with tempfile.TemporaryDirectory(prefix="papertape-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # Postgres runs as somebody else where we are root
        with started(folder / "data", **given) as service:
            yield service


@contextmanager
def started(data: Path, **given: str) -> Iterator[Service]:
    """A service on this data folder, which stays."""
    env = environment(data, **given)
    log = data.with_name("log")
    with (
        log.open("ab") as sink,
        subprocess.Popen(
            [sys.executable, "-m", "api", "up"],
            env=env, cwd=data.parent, stdout=subprocess.PIPE, stderr=sink, text=True,
        ) as parent,
    ):  # fmt: skip
        try:
            url = _ready(parent) or _fail(log)
            yield Service(parent.pid, url, data, {**env, "PAPERTAPE_PORT": _port(url)})
        finally:
            parent.terminate()
            parent.wait(90)


def _ready(parent: subprocess.Popen[str]) -> str:
    assert parent.stdout is not None, "it was opened with a pipe"
    for line in parent.stdout:
        if line.startswith("ready "):
            return line.removeprefix("ready ").strip()
    return ""


def _port(url: str) -> str:
    return url.rpartition(":")[2]


def _fail(log: Path) -> str:
    raise AssertionError("the service did not start:\n" + log.read_text())

"""A Postgres that stands still, as on a disk that hangs: everybody is told so, and soon."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import httpx
import psutil

from tests.e2e.api.doorstep import somebody
from tests.e2e.service import Person, Service, eventually, running

#: However it stands with Postgres, everybody has an answer by then; on a busy machine, too.
ANSWERED_S = 12.0
AT_ONCE_S = 4.0


@contextmanager
def frozen(service: Service) -> Iterator[None]:
    """Every process of the service's own Postgres stands still as long as the block lasts."""
    postmaster = service.part("postgres")
    tree = [postmaster, *postmaster.children(recursive=True)]
    for process in tree:
        process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for process in tree:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGCONT)


def timed(ask: Callable[[], httpx.Response]) -> tuple[httpx.Response, float]:
    began = time.monotonic()
    answer = ask()
    return answer, time.monotonic() - began


def asks(service: Service, person: Person, order: str, account: str) -> list[tuple[str, str, Any]]:
    """Taking back, reading, signing in and ordering: what somebody would try first."""
    ticket = {
        "account_id": account, "symbol": "RELIANCE", "side": "BUY", "quantity": "1",
        "order_type": "LIMIT", "price": "1000",
    }  # fmt: skip
    return [
        ("DELETE", f"{service.api}/orders/{order}", {}),
        ("POST", f"{service.api}/orders", {"json": ticket}),
        ("GET", f"{service.api}/orders/{order}", {}),
        ("GET", f"{service.api}/positions?account_id={account}", {}),
        ("GET", f"{service.api}/auth/sessions", {}),
        ("POST", f"{service.api}/auth/login", {"json": person.identity}),
        ("POST", f"{service.api}/auth/login", {"json": somebody()}),
        ("GET", f"{service.url}/readyz", {}),
    ]


def test_a_postgres_that_stands_still_makes_nobody_wait() -> None:
    """
    Reads, cancels and sign-ins are answered 503 with Retry-After; /readyz says so within a
    second; and when Postgres goes on, so does everything.
    """
    with running(FEED_SEED="7") as service, service.person() as person:
        account = person.account()
        order = person.resting(account)["order_id"]
        headers = {"Authorization": f"Bearer {person.token}"}
        wanted = asks(service, person, order, account)

        def answers() -> list[tuple[httpx.Response, float]]:
            with ThreadPoolExecutor(len(wanted)) as at_once:
                return list(at_once.map(lambda one: timed(lambda: send(*one)), wanted))

        def send(method: str, url: str, how: Any) -> httpx.Response:
            return httpx.request(method, url, headers=headers, timeout=60, **how)

        with frozen(service):
            for _ in range(2):
                for (method, url, _), (answer, taken_s) in zip(wanted, answers(), strict=True):
                    assert answer.status_code == 503, f"{method} {url}: {answer.text}"
                    assert int(answer.headers["Retry-After"]) >= 1
                    assert taken_s < (AT_ONCE_S if url.endswith("/readyz") else ANSWERED_S), url
            _, taken_s = timed(lambda: send(*wanted[0]))
            assert taken_s < AT_ONCE_S, "by now it is known"
        eventually(lambda: httpx.get(f"{service.url}/readyz").status_code, lambda s: s == 200)
        assert person.http.delete(f"/orders/{order}").status_code in {200, 409}
        eventually(lambda: person.get(f"/orders/{order}")["status"], lambda s: s == "CANCELED")
        person.post("/auth/login", person.identity, 200)
        assert service.papertape("verify").returncode == 0

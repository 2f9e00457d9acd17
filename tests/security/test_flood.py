"""S02: a flood of people who sign in does not starve those who trade."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from adapters.hashing import STANDS_BACK
from adapters.passwords import AT_ONCE
from tests.e2e.service import Person, Service, running

LOGINS_PER_S = 50
WINDOW_S = 1.5
WINDOWS = 3


@contextmanager
def flood(service: Service) -> Iterator[None]:
    """Attempts of strangers at this rate, most of which are answered in the end."""
    words = (sys.executable, "-m", "tests.security.flooding", service.url, str(LOGINS_PER_S))
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as flooding:
        try:
            time.sleep(0.7)  # until it has begun
            yield
        finally:
            flooding.terminate()
            statuses = json.loads(flooding.communicate()[0])
    assert sum(statuses.values()) > LOGINS_PER_S * WINDOW_S / 2, statuses
    assert {"401"} <= statuses.keys() <= {"401", "503"}, statuses


def orders(person: Person, account: str) -> list[float]:
    """How long each order took, in seconds, for a while."""
    ticket = {
        "account_id": account, "symbol": "RELIANCE", "side": "BUY", "quantity": "1",
        "order_type": "LIMIT", "price": "1000",
    }  # fmt: skip
    taken_s, until = list[float](), time.monotonic() + WINDOW_S
    while time.monotonic() < until:
        began = time.perf_counter()
        answer = person.http.post("/orders", json=ticket)
        taken_s.append(time.perf_counter() - began)
        assert answer.status_code == 201, answer.text
        time.sleep(0.002)
    return taken_s


def hashing(service: Service) -> list[psutil.Process]:
    children = service.part("run serve").children()
    return [child for child in children if "adapters.hashing" in child.cmdline()]


def p99(taken_s: list[float]) -> float:
    return statistics.quantiles(taken_s, n=100)[98]


def test_s02_orders_are_taken_while_fifty_a_second_try_to_sign_in() -> None:
    """
    Passwords are hashed apart, few at once, and every order is taken.

    How quick orders stay is printed (-s), quiet and flooded by turns, and not asserted: that is
    FLOOD of ``make bench``.
    """
    with running(RATE_LIMIT_SCALE="0", FEED_SEED="7") as service, service.person() as person:
        account = person.account("100000000")
        orders(person, account)
        quiet, flooded = list[float](), list[float]()
        for _ in range(WINDOWS):
            quiet.append(p99(orders(person, account)))
            with flood(service):
                flooded.append(p99(orders(person, account)))
        apart = [child.nice() for child in hashing(service)]
        in_ours = [os.getsid(child.pid) == os.getsid(service.pid) for child in hashing(service)]
    usual, worst = statistics.median(quiet), statistics.median(flooded)
    print(f"p99 {usual * 1000:.1f} ms quiet, {worst * 1000:.1f} ms flooded")
    assert apart == [STANDS_BACK] * AT_ONCE, "so many hash at once, and stand back"
    assert not any(in_ours), "or it takes the share of the service"

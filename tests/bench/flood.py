"""FLOOD: how much longer an order takes while strangers try to sign in, fifty times a second."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.bench import history
from tests.bench.budgets import Figure, compared
from tests.bench.doors import CREATED, ORDERS
from tests.bench.load import Plan, applied
from tests.bench.requests import order, post
from tests.bench.running import Running, running, settled
from tests.bench.stage import Stage, in_turn

IDS = ("FLOOD",)
LOGINS_PER_S = 50
ORDERS_PER_S = 200
ACCOUNTS = 100
ROUNDS = 5
SECONDS = 6.0


def measure(stage: Stage, asked: frozenset[str], scale: float = 1.0) -> Iterator[Figure]:
    with stage.database("flood") as database:
        history.write(database, ACCOUNTS)
        with running(stage.data / "flood", database) as service:
            settled(database)
            placing = _placing(service, SECONDS * scale)

            def quiet() -> float:
                return applied(placing).p99_ms

            def flooded() -> float:
                with flood(service):
                    return applied(placing).p99_ms

            quiet()
            yield compared("FLOOD", in_turn(flooded, quiet, ROUNDS))


def _placing(service: Running, seconds: float) -> Plan:
    accounts = [history.account_id(nth) for nth in range(ACCOUNTS)]
    requests = [post(ORDERS, order(each), service.token) for each in accounts]
    return Plan(
        service.port, requests, CREATED, seconds, connections=8, rate=ORDERS_PER_S, warmup=1.0
    )


@contextmanager
def flood(service: Running) -> Iterator[None]:
    """Strangers who try at this rate, each of whom gets an answer: no, or not now."""
    url = f"http://127.0.0.1:{service.port}"
    argv = (sys.executable, "-m", "tests.security.flooding", url, str(LOGINS_PER_S))
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as flooding:
        try:
            time.sleep(1.0)
            yield
        finally:
            flooding.terminate()
            statuses = json.loads(flooding.communicate()[0])
    assert {"401"} <= statuses.keys() <= {"401", "503"}, statuses

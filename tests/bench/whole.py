"""MEM, START: the whole service on a tape of a million facts, when all accounts have been busy."""

from __future__ import annotations

from collections.abc import Iterator

from adapters.postgres import connect
from adapters.projector import install, rebuild
from projections import READ_MODELS
from tests.bench import history
from tests.bench.budgets import Figure, figure
from tests.bench.doors import CREATED, ORDERS
from tests.bench.load import Plan, applied
from tests.bench.requests import order, post
from tests.bench.running import resident_mb, running, settled
from tests.bench.stage import Stage

IDS = ("MEM", "START")
CATCHING_UP_S = 300.0


def measure(stage: Stage, asked: frozenset[str], scale: float = 1.0) -> Iterator[Figure]:
    accounts = stage.million(scale)
    with connect(stage.home.dsn) as db:
        install(db, READ_MODELS)
    rebuild(stage.home.dsn, list(READ_MODELS))
    stage.stop_postgres()
    with running(stage.data) as service:
        if "MEM" in asked:
            ids = [history.account_id(nth) for nth in range(accounts)]
            requests = [post(ORDERS, order(each), service.token) for each in ids]
            applied(Plan(service.port, requests, CREATED, seconds=1.0))
            settled(stage.home, CATCHING_UP_S)  # the relay has a million messages to publish
            yield figure("MEM", sum(resident_mb(service.pid).values()))
    if "START" in asked:
        with running(stage.data) as service:
            yield figure("START", service.started_s)

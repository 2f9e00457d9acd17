"""P2, P3, P7 and the lags: the service under a load that comes from another process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from statistics import median

from adapters.servers import Database
from tests.bench import history, peer
from tests.bench.budgets import Figure, compared
from tests.bench.lag import lags
from tests.bench.load import Plan, applied
from tests.bench.requests import get, order, post
from tests.bench.running import Running, running, settled
from tests.bench.service import EMPTY_POST, SELECT_ONE
from tests.bench.stage import Stage, in_turn

IDS = ("P2", "P3", "P7", "LAG_RM", "LAG_JS")
ACCOUNTS = 1000
ROUNDS = 5
SECONDS, SECONDS_OF_LAG = 3.0, 8.0
CREATED, OK = 201, 200
ORDERS, POSITIONS = "/api/v1/orders", "/api/v1/positions?account_id="


def measure(stage: Stage, asked: frozenset[str], scale: float = 1.0) -> Iterator[Figure]:
    data = stage.data / "service"
    with stage.database("service") as database:
        history.write(database, max(int(ACCOUNTS * scale), 1))
        with running(data, database) as service:
            settled(database)
            doors = Doors(service, database, scale)
            if "P7" in asked:
                yield compared("P7", in_turn(doors.positions, doors.select_one, ROUNDS))
            if asked & {"P2", "P3"}:
                yield from writing(stage, doors, asked)
            if asked & {"LAG_RM", "LAG_JS"}:
                rate = doors.rate or doors.orders()
                plan = doors.placing(SECONDS_OF_LAG * scale)
                plan.rate = rate / 2
                yield from (found for found in lags(data, database, plan) if found.id in asked)


class Doors:
    """What is asked of the service, each as a measurement in requests a second."""

    def __init__(self, service: Running, database: Database, scale: float) -> None:
        self._service = service
        self._database = database
        self.seconds = SECONDS * scale
        self._accounts = [history.account_id(nth) for nth in range(max(int(ACCOUNTS * scale), 1))]
        self.rate = 0.0

    def placing(self, seconds: float) -> Plan:
        return self._posting(ORDERS, seconds)

    def orders(self) -> float:
        """PlaceOrder; what comes after the answer is let come to rest, but not counted."""
        self.rate = applied(self.placing(self.seconds)).rate
        settled(self._database)
        return self.rate

    def empty(self) -> float:
        return applied(self._posting(EMPTY_POST, self.seconds)).rate

    def positions(self) -> float:
        return self._getting([f"{POSITIONS}{account}" for account in self._accounts])

    def select_one(self) -> float:
        return self._getting([SELECT_ONE] * len(self._accounts))

    def _posting(self, path: str, seconds: float) -> Plan:
        token = self._service.token
        requests = [post(path, order(account), token) for account in self._accounts]
        return Plan(self._service.port, requests, CREATED, seconds)

    def _getting(self, paths: list[str]) -> float:
        requests = [get(path, self._service.token) for path in paths]
        return applied(Plan(self._service.port, requests, OK, self.seconds)).rate


def writing(stage: Stage, doors: Doors, asked: frozenset[str]) -> Iterator[Figure]:
    """Orders against nothing at all, and against the seeds' design, in the same rounds."""
    others: dict[str, Callable[[], float]] = {}
    rounds: dict[str, list[tuple[float, float]]] = {}
    with ExitStack() as stack:
        if "P2" in asked:
            others["P2"] = doors.empty
        if "P3" in asked:
            theirs = stack.enter_context(stage.database("peer", migrated=False))
            port, requests = stack.enter_context(peer.serving(theirs, ACCOUNTS))
            others["P3"] = lambda: applied(Plan(port, requests, CREATED, doors.seconds)).rate
        for _ in range(ROUNDS):
            ours = doors.orders()
            for id_, other in others.items():
                rounds.setdefault(id_, []).append((ours, other()))
    doors.rate = median(ours for ours, _ in next(iter(rounds.values())))
    for id_, found in rounds.items():
        yield compared(id_, found)

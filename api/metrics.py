"""Metrics: what Prometheus is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from litestar import Request, Response, get
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from api.auth import PUBLIC
from commands.base import Entry

_DURATIONS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500)


class Tally(Collector):
    """How often something happened, by reason."""

    def __init__(self, name: str, counts: Mapping[str, int]) -> None:
        self._name = name
        self._counts = counts

    def collect(self) -> Iterator[Metric]:
        says = self._name.replace("_", " ")
        family = CounterMetricFamily(f"papertape_{self._name}", says, labels=["reason"])
        for reason, count in sorted(self._counts.items()):
            family.add_metric([reason], count)
        yield family


class Metrics:
    """One registry for one application; ``gauges`` and ``tallies`` are read when asked for."""

    def __init__(
        self,
        gauges: Mapping[str, Callable[[], float]],
        tallies: Mapping[str, Mapping[str, int]],
    ) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "papertape_http_requests", "Requests answered", ["method", "route", "status"],
            registry=self.registry,
        )  # fmt: skip
        self._durations = Histogram(
            "papertape_http_request_duration_seconds", "Time to the end of the answer",
            ["method", "route"], buckets=_DURATIONS_S, registry=self.registry,
        )  # fmt: skip
        self._batches = Histogram(
            "papertape_dispatch_batch_entries", "Commands committed together",
            buckets=_SIZES, registry=self.registry,
        )  # fmt: skip
        self._facts = Counter("papertape_facts", "Facts recorded here", registry=self.registry)
        self._position = Gauge(
            "papertape_tape_position", "Last position recorded here", registry=self.registry
        )
        for name, read in gauges.items():
            gauge = Gauge(f"papertape_{name}", name.replace("_", " "), registry=self.registry)
            gauge.set_function(read)
        for name, counts in tallies.items():
            self.registry.register(Tally(name, counts))
        self._of_route: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def request(self, method: str, route: str, status: int, taken_s: float) -> None:
        kind = (method if method in _METHODS else "OTHER", route, status)
        known = self._of_route.get(kind)
        if known is None:  # labels() is the dear part
            known = self._requests.labels(*kind), self._durations.labels(*kind[:2])
            self._of_route[kind] = known
        requests, durations = known
        requests.inc()
        durations.observe(taken_s)

    def committed(self, news: Sequence[tuple[int, Entry]]) -> None:
        """A follower of dispatch."""
        self._batches.observe(len(news))
        self._facts.inc(sum(len(entry.facts) for _, entry in news))
        first, last = news[-1]
        self._position.set(first + len(last.facts) - 1)


@get("/metrics", opt=PUBLIC, include_in_schema=False)
async def show_metrics(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Metrics in Prometheus' text format."""
    return Response(
        generate_latest(request.app.state["metrics"].registry), media_type=CONTENT_TYPE_LATEST
    )


ROUTES = (show_metrics,)

"""Numbers for Prometheus: requests, by route and status; jobs and the line of those that wait. Knows no route."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bep.lazy_dataclasses import dataclass

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


@dataclass(frozen=True)
class Numbers:
    """What is looked up when somebody asks. `jobs` is how many there are by status."""

    jobs: Mapping[str, int]


class Metrics:
    """Of one application. `look` is asked each time the numbers are."""

    def __init__(self, version: str, look: Callable[[], Numbers]) -> None:
        self._registry = CollectorRegistry(auto_describe=True)
        labels = ("method", "route", "status")
        self._requests = Counter("bep_requests", "Requests answered.", labels, registry=self._registry)
        self._seconds = Histogram(
            "bep_request_seconds", "Until the whole answer was sent.", ("method", "route"),
            buckets=SECONDS, registry=self._registry,
        )  # fmt: skip
        self.under_way = Gauge("bep_requests_under_way", "Requests that are being answered.", registry=self._registry)
        self._faults = Counter("bep_faults", "Requests that ended in a fault of the server.", registry=self._registry)
        Gauge("bep_build_info", "The bep that serves.", ("version",), registry=self._registry).labels(version).set(1)
        self._registry.register(_Looked(look))

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one. `route` is the path as it is written, with names in place of what varies."""
        method = method if method in _METHODS else "other"
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def fault(self) -> None:
        """Count a fault."""
        self._faults.inc()

    def text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        return generate_latest(self._registry)


class _Looked(Collector):
    def __init__(self, look: Callable[[], Numbers]) -> None:
        self._look = look

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterable[Metric]:
        numbers = self._look()
        yield _family("bep_jobs", "Jobs by status.", "status", numbers.jobs)


def _family(name: str, told: str, label: str, counts: Mapping[str, int]) -> Any:
    found = GaugeMetricFamily(name, told, labels=[label])
    for value, count in counts.items():
        found.add_metric([value], count)
    return found


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

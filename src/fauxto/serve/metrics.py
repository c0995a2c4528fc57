"""What Prometheus reads at /metrics: a registry of its own, so that two services in one process do not mix."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

_LATENCY = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics(Collector):
    """Counters of requests and scans; the depth of the queue is asked for when it is read."""

    def __init__(self, depth: Callable[[], int]) -> None:
        self.registry = CollectorRegistry()
        self._depth = depth
        names: Any = {"registry": self.registry}
        self.requests = Counter(
            "fauxto_requests", "Requests by method, route and status.", ["method", "route", "status"], **names
        )
        self.latency = Histogram(
            "fauxto_request_seconds", "Time to answer, by route.", ["route"], buckets=_LATENCY, **names
        )
        self.scans = Counter("fauxto_scans", "Finished scans by outcome.", ["outcome"], **names)
        self.scan_seconds = Histogram("fauxto_scan_seconds", "Time of a scan.", buckets=_LATENCY, **names)
        self.uploaded = Counter("fauxto_uploaded_bytes", "Bytes of pictures that were accepted.", **names)
        self.refused = Counter("fauxto_refused", "Requests refused, by the code of the problem.", ["code"], **names)
        self.worker_deaths = Counter("fauxto_worker_deaths", "Workers that died on a picture.", **names)
        self.deleted = Counter("fauxto_deleted_scans", "Scans deleted because their time was over.", **names)
        self.registry.register(self)

    def collect(self) -> Iterable[Metric]:
        """The gauges that are asked for, not kept."""
        return [GaugeMetricFamily("fauxto_queue", "Scans that are not finished.", self._depth())]

    def describe(self) -> Iterable[Metric]:
        """Nothing in advance: the database is not asked before it is there."""
        return []

    def mean_scan_seconds(self) -> float:
        """The mean time of a scan so far; a tenth of a second before the first."""
        samples = {sample.name: sample.value for metric in self.scan_seconds.collect() for sample in metric.samples}
        count = samples.get("fauxto_scan_seconds_count", 0.0)
        return samples["fauxto_scan_seconds_sum"] / count if count else 0.1

    def text(self) -> bytes:
        """Everything, in the text format of Prometheus."""
        return generate_latest(self.registry)

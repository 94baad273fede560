"""Exports metrics for Prometheus at /metrics: requests, stages, and the live release.

Each app has its own collectors, so that two apps in one process do not count into each other.
"""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from atelier.serving.live import LiveRelease

REQUEST_BUCKETS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
STAGE_BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)


class Metrics:
    """The counters of one app. Observing is safe from any thread."""

    def __init__(self, live: LiveRelease, *others: CollectorRegistry) -> None:
        """`others`: registries whose metrics are shown as well."""
        self._others = others
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._registry.register(_LiveCollector(live))
        self._requests = Counter(
            "atelier_requests_total",
            "Answered requests.",
            ("route", "method", "status"),
            registry=self._registry,
        )
        self._request_seconds = Histogram(
            "atelier_request_seconds",
            "From the first byte of a request to the last byte of its answer.",
            ("route",),
            buckets=REQUEST_BUCKETS,
            registry=self._registry,
        )
        self._stage_seconds = Histogram(
            "atelier_stage_seconds",
            "The stages of a search: wait, decode, embed, search.",
            ("stage",),
            buckets=STAGE_BUCKETS,
            registry=self._registry,
        )

    def observe_request(self, route: str, method: str, status: int, seconds: float) -> None:
        self._requests.labels(route, method, str(status)).inc()
        self._request_seconds.labels(route).observe(seconds)

    def observe_stage(self, stage: str, seconds: float) -> None:
        self._stage_seconds.labels(stage).observe(seconds)

    def render(self) -> bytes:
        """Return the text exposition format."""
        return b"".join(generate_latest(registry) for registry in (self._registry, *self._others))


class _LiveCollector(Collector):
    """Reads the live release when scraped, so that nothing has to be kept in step with it."""

    def __init__(self, live: LiveRelease) -> None:
        self._live = live

    def collect(self) -> Iterator[Metric]:
        state = self._live.state
        info = GaugeMetricFamily(
            "atelier_live_release_info",
            "1 for the release that answers.",
            labels=("release", "data_version"),
        )
        rows = GaugeMetricFamily("atelier_live_release_rows", "Items that can be found.")
        if state.answerer is not None:
            release = state.answerer.release
            info.add_metric((release.release_id, release.data_version), 1)
            rows.add_metric((), len(state.answerer.reader))
        yield info
        yield rows
        yield CounterMetricFamily(
            "atelier_release_loads_total", "Releases loaded and swapped in.", state.num_loads
        )
        yield CounterMetricFamily(
            "atelier_release_load_failures_total",
            "Attempts to load a new release that failed.",
            state.num_failures,
        )
        yield GaugeMetricFamily(
            "atelier_release_is_stale",
            "1 while a newer release should be live but cannot be loaded.",
            float(state.failure is not None),
        )

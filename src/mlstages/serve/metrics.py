"""The gauges and counters of a server, as Prometheus reads them.

Of several workers the numbers are summed: prometheus-client keeps them in files of a folder
that ``PROMETHEUS_MULTIPROC_DIR`` names, which has to be set before this module is imported.
"""

import os
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.process_collector import ProcessCollector

FOLDER_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"

_BUCKETS: Final = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)


class Metrics:
    """What one process counts."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call] # twice as many lines, which nobody plots
        self._registry = CollectorRegistry()
        registry = self._registry
        self._requests = Counter(
            "mlstages_requests", "Requests answered.", ["path", "status"], registry=registry
        )
        self._seconds = Histogram(
            "mlstages_request_seconds",
            "From the headers of a request to its answer.",
            ["path"],
            registry=registry,
            buckets=_BUCKETS,
        )
        self.rows = Counter("mlstages_rows", "Rows predicted for.", registry=registry)
        self.rows_outside = Counter(
            "mlstages_rows_outside", "Rows outside of the training data.", registry=registry
        )
        self.feedback = Counter(
            "mlstages_feedback", "Pieces of feedback acknowledged.", registry=registry
        )
        self.dropped = Counter(
            "mlstages_records_dropped", "Predictions that were not kept.", registry=registry
        )
        self.waiting = Gauge(
            "mlstages_requests_waiting",
            "Requests that are worked on.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self.release = Gauge(
            "mlstages_release",
            "Number of the release that answers; 0 without.",
            registry=registry,
            multiprocess_mode="livemin",
        )
        self.refused = Gauge(
            "mlstages_release_refused",
            "Number of the release that was refused as broken; 0 without.",
            registry=registry,
            multiprocess_mode="livemax",
        )
        self._children: dict[tuple[str, int], tuple[Counter, Histogram]] = {}
        if FOLDER_VARIABLE not in os.environ:
            ProcessCollector(registry=registry)

    def count_request(self, path: str, status: int, seconds: float) -> None:
        """Count a request; a path is one of those that there are, or ``other``."""
        # Looking a child up by its labels takes three times as long as counting.
        key = (path, status)
        children = self._children.get(key)
        if children is None:
            children = (self._requests.labels(path, str(status)), self._seconds.labels(path))
            self._children[key] = children
        children[0].inc()
        children[1].observe(seconds)

    def write(self) -> bytes:
        """Return all numbers as text, those of the other workers with them."""
        if FOLDER_VARIABLE not in os.environ:
            return generate_latest(self._registry)
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call] # it has no types
        return generate_latest(together)

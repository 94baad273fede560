"""Metrics on their way to MLflow: collected in memory, written in batches by a thread of their own."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from atelier.errors import RegistryError

FLUSH_SECONDS = 1.0
MAX_BATCH = 1000
"""MLflow refuses more metrics in one call."""


class MetricBuffer:
    """Takes metrics in microseconds and writes them every second, so that a training loop never waits.

    A batch that cannot be written (a locked database, a server that restarts) stays in memory and is tried
    again; `close` makes the last attempt and raises `RegistryError` where that fails too.
    """

    def __init__(self, client: Any, run_id: str) -> None:
        self._client = client
        self._run_id = run_id
        self._waiting: list[Any] = []
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._flush_regularly, name=f"metrics-{run_id}", daemon=True)
        self._thread.start()

    def add(self, values: Mapping[str, float], step: int) -> None:
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        metrics = [Metric(name, float(value), now, step) for name, value in values.items()]
        with self._lock:
            self._waiting.extend(metrics)

    def flush(self) -> None:
        """Write all that waits, now; RegistryError where it cannot be written."""
        try:
            self._write()
        except Exception as error:
            raise RegistryError(
                f"run {self._run_id}: the last {len(self._waiting)} metrics could not be written: {error}"
            ) from error

    def close(self) -> None:
        """End the thread and write what is left."""
        self._closing.set()
        self._thread.join()
        self.flush()

    def _flush_regularly(self) -> None:
        while not self._closing.wait(FLUSH_SECONDS):
            with suppress(Exception):  # all is still in memory; `close` reports a failure that lasts
                self._write()

    def _write(self) -> None:
        with self._writing:  # a batch that two threads wrote would stand twice
            while batch := self._waiting[:MAX_BATCH]:
                self._client.log_batch(self._run_id, metrics=batch)
                with self._lock:
                    del self._waiting[: len(batch)]

"""Metrics wait for a store that cannot be written, and are reported where they are lost."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import pytest

from atelier.errors import RegistryError
from atelier.registry.buffer import MetricBuffer


class LockedDatabase:
    """An MLflow client whose database is locked for a while, or for good."""

    def __init__(self, failures: float) -> None:
        self.failures = failures
        self.written: list[Any] = []

    def log_batch(self, run_id: str, metrics: Sequence[Any]) -> None:
        if self.failures > 0:
            self.failures -= 1
            raise OSError(f"{run_id}: database is locked")
        self.written.extend(metrics)


def test_metrics_wait_for_a_database_that_is_locked_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("atelier.registry.buffer.FLUSH_SECONDS", 0.01)
    client = LockedDatabase(failures=2)
    buffer = MetricBuffer(client, "run")
    for step in range(5):
        buffer.add({"loss": 1.0}, step)
    deadline = time.monotonic() + 10
    while client.failures and time.monotonic() < deadline:
        time.sleep(0.01)
    buffer.close()
    assert [metric.step for metric in client.written] == [0, 1, 2, 3, 4]


def test_metrics_that_cannot_be_written_at_all_are_reported() -> None:
    buffer = MetricBuffer(LockedDatabase(failures=float("inf")), "run")
    buffer.add({"loss": 1.0}, 0)
    with pytest.raises(RegistryError, match="last 1 metrics could not be written: run: database is locked"):
        buffer.close()

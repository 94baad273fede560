"""One run at a time, and after a gap one run for all that was missed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from prefect.context import FlowRunContext

from atelier.errors import ServiceError
from atelier.services import lock
from atelier.settings import Settings
from flows.single_run import one_run_at_a_time


@contextmanager
def scheduled(monkeypatch: pytest.MonkeyPatch, due: datetime) -> Iterator[None]:
    """As if the schedule had started this run; Prefect's context is where a flow learns that."""
    run: Any = SimpleNamespace(flow_run=SimpleNamespace(auto_scheduled=True, expected_start_time=due))
    with monkeypatch.context() as patch:
        patch.setattr(FlowRunContext, "get", classmethod(lambda _: run))
        yield


def test_a_missed_run_is_covered_by_the_one_that_began_after_it_was_due(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(home=tmp_path)
    now = datetime.now(UTC)
    refusals = []
    for due in (now - timedelta(days=3), now - timedelta(days=2), now - timedelta(days=1)):
        with scheduled(monkeypatch, due), one_run_at_a_time(settings) as slot:
            refusals.append(slot.refused)
    assert refusals[0] is None
    assert all(refused is not None and refused.startswith("covered") for refused in refusals[1:])


def test_the_next_tick_is_not_covered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(home=tmp_path)
    with one_run_at_a_time(settings):
        pass
    with (
        scheduled(monkeypatch, datetime.now(UTC) + timedelta(seconds=1)),
        one_run_at_a_time(settings) as slot,
    ):
        assert slot.refused is None


def test_a_run_that_failed_covers_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings, due = Settings(home=tmp_path), datetime.now(UTC) - timedelta(days=1)
    with pytest.raises(OSError, match="disk"), scheduled(monkeypatch, due), one_run_at_a_time(settings):
        raise OSError("disk")
    with scheduled(monkeypatch, due), one_run_at_a_time(settings) as slot:
        assert slot.refused is None


def test_a_person_always_gets_a_turn_when_nobody_is_at_work(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    for _ in range(2):
        with one_run_at_a_time(settings) as slot:
            assert slot.refused is None


def test_a_held_workspace_refuses_the_schedule_and_stops_a_person(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(home=tmp_path)

    @contextmanager
    def held(*_: Any) -> Iterator[None]:  # What another process would see; the lock itself has its own tests.
        raise ServiceError("somebody has held it")
        yield

    monkeypatch.setattr(lock, "hold", held)
    with scheduled(monkeypatch, datetime.now(UTC)), one_run_at_a_time(settings) as slot:
        assert slot.refused == "somebody has held it"
    with pytest.raises(ServiceError, match="somebody"), one_run_at_a_time(settings):
        pass

"""The schedule is alive: a real server and a real worker start what is due, and a gap leads to one run.

A harmless flow takes the place of the main job; the server, the work pool, the worker, the form of the
deployment and the rule of turns are those of `atelier up` and `prefect.yaml`.
"""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from atelier.services.prefect_api import enter_environment, environment, server
from atelier.services.process import free_port, started
from atelier.services.up import apply_schedule, worker
from atelier.settings import PROJECT_ROOT, Settings

TICK = """
import time
from pathlib import Path
from prefect import flow
from prefect.states import Cancelled
from atelier.settings import Settings
from flows.single_run import one_run_at_a_time

@flow
def tick(home: Path):
    with one_run_at_a_time(Settings(home=home)) as slot:
        if slot.refused:
            return Cancelled(message=slot.refused)
        time.sleep(2)
"""
GAP_PERIOD_SECONDS = 15


def deployment(name: str, pool: str, schedule: dict[str, Any], home: Path) -> dict[str, Any]:
    """The main job's own deployment with another flow, another pool and another schedule."""
    daily, *_ = yaml.safe_load((PROJECT_ROOT / "prefect.yaml").read_text())["deployments"]
    return {
        **daily,
        "name": name,
        "entrypoint": "tick.py:tick",
        "parameters": {"home": str(home)},
        "schedules": [{"timezone": "UTC", "slug": name, "active": True, **schedule}],
        "work_pool": {"name": pool},
    }


@contextmanager
def server_with_schedules(tmp_path: Path, settings: Settings, *deployments: dict[str, Any]) -> Iterator[str]:
    project_dir = tmp_path / "project"
    project_dir.mkdir()
    (project_dir / "tick.py").write_text(TICK)
    (project_dir / "prefect.yaml").write_text(
        yaml.safe_dump({"name": "ticks", "deployments": list(deployments)})
    )
    port = free_port()
    api_url = f"http://127.0.0.1:{port}/api"
    enter_environment(settings, api_url)
    with started(server(settings, port, "--no-ui")):
        apply_schedule(project_dir, sorted({each["work_pool"]["name"] for each in deployments}))
        yield api_url


def runs_of(api_url: str, deployment_name: str) -> list[dict[str, Any]]:
    """Every flow run of a deployment that is or was due, the earliest first."""
    query = {
        "deployments": {"name": {"any_": [deployment_name]}},
        "flow_runs": {"expected_start_time": {"before_": datetime.now(UTC).isoformat()}},
    }
    request = urllib.request.Request(
        f"{api_url}/flow_runs/filter", json.dumps(query).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        runs: list[dict[str, Any]] = json.load(answer)
    return sorted(runs, key=lambda run: str(run["expected_start_time"]))


def wait_for(condition: Any, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.5)
    return True


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_an_every_minute_schedule_starts_in_time_and_a_gap_of_three_ticks_leads_to_one_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(home=tmp_path / "home")
    for name in environment(settings, "to be restored after the test"):
        monkeypatch.setenv(name, "to be overwritten")
    minutely = deployment("minutely", "awake", {"cron": "* * * * *"}, tmp_path / "a")
    gap = deployment("gap", "asleep", {"interval": GAP_PERIOD_SECONDS}, tmp_path / "b")
    with (
        server_with_schedules(tmp_path, settings, minutely, gap) as api_url,
        started(worker(settings, "awake")),
    ):
        assert wait_for(lambda: any(run["start_time"] for run in runs_of(api_url, "minutely")), seconds=90)
        assert wait_for(lambda: len(runs_of(api_url, "gap")) >= 3, 4 * GAP_PERIOD_SECONDS)
        missed = {run["id"] for run in runs_of(api_url, "gap")}

        def ended() -> list[str]:
            """The types of the final states that the missed runs have reached."""
            states = [run["state_type"] for run in runs_of(api_url, "gap") if run["id"] in missed]
            return sorted(state for state in states if state not in {"SCHEDULED", "PENDING", "RUNNING"})

        with started(worker(settings, "asleep")):
            assert wait_for(lambda: len(ended()) == len(missed), seconds=90), runs_of(api_url, "gap")
            assert ended() == ["CANCELLED"] * (len(missed) - 1) + ["COMPLETED"]

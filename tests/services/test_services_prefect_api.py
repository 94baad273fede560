"""Prefect is told where this workspace's API answers, and to report nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from atelier.services.prefect_api import addresses, environment, prefect_api, server, up_lock
from atelier.settings import Settings

API = "http://127.0.0.1:4321/api"


def test_prefect_keeps_its_state_in_the_workspace_and_calls_nobody(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    told = environment(settings, API)
    assert told["PREFECT_API_URL"] == API
    assert Path(told["PREFECT_HOME"]).is_relative_to(tmp_path)
    assert told["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"
    assert told["DO_NOT_TRACK"] == "1"
    assert told["ATELIER_HOME"] == str(tmp_path)


def test_the_server_answers_on_this_machine_alone(tmp_path: Path) -> None:
    service = server(Settings(home=tmp_path), 4321, "--no-ui")
    assert service.health_url == f"{API}/health"
    assert " ".join(service.command).endswith("--host 127.0.0.1 --port 4321 --analytics-off --no-ui")
    assert service.log_path.is_relative_to(tmp_path)


def test_while_atelier_up_runs_its_server_is_used_and_none_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(home=tmp_path)
    for name in environment(settings, API):
        monkeypatch.setenv(name, "before")
    monkeypatch.setenv("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "before")
    assert addresses(settings) == {}
    held = (
        "import sys; from pathlib import Path; from atelier.services import lock\n"
        f"with lock.hold(Path({str(up_lock(settings))!r}), 'atelier up', prefect_api={API!r}):\n"
        "    print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", held]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as up:
        assert up.stdout is not None
        assert up.stdout.readline() == "held\n"
        assert addresses(settings)["prefect_api"] == API
        with prefect_api(settings) as url:
            assert url == API
            assert os.environ["PREFECT_API_URL"] == API
        up.communicate("")
    assert addresses(settings) == {}

"""`atelier up`: all services healthy at the addresses it prints, and none left after Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import psutil
import pytest

from atelier.services.process import answers, free_port
from atelier.telemetry import VARIABLES

ATELIER = str(Path(sys.executable).parent / "atelier")


ODD = "home #1, 50%20 {x} $HOME é"
"""Libraries misread each part of this name; all services work in it."""


def reported_home(pid: int, mlflow: str) -> dict[str, str]:
    """Each process beneath `atelier up`, and MLflow's page, that was not told to be silent -> what it has."""
    children = psutil.Process(pid).children(recursive=True)
    assert {"prefect", "mlflow", "atelier"} <= {
        Path(word).name for each in children for word in each.cmdline()
    }
    loud = {
        f"{' '.join(each.cmdline())[:80]}: {name}": str(each.environ().get(name))
        for each in children
        for name, value in VARIABLES.items()
        if each.environ().get(name) != value
    }
    with urllib.request.urlopen(f"{mlflow}/ajax-api/3.0/mlflow/ui-telemetry") as answer:
        if not json.load(answer)["disable_ui_telemetry"]:
            loud["MLflow's page"] = "is asked to report"
    return loud


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_everything_starts_healthy_and_ends_with_ctrl_c(tmp_path: Path) -> None:
    prefect_port, mlflow_port, serve_port = free_port(), free_port(), free_port()
    command = [ATELIER, "up", "--prefect-port", str(prefect_port), "--mlflow-port", str(mlflow_port)]
    environment = {**os.environ, "ATELIER_HOME": str(tmp_path / ODD), "ATELIER_SERVE_PORT": str(serve_port)}
    environment |= dict.fromkeys(VARIABLES, "")  # a user's shell says nothing about telemetry
    pages = [
        f"http://127.0.0.1:{prefect_port}/api/health",
        f"http://127.0.0.1:{mlflow_port}/health",
        f"http://127.0.0.1:{serve_port}/health/live",
    ]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True, cwd=tmp_path) as up:
        assert up.stderr is not None
        said = ""
        while "All healthy" not in said:
            line = up.stderr.readline()
            assert line, said
            said += line
        assert all(answers(page) for page in pages)
        assert all(page.split("/")[2] in said for page in pages)

        assert reported_home(up.pid, f"http://127.0.0.1:{mlflow_port}") == {}

        second = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert second.returncode == 1
        assert f"port {prefect_port} of 127.0.0.1 is taken" in second.stderr

        up.send_signal(signal.SIGINT)
        said += up.stderr.read()
        assert up.wait(60) == 0, said
    assert not any(answers(page) for page in pages)
    assert [path.name for path in tmp_path.iterdir()] == [ODD]

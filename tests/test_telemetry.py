"""No library reports home: the variables are set wherever Atelier runs, and each library reads them as no."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from atelier.telemetry import VARIABLES, switch_off

ROOT = Path(__file__).parents[1]
SAYS_ITS_ENVIRONMENT = "import json, os; print(json.dumps(dict(os.environ)))"


def run_python(code: str) -> str:
    """Runs code in a process whose environment asks for telemetry; returns the last line it printed."""
    on = dict.fromkeys(VARIABLES, "")
    environment = {**os.environ, **on, "MLFLOW_DISABLE_TELEMETRY": "false", "GX_ANALYTICS_ENABLED": "true"}
    environment.pop("PYTEST_CURRENT_TEST", None)  # MLflow is silent in tests whatever it is told
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1]


@pytest.mark.parametrize(
    "starts",
    [
        "import atelier.cli",
        "import atelier.vocabulary",
        "from atelier.jobs.data.ingest import ingest",
        "import atelier.styling.workers",
    ],
)
def test_whatever_of_ours_is_imported_first_switches_it_off(starts: str) -> None:
    environment = json.loads(run_python(f"{starts}; {SAYS_ITS_ENVIRONMENT}"))
    assert {name: environment.get(name) for name in VARIABLES} == dict(VARIABLES)


def test_a_process_that_we_start_inherits_it() -> None:
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {SAYS_ITS_ENVIRONMENT!r}])"
    environment = json.loads(run_python(f"import atelier; {child}"))
    assert {name: environment.get(name) for name in VARIABLES} == dict(VARIABLES)


@pytest.mark.parametrize(
    ("library", "says"),
    [
        ("mlflow", "from mlflow.environment_variables import MLFLOW_DISABLE_TELEMETRY as v; print(v.get())"),
        (
            "prefect client",
            "from prefect._internal.analytics import enabled as e; e.is_ci_environment = lambda: False;"
            "print(not e.is_telemetry_enabled())",
        ),
        (
            "prefect server",
            "from prefect.settings import get_current_settings as s; s = s();"
            "print(not (s.server.analytics_enabled or s.cloud.enable_orchestration_telemetry"
            " or s.telemetry.enable_resource_metrics))",
        ),
        ("dvc", "from dvc.analytics import is_enabled; print(not is_enabled())"),
        (
            "dvc's sender",
            "from iterative_telemetry import IterativeTelemetryLogger as L;"
            "print(not L('x', '1', enabled=lambda: True).is_enabled())",
        ),
        (
            "hugging face",
            "from huggingface_hub import constants as c; print(c.HF_HUB_DISABLE_TELEMETRY)",
        ),
    ],
)
def test_the_switch_of_each_library_reads_as_off(library: str, says: str) -> None:
    assert run_python(f"import atelier; {says}") == "True", library


def test_images_say_the_same() -> None:
    """For commands in them that are not ours."""
    words = (ROOT / "deploy" / "Containerfile").read_text().split()
    assert [word for name in VARIABLES for word in words if word.startswith(f"{name}=")] == [
        f"{name}={value}" for name, value in VARIABLES.items()
    ]


def test_it_overrides_what_was_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "1")
    switch_off()
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"

"""All that is scheduled, in plain sight: a change of `prefect.yaml` is a change here, in the same commit."""

from __future__ import annotations

import inspect
from importlib import import_module
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
DEPLOYMENTS = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]


def test_this_is_all_that_is_scheduled() -> None:
    assert [
        (
            deployment["name"],
            deployment["entrypoint"],
            deployment["parameters"],
            deployment["schedules"],
            deployment["concurrency_limit"],
            deployment["work_pool"]["name"],
        )
        for deployment in DEPLOYMENTS
    ] == [
        (
            "daily",
            "flows/retrain_daily.py:retrain_daily",
            {"preset": "small"},
            [{"cron": "0 3 * * *", "timezone": "UTC", "slug": "nightly", "active": True}],
            {"limit": 1, "collision_strategy": "CANCEL_NEW", "grace_period_seconds": 60},
            "atelier",
        ),
        (
            "weekly-content",
            "flows/make_content.py:make_channel_content",
            {"channel": "weekly", "rules": "womens-wear", "num": 12},
            [{"cron": "0 6 * * 1", "timezone": "UTC", "slug": "mondays", "active": True}],
            {"limit": 1, "collision_strategy": "CANCEL_NEW", "grace_period_seconds": 60},
            "atelier",
        ),
    ]


def test_every_deployment_names_a_flow_and_parameters_that_it_has() -> None:
    for deployment in DEPLOYMENTS:
        path, name = deployment["entrypoint"].split(":")
        flow = getattr(import_module(path.removesuffix(".py").replace("/", ".")), name)
        assert set(deployment["parameters"]) <= set(inspect.signature(flow.fn).parameters)


def test_no_flow_file_hides_a_library() -> None:
    """Prefect puts a flow's folder first on the import path: `flows/lancedb.py` would hide the real one."""
    for path in (ROOT / "flows").glob("*.py"):
        if path.stem == "__init__":
            continue
        found = import_module(f"flows.{path.stem}")
        assert found.__file__ == str(path)
        try:
            hidden = import_module(path.stem)
        except ModuleNotFoundError:
            continue
        raise AssertionError(f"{path} would hide {hidden.__file__}")

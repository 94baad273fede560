"""Runs: what is logged can be read back, and no end of a process loses one."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from atelier.errors import RegistryError
from atelier.registry.store import Registry


def history(registry: Registry, run_id: str, metric: str) -> list[tuple[int, float]]:
    points = registry.connection.client.get_metric_history(run_id, metric)
    return sorted((point.step, point.value) for point in points)


def test_a_run_keeps_parameters_curves_tags_and_the_commit(registry: Registry) -> None:
    with registry.start_run("train", "keeps-all", {"preset": "debug", "data_version": "d1"}) as run:
        run.params({"seed": 3, "engine": {"learning_rate": 0.1}})
        for step in range(2500):  # more than MLflow takes in one call
            run.metrics({"loss": 1 / (step + 1)}, step)
        run.tag(verdict="promoted")
    stored = registry.connection.client.get_run(run.run_id)
    assert stored.data.params == {"seed": "3", "engine.learning_rate": "0.1"}
    assert len(history(registry, run.run_id, "loss")) == 2500
    assert stored.data.tags["atelier.preset"] == "debug"
    found = registry.find_run("keeps-all")
    assert found is not None
    assert (found.status, found.name, found.family) == ("FINISHED", "train", "retrieval")
    expected = {"preset": "debug", "data_version": "d1", "verdict": "promoted", "key": "keeps-all"}
    assert expected.items() <= found.tags.items()
    assert found.tags["commit"] == "unknown" or len(found.tags["commit"].removesuffix("-dirty")) == 40


def test_pictures_text_json_tables_and_files_are_artifacts(registry: Registry, tmp_path: Path) -> None:
    (tmp_path / "weights.safetensors").write_bytes(b"weights")
    with registry.start_run("train", "artifacts", {}) as run:
        figure = Figure()
        figure.subplots().plot([1, 2, 3])
        run.figure("loss", figure)
        run.text("gate/report.md", "# held")
        run.json("evaluation.json", {"recall": np.float32(0.5), "ranks": np.arange(2)})
        run.table("worst", [{"category": "Ties", "recall": 0.25}, {"category": "Über, all", "recall": 0.5}])
        run.file(tmp_path / "weights.safetensors", "weights")
    found = registry.find_run("artifacts")
    assert found is not None
    assert registry.read(found.run_id, "figures/loss.png").startswith(b"\x89PNG")
    assert registry.read(found.run_id, "gate/report.md") == b"# held"
    assert json.loads(registry.read(found.run_id, "evaluation.json")) == {"recall": 0.5, "ranks": [0, 1]}
    assert (
        registry.read(found.run_id, "tables/worst.csv").decode()
        == 'category,recall\nTies,0.25\n"Über, all",0.5\n'
    )
    assert registry.read(found.run_id, "weights/weights.safetensors") == b"weights"
    with pytest.raises(RegistryError, match=r"no artifact 'evaluation\.csv'"):
        registry.read(found.run_id, "evaluation.csv")


def test_even_a_short_run_has_system_metrics(registry: Registry) -> None:
    with registry.start_run("train", "system", {}):
        pass
    found = registry.find_run("system")
    assert found is not None
    assert 0 < found.metrics["system/system_memory_usage_percentage"] < 100
    assert "system/cpu_utilization_percentage" in found.metrics


def test_a_run_whose_process_was_killed_is_taken_up_again(registry: Registry) -> None:
    client = registry.connection.client
    [killed] = client.search_runs(
        [client.get_experiment_by_name("retrieval").experiment_id], "tags.`atelier.key` = 'key-killed'"
    )
    assert killed.info.status == "RUNNING"
    assert registry.find_run("key-killed") is None
    with registry.start_run("killed", "key-killed", {}) as run:
        run.metrics({"loss": 0.375}, step=7)
        run.metrics({"loss": 0.25}, step=8)
        assert run.history() == {"loss": [(7, 0.375), (8, 0.25)]}
    assert run.run_id == killed.info.run_id
    assert history(registry, run.run_id, "loss") == [(7, 0.375), (7, 0.5), (8, 0.25)]
    found = registry.find_run("key-killed")
    assert found is not None
    assert found.tags["taken_up"] == "1"


def test_a_failure_marks_the_run_with_its_message_and_the_next_attempt_is_a_new_run(
    registry: Registry,
) -> None:
    with pytest.raises(ZeroDivisionError), registry.start_run("train", "fails", {}) as failed:
        failed.metrics({"loss": 1.0}, 0)
        _ = 1 / 0
    stored = registry.connection.client.get_run(failed.run_id)
    assert stored.info.status == "FAILED"
    assert stored.data.tags["atelier.failure"] == "ZeroDivisionError: division by zero"
    assert stored.data.metrics["loss"] == 1.0
    assert registry.find_run("fails") is None
    with registry.start_run("train", "fails", {}) as second:
        pass
    assert second.run_id != failed.run_id


def test_a_run_that_was_stopped_by_hand_goes_on(registry: Registry) -> None:
    with pytest.raises(KeyboardInterrupt), registry.start_run("train", "stopped", {}) as first:
        raise KeyboardInterrupt
    assert registry.connection.client.get_run(first.run_id).info.status == "KILLED"
    with registry.start_run("train", "stopped", {}) as second:
        pass
    assert second.run_id == first.run_id


def test_two_runs_with_one_key_cannot_be_in_progress(registry: Registry) -> None:
    with registry.start_run("train", "alone", {}):
        with pytest.raises(RegistryError, match="in progress already"), registry.start_run("x", "alone", {}):
            pass
        with registry.start_run("train", "another", {}):
            pass
    with registry.start_run("train", "alone", {}):
        pass


def test_a_key_that_would_break_the_search_is_refused(registry: Registry) -> None:
    with pytest.raises(ValueError, match="digest or a plain name"), registry.start_run("train", "a' b", {}):
        pass


def test_logging_a_step_costs_far_less_than_a_step(registry: Registry) -> None:
    with registry.start_run("train", "quick", {}) as run:
        run.metrics({"warm": 0.0}, 0)
        start = time.perf_counter()
        for step in range(1000):
            run.metrics({"loss": 0.1, "accuracy": 0.2, "learning_rate": 0.3}, step)
        seconds_per_step = (time.perf_counter() - start) / 1000
    assert seconds_per_step < 0.001

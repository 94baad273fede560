"""The run on a GPU, on a CPU: the same path with the smallest presets, on an imitation of a bare image."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from atelier.errors import TrainingError
from atelier.families import known_families
from atelier.families.training import training_plan
from atelier.lifecycle import checksums
from atelier.lifecycle.packing import ARRAYS_FOLDER, PACK_FILE, PACK_FORMAT, ArrayWriter

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

from on_gpu_family import missing_library, steps_within  # noqa: E402
from on_gpu_material import MADE_UP, NUM_SHOWINGS, Repeated, material_reader  # noqa: E402
from on_gpu_report import failures_of  # noqa: E402

ABSENT = (
    *("prefect", "mlflow", "lancedb", "lance", "dvc", "great_expectations", "pydantic", "pydantic_settings"),
    *("onnx", "onnxruntime", "onnxscript", "fastapi", "matplotlib", "pandas", "pyarrow", "scipy", "sklearn"),
)
"""Libraries that a bare image lacks."""
SMALL = (
    *("--preset", "debug", "--precision", "no", "--no-compile", "--batch-size", "16"),
    *("--steps", "5", "--warmup", "5", "--peak-tflops", "1"),
)


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the command where none of `ABSENT` can be imported."""
    block = f"import sys\nsys.modules.update(dict.fromkeys({ABSENT!r}))\n"
    (folder / "sitecustomize.py").write_text(block)
    environment = os.environ | {
        "PYTHONPATH": f"{folder}{os.pathsep}{ROOT / 'src'}",
        "OMP_NUM_THREADS": "1",
        "OUT": str(folder / "out"),
    }
    command = [
        sys.executable,
        str(ROOT / "benchmarks" / "on_gpu.py"),
        *SMALL,
        "--steps",
        "5",
        "--warmup",
        "5",
    ]
    return subprocess.run(
        [*command, *options], capture_output=True, text=True, check=False, env=environment, cwd=folder
    )


def write_pack(folder: Path, family: str, preset_name: str, packed_for: str) -> None:
    """Pack made-up material as `atelier pack` packs a workspace's."""
    plan = training_plan(family)
    preset = plan.preset(preset_name)
    (folder / ARRAYS_FOLDER).mkdir(parents=True)
    writer = ArrayWriter(folder / ARRAYS_FOLDER, plan.packable)
    contents = {
        "format": PACK_FORMAT,
        "family": family,
        "preset": asdict(plan.preset(packed_for)),
        "data_version": "made up",
        "material": {
            stage.role: writer.node(MADE_UP[family](preset), stage.role)
            for stage in plan.requested_stages(preset)
        },
    }
    (folder / PACK_FILE).write_text(json.dumps(contents))
    checksums.write_checksums(folder)


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path]:
    """All families: outfit's pack is for another preset, ranking has a good one, the others have none."""
    folder = tmp_path_factory.mktemp("on-gpu")
    write_pack(folder / "packs" / "outfit", "outfit", "debug", packed_for="small")
    write_pack(folder / "packs" / "ranking", "ranking", "debug", packed_for="debug")
    done = run(folder, "--packs", str(folder / "packs"), "--minutes", "4", "--train-minutes", "0.15")
    return done, folder / "out"


@pytest.fixture(scope="module")
def figures(mixed: tuple[subprocess.CompletedProcess[str], Path]) -> dict[str, Any]:
    done, out = mixed
    assert (out / "figures.json").is_file(), done.stdout + done.stderr
    families: dict[str, Any] = json.loads((out / "figures.json").read_text())["families"]
    return families


def test_every_family_is_tried_and_takes_finite_steps_at_the_batch_asked_for(figures: dict[str, Any]) -> None:
    assert sorted(figures) == known_families()
    for name in set(known_families()) - {"outfit"}:
        stages = training_plan(name).requested_stages(training_plan(name).preset("debug"))
        assert list(figures[name]["check"]) == [stage.role for stage in stages]
        for stage in figures[name]["check"].values():
            assert stage["batch_size"] == 16, "material smaller than a batch is repeated"
            assert stage["examples_per_second"] == pytest.approx(16 / (stage["step_ms"] / 1000))
            expected = stage["tflop_per_step"] / (stage["step_ms"] / 1000) / 1.0
            assert stage["flop_utilisation"] == pytest.approx(expected)
            assert 0 <= stage["loader_wait"] < 1
            assert any(name.endswith(".safetensors") for name in stage["files"]), "weights without onnx"
            assert not any(name.endswith(".onnx") for name in stage["files"])


def test_one_familys_failure_is_told_and_stops_no_other(
    mixed: tuple[subprocess.CompletedProcess[str], Path], figures: dict[str, Any]
) -> None:
    done, out = mixed
    assert done.returncode == 1, "a failure is the exit code's too"
    (failure,) = failures_of(figures["outfit"])
    assert "was packed for the preset 'small', not 'debug'" in failure
    assert failure in done.stdout
    assert failure in (out / "report.md").read_text()
    assert [name for name in figures if failures_of(figures[name])] == ["outfit"]


def test_what_has_a_pack_is_trained_within_its_time(figures: dict[str, Any]) -> None:
    assert [name for name in figures if "train" in figures[name]] == ["ranking"]
    trained = figures["ranking"]["train"]["ranker"]
    assert 1 <= trained["steps"] <= trained["planned_steps"]
    assert trained["seconds"] < 30, "of the four minutes it was given 9 s"
    assert 0 <= trained["validation"]["auc_within_users"] <= 1


def test_figures_table_and_pictures_are_left(
    mixed: tuple[subprocess.CompletedProcess[str], Path], figures: dict[str, Any]
) -> None:
    _, out = mixed
    table = (out / "report.md").read_text()
    for name, family in figures.items():
        for role in family.get("check", {}):
            assert f"| {name}/{role} |" in table
            curves = Image.open(out / name / f"{role}-check.png")
            assert len(set(curves.convert("L").tobytes())) > 2, "something is drawn"
    assert (out / "ranking" / "ranker-train.png").is_file()
    assert (out / "ranking" / "ranker" / "ranker.safetensors").is_file()


def test_a_run_in_which_all_went_well_ends_with_zero(tmp_path: Path) -> None:
    done = run(tmp_path, "--families", "ranking", "--minutes", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "None." in (tmp_path / "out" / "report.md").read_text()


def test_time_that_is_over_is_a_failure_of_every_family_left(tmp_path: Path) -> None:
    done = run(tmp_path, "--minutes", "0")
    assert done.returncode == 1
    assert done.stdout.count("check: no time was left") >= len(known_families())


def test_every_family_has_material_without_a_pack() -> None:
    assert sorted(MADE_UP) == known_families()


def test_a_family_without_pack_and_made_up_material_says_how_to_get_one() -> None:
    with pytest.raises(TrainingError, match=r"no pack of caption.*--make-packs DIR"):
        material_reader("caption", None, None)


def test_repeated_examples_are_the_same_rows_again() -> None:
    showings = MADE_UP["ranking"](training_plan("ranking").preset("debug")).parts["train"]
    num = len(showings)
    assert num < NUM_SHOWINGS
    repeated = Repeated.to_fill(showings, 2 * num + 1)
    assert len(repeated) == 3 * num
    batch = repeated.__getitems__([1, num + 1, 2 * num + 1])
    assert batch.set_B.tolist() == [showings.set_N[1]] * 3
    assert repeated.collate(batch) is batch


def test_steps_that_fit_leave_room_for_evaluation_and_files() -> None:
    checked = {"step_ms": 100.0, "evaluate_seconds": 2.0, "first_seconds": 5.0, "write_seconds": 5.0}
    assert steps_within(120, checked) == int(0.9 * (120 - 5 - 5 - 5 * 2) / 0.1)
    assert steps_within(20, checked) == 0
    assert steps_within(-5, checked) < 1


def test_a_missing_library_is_found_behind_the_error_it_led_to() -> None:
    try:
        try:
            import_module("no_such_library.part")
        except ModuleNotFoundError as error:
            raise RuntimeError("cannot export") from error
    except RuntimeError as error:
        assert missing_library(error) == "no_such_library"
    assert missing_library(RuntimeError("another reason")) is None

"""A model trained elsewhere: packed here, trained without MLflow and its kin, taken in by digest.

One pack and one training serve all tests of this file: making them takes most of their time.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from atelier.errors import DigestError, TrainingError, VersionError
from atelier.families.retrieval.training import Material
from atelier.jobs.data.ingest import ingest
from atelier.jobs.detection.family import DETECTION
from atelier.jobs.retrieval.family import RETRIEVAL
from atelier.jobs.retrieval.material import load_material
from atelier.lifecycle import checksums
from atelier.lifecycle.adopt import Adopted, adopt
from atelier.lifecycle.context import current_version
from atelier.lifecycle.gate import gate
from atelier.lifecycle.pack import Packed, pack
from atelier.lifecycle.packing import read_pack
from atelier.lifecycle.register import Registered, register
from atelier.lifecycle.runs import train_stage
from atelier.lifecycle.train_pack import CurveFile, curves_in, train_pack
from atelier.registry.store import open_registry
from atelier.settings import Settings
from atelier.simulate.drop import simulate

NUM_ITEMS = 200
ABSENT = (
    *("mlflow", "prefect", "lancedb", "lance", "dvc", "great_expectations", "fastapi", "typer", "pandas"),
    *("pyarrow", "pydantic", "pydantic_settings", "matplotlib", "sqlalchemy"),
)
"""What a bare GPU machine does not have."""


@dataclass(frozen=True)
class Elsewhere:
    """A workspace, its pack, and what another machine made of it."""

    settings: Settings
    packed: Packed
    pack_dir: Path
    trained_dir: Path
    digest: str


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Elsewhere:
    folder = tmp_path_factory.mktemp("elsewhere")
    settings = Settings(home=folder / "home")
    simulate(folder / "drop", NUM_ITEMS, seed=3, progress=False)
    ingest(settings, folder / "drop", progress=False)
    packed = pack(settings, RETRIEVAL, folder / "pack", "debug", progress=False)
    program = (
        f"import sys; sys.modules.update(dict.fromkeys({ABSENT})); "
        f"from atelier.lifecycle.train_pack import main; sys.exit(main())"
    )
    arguments = [str(folder / "pack"), "--preset", "debug", "--output", str(folder / "trained")]
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    digest = done.stdout.splitlines()[-1]
    return Elsewhere(settings, packed, folder / "pack", folder / "trained", digest)


@pytest.fixture(scope="module")
def adopted(elsewhere: Elsewhere) -> Adopted:
    return adopt(elsewhere.settings, RETRIEVAL, elsewhere.trained_dir, elsewhere.digest)


@pytest.fixture(scope="module")
def candidate(elsewhere: Elsewhere, adopted: Adopted) -> Registered:
    return register(elsewhere.settings, RETRIEVAL, adopted.preset, adopted.runs, progress=False)


def test_a_bare_machine_prints_the_digest_that_sha256sum_would(elsewhere: Elsewhere) -> None:
    assert elsewhere.digest == hashlib.sha256((elsewhere.trained_dir / "files.json").read_bytes()).hexdigest()
    assert not list(elsewhere.trained_dir.parent.glob(".trained*")), "nothing is left of the work"


def test_a_pack_holds_what_the_workspace_trains_on(elsewhere: Elsewhere) -> None:
    here = load_material(
        elsewhere.settings, RETRIEVAL.preset("debug").teacher, current_version(elsewhere.settings), False
    )
    there: Material = read_pack(elsewhere.pack_dir).material("teacher")
    assert np.array_equal(here.products.frames_N4FF, there.products.frames_N4FF)
    assert here.products.labels.categories == there.products.labels.categories
    assert np.array_equal(here.products.labels.cluster_N, there.products.labels.cluster_N)
    assert here.streets_M3HW.equal(there.streets_M3HW)
    assert here.validation.queries.keys() == there.validation.queries.keys()
    assert len(here.validation.queries) > 0, "this world has validation searches"
    for kind, pictures in here.validation.queries.items():
        assert np.array_equal(pictures, there.validation.queries[kind])
    assert not list(elsewhere.pack_dir.rglob("*.pkl"))


def test_arrays_that_stages_share_are_packed_once(elsewhere: Elsewhere) -> None:
    assert list(elsewhere.pack_dir.rglob("*frames_N4FF.npy")) == [
        elsewhere.pack_dir / "arrays" / "facts.products.frames_N4FF.npy"
    ]


def test_elsewhere_the_very_teacher_is_trained_that_would_be_trained_here(elsewhere: Elsewhere) -> None:
    settings = elsewhere.settings
    facts = train_stage(settings, RETRIEVAL, "debug", "facts", {}, progress=False)
    here = train_stage(settings, RETRIEVAL, "debug", "teacher", {"facts": facts}, progress=False)
    kept = json.loads(open_registry(elsewhere.settings).read(here.run_id, "weights.json"))
    there = elsewhere.trained_dir / "teacher" / "weights" / "teacher.safetensors"
    assert kept["teacher.safetensors"] == hashlib.sha256(there.read_bytes()).hexdigest()


def test_an_adopted_model_has_finished_runs_with_curves_figures_and_files(
    elsewhere: Elsewhere, adopted: Adopted
) -> None:
    registry = open_registry(elsewhere.settings)
    for outcome in adopted.runs.values():
        run = registry.find_run(outcome.key)
        assert run is not None
        assert run.status == "FINISHED"
        assert run.tags["adopted"] == elsewhere.digest
        assert run.tags["data_version"] == elsewhere.packed.data_version
        assert {"train/loss", "images_per_second", "tflops_per_second"} <= run.metrics.keys()
        assert 0 < run.metrics["flop_utilisation"] < 1
        assert registry.read(outcome.run_id, "figures/loss_curves.png").startswith(b"\x89PNG")
        assert "validation/category_accuracy" in run.metrics


def test_an_adopted_student_is_examined_judged_and_promoted_as_any_other(
    elsewhere: Elsewhere, adopted: Adopted, candidate: Registered
) -> None:
    assert candidate.metrics["teacher/recall_at_1"] >= 0
    version = open_registry(elsewhere.settings).version("retrieval", "candidate")
    assert version is not None
    assert version.version == candidate.model_version
    assert version.tags["student"] == adopted.runs["student"].run_id
    assert gate(elsewhere.settings, RETRIEVAL, adopted.preset, candidate, progress=False).promoted


def test_adopting_again_finds_the_runs_and_the_candidate(
    elsewhere: Elsewhere, adopted: Adopted, candidate: Registered
) -> None:
    again = adopt(elsewhere.settings, RETRIEVAL, elsewhere.trained_dir, elsewhere.digest)
    assert [run.reused for run in again.runs.values()] == [True] * 3
    assert again.runs["student"].run_id == adopted.runs["student"].run_id
    registered = register(elsewhere.settings, RETRIEVAL, again.preset, again.runs, progress=False)
    assert registered.reused
    assert registered.model_version == candidate.model_version


def test_a_model_of_another_family_is_refused(elsewhere: Elsewhere) -> None:
    with pytest.raises(TrainingError, match=r"of family 'retrieval', format 2 .expected 'detection'"):
        adopt(elsewhere.settings, DETECTION, elsewhere.trained_dir, elsewhere.digest)


def copy_of(elsewhere: Elsewhere, tmp_path: Path) -> Path:
    return Path(shutil.copytree(elsewhere.trained_dir, tmp_path / "copy"))


def test_what_is_not_the_model_of_the_digest_registers_nothing(elsewhere: Elsewhere, tmp_path: Path) -> None:
    home = Settings(home=tmp_path / "home")
    with pytest.raises(DigestError, match=r"expected the digest 0{64}, found " + elsewhere.digest):
        adopt(home, RETRIEVAL, elsewhere.trained_dir, "0" * 64)
    with pytest.raises(DigestError, match="add --digest"):
        adopt(home, RETRIEVAL, elsewhere.trained_dir, None)
    copy_dir = copy_of(elsewhere, tmp_path)
    onnx_path = copy_dir / "student" / "weights" / "student.onnx"
    data = onnx_path.read_bytes()
    onnx_path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(
        DigestError, match=r"copy: student/weights/student\.onnx is not the file that was made"
    ):
        adopt(home, RETRIEVAL, copy_dir, elsewhere.digest)
    onnx_path.unlink()
    with pytest.raises(DigestError, match=r"student/weights/student\.onnx is missing"):
        adopt(home, RETRIEVAL, copy_dir, elsewhere.digest)
    onnx_path.write_bytes(data)
    (copy_dir / "extra.json").write_text("{}")
    with pytest.raises(DigestError, match=r"extra\.json was added"):
        adopt(home, RETRIEVAL, copy_dir, elsewhere.digest)
    (copy_dir / "extra.json").unlink()
    (copy_dir / "link.json").symlink_to(copy_dir / "metrics.json")
    with pytest.raises(DigestError, match=r"link\.json is a link"):
        adopt(home, RETRIEVAL, copy_dir, elsewhere.digest)
    assert not home.home.exists(), "nothing was recorded"


def test_a_model_of_unknown_data_registers_nothing(elsewhere: Elsewhere, tmp_path: Path) -> None:
    stranger = Settings(home=tmp_path / "stranger")
    version = elsewhere.packed.data_version[:12]
    with pytest.raises(VersionError, match=rf"data version {version}, which this workspace never accepted"):
        adopt(stranger, RETRIEVAL, elsewhere.trained_dir, elsewhere.digest)
    assert not stranger.home.exists()


def test_a_sealed_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(TrainingError, match=r"has no training\.json"):
        adopt(
            Settings(home=tmp_path / "home"),
            RETRIEVAL,
            tmp_path / "empty",
            checksums.write_checksums(tmp_path / "empty"),
        )
    (tmp_path / "empty" / "code.py").write_text("")
    with pytest.raises(TrainingError, match=r"holds code\.py"):
        adopt(
            Settings(home=tmp_path / "home"),
            RETRIEVAL,
            tmp_path / "empty",
            checksums.write_checksums(tmp_path / "empty"),
        )


def test_a_pack_is_trained_with_its_own_preset_and_unchanged(elsewhere: Elsewhere, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="packed for the preset 'debug', not 'small'"):
        train_pack(elsewhere.pack_dir, "small", tmp_path / "out", progress=False)
    with pytest.raises(TrainingError, match="exists already"):
        train_pack(elsewhere.pack_dir, "debug", tmp_path, progress=False)
    copy_dir = Path(shutil.copytree(elsewhere.pack_dir, tmp_path / "pack"))
    facts_path = copy_dir / "pack.json"
    facts_path.write_text(facts_path.read_text().replace('"dimension": 32', '"dimension": 48'))
    with pytest.raises(DigestError, match=r"pack\.json is not the file that was made"):
        train_pack(copy_dir, "debug", tmp_path / "out", progress=False)
    checksums.write_checksums(copy_dir)
    with pytest.raises(TrainingError, match="preset 'debug' differs from this one"):
        train_pack(copy_dir, "debug", tmp_path / "out", progress=False)


def test_packing_over_something_or_without_data_is_refused(elsewhere: Elsewhere, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="exists already"):
        pack(elsewhere.settings, RETRIEVAL, tmp_path, "debug", progress=False)
    with pytest.raises(VersionError, match="atelier ingest DIR"):
        pack(Settings(home=tmp_path), RETRIEVAL, tmp_path / "pack", "debug", progress=False)


def test_of_a_step_that_was_told_twice_the_later_value_counts(tmp_path: Path) -> None:
    tracker = CurveFile(tmp_path / "curves.jsonl")
    for step, loss in ((1, 3.0), (2, 2.5), (2, 2.0), (3, 1.0)):
        tracker.metrics({"train/loss": loss}, step)
    assert curves_in(tracker.path) == {"train/loss": [(1, 3.0), (2, 2.0), (3, 1.0)]}


@pytest.mark.slow
def test_retrain_takes_a_model_trained_elsewhere_by_digest(elsewhere: Elsewhere, tmp_path: Path) -> None:
    shutil.copytree(elsewhere.settings.home, tmp_path / "home", ignore=shutil.ignore_patterns("mlruns"))
    command = [sys.executable, "-m", "atelier.cli", "retrain", "--json"]
    command += ["--adopt", str(elsewhere.trained_dir), "--digest", elsewhere.digest]
    done = subprocess.run(
        command,
        env={**os.environ, "ATELIER_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["preset"] == "debug"
    assert summary["promoted"]
    assert (tmp_path / "home" / "releases" / summary["release_id"]).is_dir()
    assert summary["steps"]["retrieval"]["runs"]["student"]["metrics"]["flops_per_example"] > 0

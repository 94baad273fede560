"""A model trained elsewhere is taken in by digest, and then examined and judged as any other."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from packed_world import Elsewhere
from shared_worlds import moved_copy

from atelier.errors import DigestError, TrainingError, VersionError
from atelier.jobs.detection.family import DETECTION
from atelier.jobs.retrieval.family import RETRIEVAL
from atelier.lifecycle import checksums
from atelier.lifecycle.adopt import Adopted, adopt
from atelier.lifecycle.gate import gate
from atelier.lifecycle.register import Registered, register
from atelier.registry.store import open_registry
from atelier.settings import Settings


@pytest.fixture(scope="module")
def elsewhere(packed_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Elsewhere:
    """The shared one; its workspace is a copy, which takes the model in."""
    shared = Elsewhere.at(packed_dir)
    home = moved_copy(shared.settings.home, tmp_path_factory.mktemp("elsewhere") / "home")
    return replace(shared, settings=Settings(home=home))


@pytest.fixture(scope="module")
def adopted(elsewhere: Elsewhere) -> Adopted:
    return adopt(elsewhere.settings, RETRIEVAL, elsewhere.trained_dir, elsewhere.digest)


@pytest.fixture(scope="module")
def candidate(elsewhere: Elsewhere, adopted: Adopted) -> Registered:
    return register(elsewhere.settings, RETRIEVAL, adopted.preset, adopted.runs, progress=False)


def test_an_adopted_model_has_finished_runs_with_curves_figures_and_files(
    elsewhere: Elsewhere, adopted: Adopted
) -> None:
    registry = open_registry(elsewhere.settings)
    for outcome in adopted.runs.values():
        run = registry.find_run(outcome.key)
        assert run is not None
        assert run.status == "FINISHED"
        assert run.tags["adopted"] == elsewhere.digest
        assert run.tags["data_version"] == elsewhere.data_version
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
    version = elsewhere.data_version[:12]
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

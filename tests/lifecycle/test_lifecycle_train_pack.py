"""A pack is trained without MLflow and its kin, to the very weights that would be trained here."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest
from packed_world import Elsewhere

from atelier.errors import DigestError, TrainingError
from atelier.jobs.retrieval.family import RETRIEVAL
from atelier.lifecycle import checksums
from atelier.lifecycle.runs import train_family
from atelier.lifecycle.train_pack import CurveFile, curves_in, train_pack
from atelier.registry.store import open_registry
from atelier.settings import Settings


@pytest.fixture(scope="module")
def elsewhere(packed_dir: Path) -> Elsewhere:
    return Elsewhere.at(packed_dir)


def test_a_bare_machine_prints_the_digest_that_sha256sum_would(elsewhere: Elsewhere) -> None:
    assert elsewhere.digest == hashlib.sha256((elsewhere.trained_dir / "files.json").read_bytes()).hexdigest()
    assert not list(elsewhere.trained_dir.parent.glob(".trained*")), "nothing is left of the work"


def test_elsewhere_the_very_teacher_is_trained_that_would_be_trained_here(
    elsewhere: Elsewhere, trained_home: Path
) -> None:
    settings = Settings(home=trained_home)
    here = train_family(settings, RETRIEVAL, "debug", progress=False)["teacher"]
    assert here.reused
    kept = json.loads(open_registry(settings).read(here.run_id, "weights.json"))
    there = elsewhere.trained_dir / "teacher" / "weights" / "teacher.safetensors"
    assert kept["teacher.safetensors"] == hashlib.sha256(there.read_bytes()).hexdigest()


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


def test_of_a_step_that_was_told_twice_the_later_value_counts(tmp_path: Path) -> None:
    tracker = CurveFile(tmp_path / "curves.jsonl")
    for step, loss in ((1, 3.0), (2, 2.5), (2, 2.0), (3, 1.0)):
        tracker.metrics({"train/loss": loss}, step)
    assert curves_in(tracker.path) == {"train/loss": [(1, 3.0), (2, 2.0), (3, 1.0)]}

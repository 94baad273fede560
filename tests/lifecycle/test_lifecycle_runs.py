"""Runs of a stage: found again by all that they depend on, and their weights checked."""

from __future__ import annotations

from pathlib import Path

import pytest
from shared_worlds import moved_copy

from atelier.errors import DigestError, TrainingError, VersionError
from atelier.jobs.retrieval.family import RETRIEVAL
from atelier.lifecycle.runs import read_weights, train_family
from atelier.registry.store import open_registry
from atelier.settings import Settings


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, trained_home: Path) -> Settings:
    return Settings(home=moved_copy(trained_home, tmp_path_factory.mktemp("copy") / "home"))


def test_weights_that_changed_after_training_are_refused(settings: Settings, tmp_path: Path) -> None:
    (stored,) = (settings.home / "mlruns").rglob("weights/student.onnx")
    student = train_family(settings, RETRIEVAL, "debug", progress=False)["student"]
    original = stored.read_bytes()
    stored.write_bytes(original[:-1] + bytes([original[-1] ^ 1]))
    with pytest.raises(DigestError, match=r"student\.onnx is not the file that was trained"):
        read_weights(open_registry(settings), student, tmp_path)


def test_training_without_data_or_with_an_unknown_preset_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(VersionError, match="atelier ingest DIR"):
        train_family(Settings(home=tmp_path), RETRIEVAL, "debug", progress=False)
    with pytest.raises(TrainingError, match="known presets: debug, demo, small, base"):
        train_family(Settings(home=tmp_path), RETRIEVAL, "enormous", progress=False)

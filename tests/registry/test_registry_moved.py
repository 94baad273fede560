"""A workspace that is moved or copied takes its runs and models with it."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from atelier.registry.models import ModelVersion
from atelier.registry.moved import made_elsewhere, mend_moved_store
from atelier.registry.store import Registry, open_registry
from atelier.settings import Settings

ODD = "moved #1, 50%20 [é] $HOME {home} %(x)s"


def in_the_database(settings: Settings, text: str) -> bool:
    with closing(sqlite3.connect(settings.home / "mlruns" / "mlflow.db")) as connection:
        return text in "\n".join(connection.iterdump())


def test_a_copy_of_a_store_reads_its_own_files(
    settings: Settings, register: Callable[..., ModelVersion], tmp_path: Path
) -> None:
    registered = register("moving")
    there = Settings(home=tmp_path / ODD)
    shutil.copytree(settings.home, there.home)
    assert made_elsewhere(there) == settings.mlflow_artifacts
    moved = open_registry(there)
    version = moved.version("moving", registered.version)
    assert version is not None
    assert version.location.startswith(there.mlflow_artifacts)
    fetched = moved.fetch(version, tmp_path / "fetched")
    assert (fetched / "student.onnx").is_file()
    assert not in_the_database(there, str(settings.home))
    assert in_the_database(settings, str(settings.home)), "the original is as it was"

    with moved.start_run("train", "one-more", {}) as tracker:
        tracker.text("note.txt", "written in the new place")
    assert moved.read(tracker.run_id, "note.txt") == b"written in the new place"
    assert list(there.home.rglob("note.txt"))
    assert made_elsewhere(there) is None
    assert not mend_moved_store(there)


def test_addresses_as_they_were_before_are_mended_too(
    settings: Settings, registry: Registry, tmp_path: Path
) -> None:
    """Stores of before had plain paths in folders of any name."""
    assert registry
    there = Settings(home=tmp_path / ODD)
    shutil.copytree(settings.home / "mlruns", there.home / "mlruns")
    old = Settings(home=tmp_path / "old #1")
    with closing(sqlite3.connect(there.home / "mlruns" / "mlflow.db")) as connection, connection:
        plain = str(old.home / "mlruns" / "artifacts")
        connection.execute("UPDATE experiments SET artifact_location = ? || '/' || experiment_id", (plain,))
    assert mend_moved_store(there)
    assert not in_the_database(there, str(old.home))


def test_a_store_elsewhere_is_not_touched(settings: Settings, registry: Registry, tmp_path: Path) -> None:
    assert registry
    other = Settings(home=tmp_path, tracking_uri=settings.mlflow_uri, artifact_root=settings.mlflow_artifacts)
    assert made_elsewhere(other) is None
    assert not mend_moved_store(Settings(home=tmp_path / "empty"))

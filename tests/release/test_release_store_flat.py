"""A release of before there were blobs: plain names, no sizes, files of its own. It is still a release."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from damage import overwrite
from release_world import go_live, root_of, stage_again, stage_release, student_of

from atelier.errors import DigestError
from atelier.release.manifest import ModelFiles, Release
from atelier.release.retention import collect
from atelier.release.store import (
    damaged_files,
    diff,
    folder_of,
    list_releases,
    live,
    promote,
    require_file,
    rollback,
    show,
)
from atelier.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, keep_releases=2)


def as_it_was(settings: Settings, release: Release) -> Release:
    """Rewrite a staged release as it was written before: copies beside the manifest, which has no sizes."""
    root = root_of(settings, release)
    for name in release.files:
        data = (root / name).read_bytes()
        (root / name).unlink()
        (root / name).write_bytes(data)
    values = json.loads((root / "manifest.json").read_text())
    del values["sizes"]
    (root / "manifest.json").write_text(json.dumps(values, indent=2, sort_keys=True) + "\n")
    shutil.rmtree(settings.releases_dir / "blobs")
    return show(settings, release.release_id)


@pytest.fixture
def old(settings: Settings) -> Release:
    return promote(settings, as_it_was(settings, stage_release(settings, "old", folder="")).release_id)


def test_it_is_read_and_its_families_share_its_folder(settings: Settings, old: Release) -> None:
    assert live(settings) == old
    assert (old.is_flat, sorted(old.files), dict(old.sizes)) == (True, ["contract.json", "student.onnx"], {})
    assert (
        folder_of(settings, old, "retrieval") == root_of(settings, old) == folder_of(settings, old, "index")
    )
    assert old.files_of("retrieval") == old.files
    path = require_file(settings, old, "retrieval", "student.onnx")
    assert path == root_of(settings, old) / "student.onnx"
    overwrite(path)
    with pytest.raises(DigestError, match=r"student\.onnx: the manifest"):
        require_file(settings, old, "retrieval", "student.onnx")


def test_it_is_read_whole_whenever_it_goes_live(settings: Settings, old: Release) -> None:
    newer = go_live(settings, "new")
    assert not newer.is_flat
    assert rollback(settings) == old
    assert promote(settings, newer.release_id) == newer
    overwrite(student_of(settings, old))
    assert damaged_files(settings, old, trusted=old.files.values()) == ["student.onnx"]


def test_a_successor_of_it_keeps_its_names_and_is_made_of_blobs(settings: Settings, old: Release) -> None:
    successor = promote(settings, stage_again(settings, old).release_id)
    assert (successor.is_flat, successor.files) == (True, old.files)
    assert student_of(settings, successor).samefile(
        settings.releases_dir / "blobs" / old.files["student.onnx"]
    )
    assert not student_of(settings, successor).samefile(student_of(settings, old)), "it shares no damage"
    assert damaged_files(settings, successor, trusted=successor.files.values()) == []


def test_it_is_compared_with_and_collected_like_any_other(settings: Settings, old: Release) -> None:
    newer = go_live(settings, "new", num_items=9)
    changes = {change.what: (change.before[:4], change.after[:4]) for change in diff(settings, old, newer)}
    assert changes["file student.onnx"] == (old.files["student.onnx"][:4], "-")
    go_live(settings, "newer")
    assert collect(settings).releases == (old.release_id,)
    assert old.release_id not in {release.release_id for release in list_releases(settings)}
    for release in list_releases(settings):
        assert damaged_files(settings, release) == []


def test_a_folder_of_each_family_and_one_for_what_they_share(settings: Settings, old: Release) -> None:
    files = {
        "retrieval/contract.json": "1" * 64,
        "outfit/contract.json": "2" * 64,
        "outfit/rules/womens-wear.yaml": "3" * 64,
        "index/searcher.faiss": "5" * 64,
    }
    models = {name: ModelFiles(name, 1, "") for name in ("retrieval", "outfit")}
    flat = Release(
        "r1", "", "", models, old.index, old.verification, {"rules/womens-wear.yaml": "3" * 64, "a": "4" * 64}
    )
    new = Release("r2", "", "", models, old.index, old.verification, files)
    assert new.files_of("outfit") == {"contract.json": "2" * 64, "rules/womens-wear.yaml": "3" * 64}
    assert new.files_of("index") == {"searcher.faiss": "5" * 64}
    assert new.files_of("detection") == {}, "it has none"
    assert flat.files_of("outfit") == flat.files == flat.files_of("index")
    assert folder_of(settings, new, "index") == settings.releases_dir / "r2" / "index"

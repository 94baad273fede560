"""A release costs what is new in it: files of an earlier one are linked, and read again only with reason."""

from __future__ import annotations

import hashlib
import os
import threading
from io import BufferedReader
from pathlib import Path
from typing import Any

import pytest
from damage import overwrite, rot
from release_world import go_live, make_index, root_of, stage_again, stage_release, student_of

from atelier.errors import DigestError, ReleaseError
from atelier.release.manifest import ModelFiles
from atelier.release.store import (
    damaged_files,
    list_releases,
    live,
    promote,
    publishing,
    require_whole,
    rollback,
    stage,
)
from atelier.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that were read to hash them."""
    names: list[str] = []
    digest = hashlib.file_digest

    def spy(file: BufferedReader, name: str) -> Any:
        names.append(Path(file.name).name)
        return digest(file, name)

    monkeypatch.setattr(hashlib, "file_digest", spy)
    return names


def test_files_of_an_earlier_release_are_linked_and_never_read(settings: Settings, hashed: list[str]) -> None:
    first = go_live(settings, "one")
    hashed.clear()
    again = promote(settings, stage_again(settings, first).release_id)
    assert again.release_id != first.release_id
    assert (again.files, again.sizes) == (first.files, first.sizes)
    assert student_of(settings, again).samefile(student_of(settings, first))
    assert hashed == []


def test_a_model_that_comes_again_from_elsewhere_is_read_and_not_written(settings: Settings) -> None:
    first = go_live(settings, "one", num_items=8)
    second = go_live(settings, "one", num_items=9)
    assert student_of(settings, second).samefile(student_of(settings, first))
    assert student_of(settings, first).stat().st_nlink == 3


def test_promoting_reads_what_the_live_release_does_not_have(settings: Settings, hashed: list[str]) -> None:
    first = go_live(settings, "one")
    (settings.home / "extra").write_bytes(b"extra")
    root = root_of(settings, first)
    staged = stage(
        settings,
        data_version="d",
        models=first.models,
        index=first.index,
        verification=first.verification,
        files={name: root / name for name in first.files} | {"retrieval/extra": settings.home / "extra"},
    )
    hashed.clear()
    promote(settings, staged.release_id)
    assert hashed == ["extra"]
    rot(root_of(settings, staged) / "retrieval" / "extra")
    rollback(settings)
    with pytest.raises(ReleaseError, match=r"retrieval/extra: the manifest"):
        promote(settings, staged.release_id)


def test_a_promotion_notices_a_write_to_what_the_live_release_has_too(settings: Settings) -> None:
    first = go_live(settings, "one")
    again = stage_again(settings, first)
    overwrite(student_of(settings, first))
    with pytest.raises(ReleaseError, match=r"student\.onnx: the manifest"):
        promote(settings, again.release_id)
    assert live(settings) == first


def test_a_release_lost_behind_a_broken_live_one_is_read_whole_before_it_goes_live(
    settings: Settings, hashed: list[str]
) -> None:
    first, second = go_live(settings, "one"), go_live(settings, "two")
    (root_of(settings, second) / "manifest.json").write_text("{}")
    hashed.clear()
    assert rollback(settings, first.release_id) == first
    assert sorted(hashed) == ["contract.json", "student.onnx"]


@pytest.mark.parametrize("damage", [overwrite, rot])
def test_reading_a_release_finds_all_damage_and_a_look_only_what_was_written(
    settings: Settings, damage: Any
) -> None:
    release = go_live(settings, "one")
    damage(student_of(settings, release))
    assert damaged_files(settings, release) == ["retrieval/student.onnx"]
    by_a_look = damaged_files(settings, release, trusted=release.files.values())
    assert by_a_look == (["retrieval/student.onnx"] if damage is overwrite else [])
    with pytest.raises(DigestError, match=r"retrieval/student\.onnx.*`atelier publish`"):
        require_whole(settings, release)


def test_a_written_file_of_an_earlier_release_is_never_staged(settings: Settings) -> None:
    first = go_live(settings, "one")
    overwrite(student_of(settings, first))
    with pytest.raises(ReleaseError, match=r"student\.onnx: its release's manifest expects sha256"):
        stage_again(settings, first)
    student_of(settings, first).unlink()
    with pytest.raises(FileNotFoundError):
        stage_again(settings, first)
    assert list_releases(settings) == [first]


@pytest.mark.parametrize("damage", [overwrite, rot])
def test_publishing_the_content_again_mends_every_release_that_has_it(
    settings: Settings, damage: Any
) -> None:
    first = go_live(settings, "one")
    other = promote(settings, stage_again(settings, first).release_id)
    damage(student_of(settings, first))
    assert damaged_files(settings, other) == ["retrieval/student.onnx"], "a link shares the damage"
    newer = go_live(settings, "one", num_items=9)
    for release in (first, other, newer):
        assert damaged_files(settings, release) == []
        assert student_of(settings, release).stat().st_nlink == 4
    assert list(settings.releases_dir.rglob(".staging-*")) == []


def test_without_hard_links_every_release_has_copies_and_all_else_is_the_same(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, hashed: list[str]
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", refused)
    first = go_live(settings, "one")
    hashed.clear()
    again = promote(settings, stage_again(settings, first).release_id)
    assert hashed == [], "copies are hashed while they are made"
    assert not student_of(settings, again).samefile(student_of(settings, first))
    overwrite(student_of(settings, again))
    assert damaged_files(settings, again) == ["retrieval/student.onnx"]
    assert damaged_files(settings, first) == []
    assert rollback(settings) == first


def test_a_file_that_was_replaced_on_disk_is_read_again(settings: Settings, hashed: list[str]) -> None:
    """A backup that was played back has files of the same content and of another time."""
    first = go_live(settings, "one")
    data = student_of(settings, first).read_bytes()
    student_of(settings, first).unlink()
    student_of(settings, first).write_bytes(data)
    hashed.clear()
    stage_again(settings, first)
    assert "student.onnx" in hashed


@pytest.mark.parametrize("name", ["../outside", "retrieval/../../outside", "/etc/outside", "manifest.json"])
def test_no_file_of_a_release_lies_outside_of_it(settings: Settings, name: str) -> None:
    index, verification = make_index(settings, "one")
    (settings.home / "weights").write_text("w")
    with pytest.raises(ValueError, match="expected a path inside the release"):
        stage(
            settings,
            data_version="d",
            models={"retrieval": ModelFiles("retrieval", 1, "e" * 64)},
            index=index,
            verification=verification,
            files={name: settings.home / "weights"},
        )
    assert list_releases(settings) == []


def test_a_thread_enters_again_and_another_waits(settings: Settings) -> None:
    entered = threading.Event()

    def enter() -> None:
        with publishing(settings):
            entered.set()

    other = threading.Thread(target=enter)
    with publishing(settings):
        with publishing(settings):
            stage_release(settings, "one")
        other.start()
        assert not entered.wait(0.3), "leaving the inner one frees nothing"
    assert entered.wait(30)
    other.join()
